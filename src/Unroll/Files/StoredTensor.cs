using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Unroll.Files;

/// <summary>A tensor as a file holds it: a name, an element type, a shape and its bytes, little-endian, last dimension innermost.</summary>
public sealed class StoredTensor
{
    private readonly long[] _shape;
    private readonly byte[] _bytes;

    internal StoredTensor(string name, DataType type, long[] shape, byte[] bytes)
    {
        (Name, Type, _shape, _bytes) = (name, type, shape, bytes);
    }

    /// <summary>The name, unique in its file.</summary>
    public string Name { get; }

    /// <summary>The element type.</summary>
    public DataType Type { get; }

    /// <summary>The sizes, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape => _shape;

    /// <summary>The number of elements.</summary>
    public int Count => _bytes.Length / DataTypes.BytesOf(Type);

    /// <summary>The elements as they lie in the file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The element type and shape as a person reads them: <c>F32 [128, 64]</c>.</summary>
    public override string ToString() => $"{DataTypes.NameOf(Type)} [{string.Join(", ", _shape)}]";

    /// <summary>The elements as single-precision numbers, converted from any floating-point type of 16, 32 or 64 bits.</summary>
    /// <exception cref="BadInputException">The tensor holds integers or 8-bit numbers.</exception>
    public float[] ToSingles()
    {
        var values = new float[Count];
        CopyTo(values);
        return values;
    }

    /// <summary>Copies the elements as single-precision numbers, converted from any floating-point type of 16, 32 or 64 bits.</summary>
    /// <exception cref="BadInputException">The tensor holds integers or 8-bit numbers.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void CopyTo(Span<float> destination)
    {
        if (destination.Length != Count)
            throw new ArgumentException($"The tensor '{Name}' has {Count} elements; the destination has {destination.Length}.", nameof(destination));
        ReadOnlySpan<byte> bytes = _bytes;
        switch (Type)
        {
            case DataType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case DataType.F64:
                for (int i = 0; i < destination.Length; i++) destination[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
                break;
            case DataType.F16:
                for (int i = 0; i < destination.Length; i++) destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                break;
            case DataType.BF16:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16);
                break;
            default:
                throw new BadInputException($"The tensor '{Name}' holds {DataTypes.NameOf(Type)}; weights are F32, F16, BF16 or F64.");
        }
    }

    /// <summary>The elements as they are, seen as numbers of one type.</summary>
    /// <exception cref="BadInputException">The tensor holds another type than <paramref name="expected"/>.</exception>
    internal ReadOnlySpan<T> As<T>(DataType expected) where T : unmanaged
    {
        if (Type != expected)
            throw new BadInputException($"The tensor '{Name}' holds {DataTypes.NameOf(Type)}; expected {DataTypes.NameOf(expected)}.");
        return MemoryMarshal.Cast<byte, T>(_bytes);
    }
}
