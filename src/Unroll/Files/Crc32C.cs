using System.Buffers.Binary;
using System.Numerics;

namespace Unroll.Files;

/// <summary>The Castagnoli cyclic redundancy check (CRC-32C), and its masked form in TensorFlow's record files.</summary>
internal static class Crc32C
{
    /// <summary>The checksum of a run of bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte last in bytes) crc = BitOperations.Crc32C(crc, last);
        return ~crc;
    }

    /// <summary>The checksum rotated and offset, so that the checksum of data that holds checksums stays sound.</summary>
    public static uint Masked(ReadOnlySpan<byte> bytes) => BitOperations.RotateRight(Of(bytes), 15) + 0xA282EAD8;
}
