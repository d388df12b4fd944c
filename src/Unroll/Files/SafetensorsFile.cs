using System.Buffers.Binary;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text;
using Unroll.Tensors;

namespace Unroll.Files;

/// <summary>A safetensors file in memory: named tensors and string metadata. Reading executes nothing, checks every rule of the format and never
/// allocates more than the file's own size; saving replaces the file as a whole or not at all, and the same content gives the same bytes.</summary>
/// <example><code>
/// var file = new SafetensorsFile();
/// file.Add("weight", values, [2, 3]);
/// file.Save("weights.safetensors");
/// float[] weight = SafetensorsFile.Read("weights.safetensors")["weight"].ToSingles();
/// </code></example>
public sealed class SafetensorsFile
{
    /// <summary>The largest header the format allows.</summary>
    public const int MaximumHeaderBytes = 100_000_000;

    /// <summary>The metadata entry that holds the checksum of a file written by Unroll.</summary>
    internal const string ChecksumKey = "unroll.checksum";

    private const string ChecksumPrefix = "xxh64:";
    private const int ChecksumDigits = 16;
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private readonly List<StoredTensor> _order = [];

    /// <summary>The metadata: text by key.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The tensors, in the order of the file or of adding.</summary>
    public IReadOnlyList<StoredTensor> Tensors => _order;

    /// <summary>Whether the file held a checksum of Unroll's when it was read; it was then right, or reading would have failed.</summary>
    public bool WasChecked { get; private init; }

    /// <summary>The tensor with a name.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public StoredTensor this[string name] =>
        Find(name) ?? throw new BadInputException($"The file has no tensor {OneLine.Quote(name)}; it has {_tensors.Count} others.");

    /// <summary>The tensor with a name, or null.</summary>
    public StoredTensor? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Adds single-precision numbers.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the shape's count is not the number of values.</exception>
    public void Add(string name, ReadOnlySpan<float> values, Shape shape) =>
        Add(name, DataType.F32, Array.ConvertAll(shape.ToArray(), size => (long)size), MemoryMarshal.AsBytes(values));

    /// <summary>Adds elements of any type from their bytes, little-endian, last dimension innermost.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the bytes do not fill the shape.</exception>
    public void Add(string name, DataType type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name == SafetensorsHeader.MetadataName) throw new ArgumentException($"'{name}' is the metadata's name and no tensor can have it.", nameof(name));
        long count = 1;
        bool sound = true;
        foreach (long size in shape) (count, sound) = (checked(count * size), sound & size >= 0);
        if (!sound || count * DataTypes.BytesOf(type) != bytes.Length)
            throw new ArgumentException($"The tensor '{name}' of shape [{string.Join(", ", shape.ToArray())}] has {count} elements; found {bytes.Length} bytes.", nameof(bytes));
        Add(new StoredTensor(name, type, shape.ToArray(), bytes.ToArray()));
    }

    private void Add(StoredTensor tensor)
    {
        if (!_tensors.TryAdd(tensor.Name, tensor)) throw new ArgumentException($"There is already a tensor '{tensor.Name}'.");
        _order.Add(tensor);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="BadInputException">There is no such file, it cannot be read, it breaks a rule of the format, or its checksum is wrong.</exception>
    public static SafetensorsFile Read(string path) => Open(path, Read);

    /// <summary>Maps a file into memory: its header is read and checked, a tensor's numbers only when they are asked for. For files of which a part is wanted, or that are larger than memory. The file
    /// must stay as it is meanwhile; a checksum is not looked at.</summary>
    /// <exception cref="BadInputException">There is no such file, it cannot be read, or it breaks a rule of the format.</exception>
    public static SafetensorsFile Map(string path) => Open(path, Map);

    private static SafetensorsFile Open(string path, Func<string, FileStream, SafetensorsFile> read)
    {
        ArgumentNullException.ThrowIfNull(path);
        RequireLittleEndian();
        if (Directory.Exists(path)) throw new BadInputException($"{path} is a folder; name a file in it.");
        try
        {
            using FileStream stream = Open(path);
            if (!stream.CanSeek) throw new BadInputException($"{path} is a stream; save it to a file first.");
            return read(path, stream);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"There is no file {path}. Check the path.", exception);
        }
        catch (EndOfStreamException exception)
        {
            throw new BadInputException($"{path} became shorter while it was read. Read it again when it is complete.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read {path}: {OneLine.Of(exception)}.", exception);
        }
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (ArgumentException exception)
        {
            throw new BadInputException($"{OneLine.Quote(path)} is no path of a file ({OneLine.Of(exception)}).", exception);
        }
    }

    /// <summary>The header, and the bytes it and its length are made of.</summary>
    private static (SafetensorsHeader Header, byte[] Size, byte[] Json) ReadHeader(string path, FileStream stream)
    {
        long length = stream.Length;
        if (length < 8) throw new BadInputException($"{path} has {length} bytes; a safetensors file has at least 8. Fetch or save it again.");
        var sizeBytes = new byte[8];
        stream.ReadExactly(sizeBytes);
        ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(sizeBytes);
        if (headerBytes > MaximumHeaderBytes || headerBytes > (ulong)(length - 8))
            throw new BadInputException(
                $"{path} is not a safetensors file, or is cut short: its first 8 bytes promise a header of {headerBytes} bytes in a file of {length} (at most {MaximumHeaderBytes}).");
        var json = new byte[headerBytes];
        stream.ReadExactly(json);
        SafetensorsHeader header = SafetensorsHeader.Parse(path, json, length - 8 - (long)headerBytes);
        foreach (SafetensorsEntry entry in header.Entries)
            if (entry.End - entry.Begin is var size && size > Array.MaxLength)
                throw new BadInputException($"The tensor {OneLine.Quote(entry.Name)} in {path} has {size} bytes; at most {Array.MaxLength} can be held.");
        return (header, sizeBytes, json);
    }

    private static void TakeMetadata(SafetensorsHeader header, SafetensorsFile file)
    {
        foreach (var (key, value) in header.Metadata)
            if (key != ChecksumKey) file.Metadata.Add(key, value);
    }

    private static SafetensorsFile Map(string path, FileStream stream)
    {
        (SafetensorsHeader header, byte[] size, byte[] json) = ReadHeader(path, stream);
        using var mapping = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        // The tensors hold the view, which outlives the mapping's name and goes with the last of them.
        MemoryMappedViewAccessor bytes = mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        var file = new SafetensorsFile();
        TakeMetadata(header, file);
        foreach (SafetensorsEntry entry in header.Entries) file.Add(new StoredTensor(entry.Name, entry.Type, entry.Shape, bytes, size.Length + json.Length + entry.Begin, (int)(entry.End - entry.Begin)));
        return file;
    }

    private static SafetensorsFile Read(string path, FileStream stream)
    {
        (SafetensorsHeader header, byte[] sizeBytes, byte[] json) = ReadHeader(path, stream);
        string? recorded = TakeChecksum(header, json);
        var hash = new XxHash64();
        hash.Append(sizeBytes);
        hash.Append(json);

        var file = new SafetensorsFile { WasChecked = recorded is not null };
        TakeMetadata(header, file);
        foreach (SafetensorsEntry entry in header.Entries)
        {
            var bytes = new byte[entry.End - entry.Begin];
            stream.ReadExactly(bytes);
            hash.Append(bytes);
            file.Add(new StoredTensor(entry.Name, entry.Type, entry.Shape, bytes));
        }
        if (recorded is not null && recorded != Digits(hash))
            throw new BadInputException($"{path} is damaged: its checksum is {Digits(hash)} and {OneLine.Quote(recorded)} was recorded. Fetch or save it again.");
        return file;
    }

    /// <summary>The recorded digits, which the checksum counts as zeros; null when there are none.</summary>
    private static string? TakeChecksum(SafetensorsHeader header, Span<byte> json)
    {
        if (!header.Metadata.TryGetValue(ChecksumKey, out string? value)) return null;
        if (header.ChecksumAt < 0 || value.Length != ChecksumPrefix.Length + ChecksumDigits || !value.StartsWith(ChecksumPrefix, StringComparison.Ordinal))
            return "unreadable";
        json.Slice(header.ChecksumAt + ChecksumPrefix.Length, ChecksumDigits).Fill((byte)'0');
        return value[ChecksumPrefix.Length..];
    }

    private static string Digits(XxHash64 hash) => hash.Hash().ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Writes the file with a checksum over all of it: to a temporary file in the same folder, flushed to the disk and renamed.</summary>
    /// <exception cref="RunFailedException">Writing failed; what the path named before is untouched.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        RequireLittleEndian();
        // Wide elements first keeps every tensor aligned to its element; names settle the rest, so that the order of adding does not matter.
        StoredTensor[] tensors = [.. _order.OrderByDescending(tensor => DataTypes.BytesOf(tensor.Type)).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        string blank = ChecksumPrefix + new string('0', ChecksumDigits);
        byte[] json = SafetensorsHeader.Format(Metadata.Where(pair => pair.Key != ChecksumKey).Append(new(ChecksumKey, blank)), tensors);
        if (json.Length > MaximumHeaderBytes)
            throw new RunFailedException($"Could not save {path}: its header would have {json.Length} bytes and the format allows {MaximumHeaderBytes}.");
        var size = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(size, (ulong)json.Length);

        var hash = new XxHash64();
        hash.Append(size);
        hash.Append(json);
        foreach (StoredTensor tensor in tensors) hash.Append(tensor.Bytes);
        int at = SafetensorsHeader.Parse(path, json, tensors.Sum(tensor => (long)tensor.Bytes.Length)).ChecksumAt;
        Encoding.ASCII.GetBytes(Digits(hash), json.AsSpan(at + ChecksumPrefix.Length));

        AtomicFile.Write(path, stream =>
        {
            stream.Write(size);
            stream.Write(json);
            foreach (StoredTensor tensor in tensors) stream.Write(tensor.Bytes);
        });
    }

    /// <summary>The format is little-endian, and so is every machine .NET runs on today but one.</summary>
    private static void RequireLittleEndian()
    {
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Safetensors files can be read and written on little-endian machines only.");
    }
}
