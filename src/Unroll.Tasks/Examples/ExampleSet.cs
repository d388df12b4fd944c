using System.Security.Cryptography;

namespace Unroll.Tasks.Examples;

/// <summary>A finite number of examples that are all there, turned into what a network reads.</summary>
internal abstract class ExampleSet
{
    /// <summary>How many there are.</summary>
    public abstract int Count { get; }

    /// <summary>A digest of them all, by which a resumed run knows them again.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>Time steps of an example: those of about the same number stand together in a batch.</summary>
    public abstract int LengthOf(int number);

    /// <summary>What an example counts for: the answers that are asked for in it, over which the loss is a mean.</summary>
    public abstract int JudgedOf(int number);

    /// <summary>The digest of numbers.</summary>
    protected static string FingerprintOf(params ReadOnlySpan<int[]> lists)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (int[] list in lists)
        {
            digest.AppendData(BitConverter.GetBytes(list.Length));
            digest.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(list));
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset())[..32];
    }
}
