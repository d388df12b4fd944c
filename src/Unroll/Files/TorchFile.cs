using System.Globalization;
using System.IO.Compression;
using Unroll.Tensors;

namespace Unroll.Files;

/// <summary>Reads the weights in a file that PyTorch's <c>torch.save</c> wrote: a zip archive (PyTorch 1.6 and later) of a pickle and of the tensors' bytes. The pickle is read as data: nothing in it is
/// ever called, and anything but tensors, numbers, texts, lists and dictionaries is refused by its name. Memory is in proportion to the file's size.</summary>
public static class TorchFile
{
    private const string Pickle = "data.pkl";

    /// <summary>The storages of PyTorch and the element types they hold.</summary>
    private static readonly Dictionary<string, DataType> Storages = new()
    {
        ["FloatStorage"] = DataType.F32,
        ["DoubleStorage"] = DataType.F64,
        ["HalfStorage"] = DataType.F16,
        ["BFloat16Storage"] = DataType.BF16,
        ["LongStorage"] = DataType.I64,
        ["IntStorage"] = DataType.I32,
        ["ShortStorage"] = DataType.I16,
        ["CharStorage"] = DataType.I8,
        ["ByteStorage"] = DataType.U8,
        ["BoolStorage"] = DataType.Bool,
    };

    /// <summary>Whether a file begins as such a file does.</summary>
    internal static bool IsOne(string path)
    {
        Span<byte> begin = stackalloc byte[4];
        try
        {
            using FileStream stream = File.OpenRead(path);
            return stream.ReadAtLeast(begin, 4, throwOnEndOfStream: false) == 4 && begin.SequenceEqual("PK\x03\x04"u8);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Reads a file.</summary>
    /// <returns>Its tensors, named by the path of keys that leads to each with dots between, and as metadata its numbers and texts, named likewise.</returns>
    /// <exception cref="BadInputException">There is no such file, it is damaged, or it holds something else than data.</exception>
    public static SafetensorsFile Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            using FileStream stream = File.OpenRead(path);
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            return new Reader(path, archive, stream.Length).Read();
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"There is no file {path}. Check the path.", exception);
        }
        catch (InvalidDataException exception)
        {
            throw new BadInputException($"{path} is not a file that torch.save wrote, or is damaged ({OneLine.Of(exception)}). Fetch it again, or save it again with PyTorch 1.6 or later.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"Cannot read {path}: {OneLine.Of(exception)}.", exception);
        }
    }

    /// <summary>The reading of one file.</summary>
    private sealed class Reader(string path, ZipArchive archive, long length)
    {
        private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
        private readonly Dictionary<string, byte[]> _storages = new(StringComparer.Ordinal);
        private readonly SafetensorsFile _file = new();
        private string _folder = "";
        // Tensors may share a storage, or be spread out from few of its numbers: what is made of the file must not outgrow it by more than tied weights need.
        private long _budget = 3 * length;
        private int _visits;

        public SafetensorsFile Read()
        {
            foreach (ZipArchiveEntry entry in archive.Entries)
                if (!_entries.TryAdd(entry.FullName, entry)) throw Bad($"it has {OneLine.Quote(entry.FullName)} twice");
            string pickle = _entries.Keys.FirstOrDefault(name => name == Pickle || name.EndsWith("/" + Pickle, StringComparison.Ordinal)) ?? throw Bad($"it has no {Pickle}");
            _folder = pickle[..^Pickle.Length];
            if (_entries.ContainsKey(_folder + "constants.pkl")) throw Bad("it is a TorchScript program; expected weights alone, as torch.save(model.state_dict(), path) writes them");
            if (_entries.ContainsKey(_folder + "byteorder") && !Bytes(_folder + "byteorder").AsSpan().SequenceEqual("little"u8)) throw Bad("its numbers are not little-endian");
            Visit("", PickleReader.Read(path, Bytes(pickle)), depth: 0);
            return _file;
        }

        private void Visit(string name, object? value, int depth)
        {
            // A pickle may name a list within itself, or one within another over and over.
            if (depth > 64 || ++_visits > 1_000_000) throw Bad("its lists and dictionaries are nested without end");
            switch (value)
            {
                case PickledDictionary dictionary:
                    foreach ((object? key, object? of) in dictionary.Entries)
                        Visit(Join(name, key switch { string text => text, long number => number.ToString(CultureInfo.InvariantCulture), _ => throw Bad($"a key in {OneLine.Quote(name)} is neither text nor a whole number") }), of, depth + 1);
                    break;
                case IReadOnlyList<object?> list:
                    for (int i = 0; i < list.Count; i++) Visit(Join(name, i.ToString(CultureInfo.InvariantCulture)), list[i], depth + 1);
                    break;
                case PickledCall { Function: { Module: "torch._utils", Name: "_rebuild_tensor_v2" }, Argument: object?[] arguments }: Add(name, arguments); break;
                case PickledCall { Function: { Module: "torch._utils", Name: "_rebuild_parameter" }, Argument: object?[] and [var tensor, ..] }: Visit(name, tensor, depth + 1); break;
                case PickledCall { Function: { Module: "torch", Name: "Size" }, Argument: object?[] and [var sizes] }: Visit(name, sizes, depth + 1); break;
                case PickledCall { Function: null }: throw Bad($"{OneLine.Quote(name)} is a storage without a tensor");
                case PickledCall { Function: { } function }: throw Refused(name, function);
                case PickledName function: throw Refused(name, function);
                case null: break;
                default:
                    if (!_file.Metadata.TryAdd(name, Convert.ToString(value, CultureInfo.InvariantCulture)!)) throw Bad($"it has {OneLine.Quote(name)} twice");
                    break;
            }

            static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
        }

        private void Add(string name, object?[] arguments)
        {
            if (arguments is not [PickledCall { Function: null, Argument: object?[] and ["storage", PickledName storage, string key, _, long count] }, long offset, object?[] sizes, object?[] strides, ..]
                || sizes.Length != strides.Length || sizes.Length > Shape.MaximumRank || !sizes.All(size => size is long and >= 0) || !strides.All(stride => stride is long and >= 0))
                throw Bad($"the tensor {OneLine.Quote(name)} is not described as PyTorch does");
            if (storage.Module != "torch" || !Storages.TryGetValue(storage.Name, out DataType type)) throw Bad($"the tensor {OneLine.Quote(name)} lies in a {OneLine.Quote(storage.ToString())}; known ones are {string.Join(", ", Storages.Keys)} of torch");
            if (!_storages.TryGetValue(key, out byte[]? bytes)) _storages.Add(key, bytes = Bytes($"{_folder}data/{key}"));
            long[] shape = Array.ConvertAll(sizes, size => (long)size!), steps = Array.ConvertAll(strides, stride => (long)stride!);
            int size = DataTypes.BytesOf(type);
            long elements, last, needed;
            try
            {
                elements = shape.Contains(0) ? 0 : shape.Aggregate(1L, static (a, b) => checked(a * b));
                needed = checked(elements * size);
                last = elements == 0 ? offset - 1 : shape.Zip(steps).Aggregate(offset, static (at, pair) => checked(at + (pair.First - 1) * pair.Second));
            }
            catch (OverflowException)
            {
                throw Bad($"the tensor {OneLine.Quote(name)} has more elements than can be counted");
            }
            if (count < 0 || count != bytes.Length / size || bytes.Length % size != 0) throw Bad($"the tensor {OneLine.Quote(name)} lies among {count} numbers of {size} bytes, and {bytes.Length} bytes are there");
            if (offset < 0 || last >= count) throw Bad($"the tensor {OneLine.Quote(name)} reaches beyond its {count} numbers");
            if (needed > _budget) throw Bad("its tensors together have far more numbers than it holds");
            _budget -= needed;
            try
            {
                _file.Add(name, type, shape, Elements(bytes, size, offset, elements, shape, steps));
            }
            catch (ArgumentException)
            {
                throw Bad($"it has no good name for a tensor, or has {OneLine.Quote(name)} twice");
            }
        }

        /// <summary>The elements in the order of the last dimension innermost.</summary>
        private static byte[] Elements(byte[] bytes, int size, long offset, long elements, long[] shape, long[] steps)
        {
            if (IsContiguous(shape, steps)) return bytes.AsSpan((int)(offset * size), (int)(elements * size)).ToArray();
            var to = new byte[elements * size];
            var index = new long[shape.Length];
            long from = offset;
            for (long i = 0; i < elements; i++)
            {
                bytes.AsSpan((int)(from * size), size).CopyTo(to.AsSpan((int)(i * size)));
                for (int d = shape.Length - 1; d >= 0; d--)
                {
                    from += steps[d];
                    if (++index[d] < shape[d]) break;
                    from -= steps[d] * shape[d];
                    index[d] = 0;
                }
            }
            return to;
        }

        private static bool IsContiguous(long[] shape, long[] steps)
        {
            long step = 1;
            for (int d = shape.Length - 1; d >= 0; step *= Math.Max(1, shape[d]), d--)
                if (shape[d] != 1 && steps[d] != step) return false;
            return true;
        }

        /// <summary>What stands under a name in the archive.</summary>
        private byte[] Bytes(string name)
        {
            if (!_entries.TryGetValue(name, out ZipArchiveEntry? entry)) throw Bad($"it has no {OneLine.Quote(name)}");
            if (entry.Length != entry.CompressedLength) throw Bad($"{OneLine.Quote(name)} in it is compressed, which torch.save never does");
            if (entry.Length > Math.Min(Array.MaxLength, _budget)) throw Bad($"{OneLine.Quote(name)} in it has {entry.Length} bytes, more than can be held");
            _budget -= entry.Length;
            var bytes = new byte[entry.Length];
            using (Stream stream = entry.Open()) stream.ReadExactly(bytes);
            return Crc32.Of(bytes) == entry.Crc32 ? bytes : throw Bad($"{OneLine.Quote(name)} in it is damaged: its checksum is wrong");
        }

        private BadInputException Refused(string name, PickledName function) =>
            Bad($"{(name.Length == 0 ? "it" : OneLine.Quote(name))} is a {OneLine.Quote(function.ToString())}, and nothing but tensors, numbers, texts, lists and dictionaries is read");

        private BadInputException Bad(string what) => new($"{path} cannot be read: {what}. Save the weights again, with torch.save(model.state_dict(), path) or as safetensors.");
    }
}
