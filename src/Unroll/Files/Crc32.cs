namespace Unroll.Files;

/// <summary>The cyclic redundancy check of zip archives (CRC-32 of IEEE 802.3); that of TensorFlow's records is <see cref="Crc32C"/>, for which machines have an instruction.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(static first =>
    {
        uint crc = (uint)first;
        for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        return crc;
    })];

    /// <summary>The checksum of a run of bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte next in bytes) crc = crc >> 8 ^ Table[(byte)(crc ^ next)];
        return ~crc;
    }
}
