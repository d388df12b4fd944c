using System.Buffers.Binary;
using System.IO.Compression;

namespace Unroll.Tasks.Pixels;

/// <summary>Reads idx files of unsigned bytes, the format that MNIST came in, as they are or compressed by gzip: two zero bytes, the type (8), the number of dimensions, each
/// dimension as four bytes big-endian, then the values.</summary>
internal static class IdxFile
{
    /// <summary>Gzip makes at most this many bytes out of one.</summary>
    private const long MostOfGzip = 1032;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dimensions">How many it must have.</param>
    /// <returns>The size of each dimension, 1 or more, and the values, row-major.</returns>
    /// <exception cref="BadInputException">The file cannot be read or is not of the format; nothing larger than the file's content is allocated.</exception>
    public static (int[] Sizes, byte[] Values) Read(string path, int dimensions)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            Span<byte> header = new byte[4 + 4 * dimensions];
            bool isGzip = file.ReadAtLeast(header[..2], 2, throwOnEndOfStream: false) == 2 && header[0] == 0x1f && header[1] == 0x8b;
            file.Position = 0;
            using Stream content = isGzip ? new GZipStream(file, CompressionMode.Decompress) : file;
            int read = content.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            uint magic = read < 4 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(header), expected = 0x800 + (uint)dimensions;
            if (read >= 4 && magic != expected) throw new BadInputException(
                $"{path}: the magic number is 0x{magic:x8}; expected 0x{expected:x8}, an idx file of unsigned bytes in {dimensions} {(dimensions == 1 ? "dimension (labels)" : "dimensions (images)")}.");
            if (read < header.Length) throw new BadInputException($"{path}: {read} bytes; an idx header of {dimensions} dimensions has {header.Length}.");
            var sizes = new int[dimensions];
            long values = 1;
            for (int i = 0; i < dimensions; i++)
            {
                uint size = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + 4 * i)..]);
                if (size is 0 or > int.MaxValue) throw new BadInputException($"{path}: dimension {i + 1} is {size} in the header; expected 1 or more.");
                sizes[i] = (int)size;
                // Beyond what an array can hold, more does not matter.
                values = Math.Min(values * size, long.MaxValue / int.MaxValue);
            }
            string promised = $"{path}: the header promises {string.Join(" × ", sizes)} = {values:N0} bytes";
            long room = isGzip ? MostOfGzip * file.Length : file.Length - header.Length;
            if (values > Array.MaxLength || values > room) throw new BadInputException($"{promised}, the file {(isGzip ? "cannot hold" : "has only")} {(isGzip ? "as many" : $"{room:N0}")}; it is cut off or damaged.");
            // Grows with what there really is.
            var bytes = new MemoryStream();
            var chunk = new byte[1 << 16];
            for (int count = 1; count > 0 && bytes.Length < values;)
            {
                count = content.Read(chunk, 0, (int)Math.Min(chunk.Length, values - bytes.Length));
                bytes.Write(chunk, 0, count);
            }
            if (bytes.Length < values) throw new BadInputException($"{promised}, the file has only {bytes.Length:N0}; it is cut off or damaged.");
            if (content.ReadByte() >= 0) throw new BadInputException($"{promised}, the file has more; it is damaged.");
            return (sizes, bytes.ToArray());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new BadInputException($"{path}: cannot be read: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
