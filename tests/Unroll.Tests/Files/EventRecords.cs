using System.Buffers.Binary;

namespace Unroll.Tests.Files;

/// <summary>Reads TensorBoard's event files the textbook way.</summary>
internal static class EventRecords
{
    /// <summary>The content of a field of a message in the protocol-buffer encoding.</summary>
    public static byte[] Field(byte[] message, int number)
    {
        for (int at = 0; at < message.Length;)
        {
            int key = (int)Varint(), length = (key & 7) switch { 0 => -1, 1 => 8, 5 => 4, _ => (int)Varint() };
            if (length < 0)
            {
                Varint();
                continue;
            }
            if (key >> 3 == number) return message[at..(at + length)];
            at += length;

            ulong Varint()
            {
                ulong result = 0;
                for (int shift = 0; ; shift += 7)
                {
                    result |= (ulong)(message[at] & 127) << shift;
                    if (message[at++] < 128) return result;
                }
            }
        }
        throw new ArgumentException($"no field {number}");
    }

    /// <summary>Splits a TFRecord file and checks both checksums of every record with the textbook algorithm, bit by bit.</summary>
    public static List<byte[]> Records(byte[] file)
    {
        var records = new List<byte[]>();
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Assert.Equal(Masked(file.AsSpan(at + 12, length)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            records.Add(file[(at + 12)..(at + 12 + length)]);
            at += length + 16;
        }
        return records;

        static uint Masked(ReadOnlySpan<byte> bytes)
        {
            uint crc = uint.MaxValue;
            foreach (byte b in bytes)
            {
                crc ^= b;
                for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
            }
            crc = ~crc;
            return (crc >> 15 | crc << 17) + 0xA282EAD8;
        }
    }
}
