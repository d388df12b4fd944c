using System.Buffers.Binary;
using System.Text;
using Unroll.Files;

namespace Unroll.Tests.Files;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private const string Damage = "{}[]\":,0123456789aFU\\\u0001 ";

    private string Path => _folder.File("file.safetensors");

    public void Dispose() => _folder.Dispose();

    private void Write(string header, int dataBytes, long? size = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header), file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, size ?? json.Length);
        json.CopyTo(file, 8);
        for (int i = 0; i < dataBytes; i++) file[8 + json.Length + i] = (byte)i;
        File.WriteAllBytes(Path, file);
    }

    private string Refusal()
    {
        string message = Assert.Throws<BadInputException>(() => SafetensorsFile.Read(Path)).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains(Path, message);
        return message;
    }

    [Fact]
    public void What_was_saved_is_read_back()
    {
        var file = new SafetensorsFile();
        file.Metadata["größe"] = "a \"quote\", a\nbreak and 日本";
        file.Add("matrix", [1, 2, 3, 4, 5, float.NaN], [2, 3]);
        file.Add("scalar", [7], []);
        file.Add("empty", default, [4, 0]);
        file.Add("字", DataType.I64, [2], [1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
        file.Add("bytes", DataType.U8, [3], [9, 8, 7]);
        file.Save(Path);

        SafetensorsFile read = SafetensorsFile.Read(Path);
        Assert.True(read.WasChecked);
        Assert.Equal(file.Metadata, read.Metadata);
        Assert.Equal(5, read.Tensors.Count);
        Assert.Equal([1, 2, 3, 4, 5, float.NaN], read["matrix"].ToSingles());
        Assert.Equal([2L, 3L], read["matrix"].Shape);
        Assert.Equal([7f], read["scalar"].ToSingles());
        Assert.Empty(read["scalar"].Shape);
        Assert.Equal([4L, 0L], read["empty"].Shape);
        Assert.Equal([1L, -1L], read["字"].As<long>(DataType.I64).ToArray());
        Assert.Equal([9, 8, 7], read["bytes"].Bytes.ToArray());
        Assert.Equal("F32 [2, 3]", read["matrix"].ToString());

        SafetensorsFile mapped = SafetensorsFile.Map(Path);
        Assert.False(mapped.WasChecked);
        Assert.Equal(file.Metadata, mapped.Metadata);
        Assert.Equal(read.Tensors.Select(tensor => (tensor.Name, tensor.Count, tensor.ToString())), mapped.Tensors.Select(tensor => (tensor.Name, tensor.Count, tensor.ToString())));
        Assert.Equal([1, 2, 3, 4, 5, float.NaN], mapped["matrix"].ToSingles());
        Assert.All(read.Tensors, tensor => Assert.True(tensor.Bytes.SequenceEqual(mapped[tensor.Name].Bytes)));

        Assert.Equal([1, -1], read["字"].ToWholeNumbers());
        Assert.Equal([9, 8, 7], read["bytes"].ToWholeNumbers());
        Assert.Contains("F32, which are no whole numbers", Assert.Throws<BadInputException>(() => read["matrix"].ToWholeNumbers()).Message);
        Assert.Contains("no tensor 'weight'", Assert.Throws<BadInputException>(() => read["weight"]).Message);
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes_in_any_order()
    {
        byte[] Saved(params string[] names)
        {
            var file = new SafetensorsFile();
            foreach (string name in names) file.Metadata[name] = name;
            foreach (string name in names) file.Add(name, [name[0]], [1]);
            file.Add("narrow", DataType.U8, [1], [1]);
            file.Save(Path);
            return File.ReadAllBytes(Path);
        }
        byte[] bytes = Saved("b", "a", "c");
        Assert.Equal(bytes, Saved("c", "b", "a"));
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(bytes) % 8);
        Assert.StartsWith("{\"__metadata__\":{\"a\":\"a\",\"b\":\"b\",\"c\":\"c\",\"unroll.checksum\":\"xxh64:", Encoding.UTF8.GetString(bytes, 8, 80), StringComparison.Ordinal);
        Assert.Equal(["a", "b", "c", "narrow"], SafetensorsFile.Read(Path).Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void Files_of_others_are_read()
    {
        // As the reference implementation writes them: no checksum, keys in any order, padding of spaces.
        Write("""{"b":{"data_offsets":[4,8],"dtype":"F16","shape":[2]},"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}}     """, 8);
        SafetensorsFile file = SafetensorsFile.Read(Path);
        Assert.False(file.WasChecked);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(["a", "b"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal([BitConverter.UInt32BitsToSingle(0x01000000), BitConverter.UInt32BitsToSingle(0x03020000)], file["a"].ToSingles());
        Assert.Equal([(float)BitConverter.UInt16BitsToHalf(0x0504), (float)BitConverter.UInt16BitsToHalf(0x0706)], file["b"].ToSingles());
        Write("{}", 0);
        Assert.Empty(SafetensorsFile.Read(Path).Tensors);
    }

    [Fact]
    public void Doubles_are_rounded_and_integers_are_refused_as_weights()
    {
        var file = new SafetensorsFile();
        file.Add("d", DataType.F64, [1], BitConverter.GetBytes(0.1));
        file.Add("i", DataType.I32, [1], [1, 0, 0, 0]);
        Assert.Equal([0.1f], file["d"].ToSingles());
        Assert.Contains("holds I32", Assert.Throws<BadInputException>(() => file["i"].ToSingles()).Message);
    }

    [Theory]
    [InlineData("", 0, "does not begin with '{'")]
    [InlineData(" {}", 0, "does not begin with '{'")]
    [InlineData("[]", 0, "does not begin with '{'")]
    [InlineData("{", 0, "not valid JSON")]
    [InlineData("{}x", 0, "not valid JSON")]
    [InlineData("{}{}", 0, "not valid JSON")]
    [InlineData("{\"a\"}", 0, "not valid JSON")]
    [InlineData("{/* */}", 0, "not valid JSON")]
    [InlineData("{\"\\uD800\":{}}", 0, "not valid JSON")]
    [InlineData("""{"a":1}""", 0, "'a' is not an object")]
    [InlineData("""{"a":{}}""", 0, "lacks dtype, shape or data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "lacks dtype, shape or data_offsets")]
    [InlineData("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4, "element type 'F31'")]
    [InlineData("""{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}""", 4, "dtype of 'a' is not a string")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "shape of 'a' is not an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}""", 4, "other than whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4, "other than whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "other than whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}""", 4, "other than whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}""", 4, "other than whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[18446744073709551617],"data_offsets":[0,4]}}""", 4, "other than whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "not a begin and an end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 8, "not a begin and an end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "not a begin and an end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "needs 8 bytes and its data_offsets give it 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,4]}}""", 4, "needs 0 bytes and its data_offsets give it 4")]
    [InlineData("""{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "more elements than can be counted")]
    [InlineData("""{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}""", 0, "more elements than can be counted")]
    [InlineData("""{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 4, "cut short")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4000000000],"data_offsets":[0,4000000000]}}""", 4, "cut short")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "cut short")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "appended")]
    [InlineData("{}", 1, "appended")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "a hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "a hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "an overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "an overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "names 'a' twice")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "names 'dtype' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}""", 4, "names 'shape' twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}""", 4, "unknown key 'x'")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "metadata names 'a' twice")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "'a' is not a string")]
    [InlineData("""{"__metadata__":{"a":null}}""", 0, "'a' is not a string")]
    [InlineData("""{"__metadata__":[]}""", 0, "is not an object")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "names '__metadata__' twice")]
    [InlineData("""{"__metadata__":{"unroll.checksum":"xxh64:0000000000000000"}}""", 0, "is damaged")]
    [InlineData("""{"__metadata__":{"unroll.checksum":"none"}}""", 0, "is damaged")]
    [InlineData("{\"a\\n\\u2028b\":1}", 0, "'a\uFFFD\uFFFDb' is not an object")]
    public void A_broken_rule_is_named(string header, int dataBytes, string expected)
    {
        Write(header, dataBytes);
        Assert.Contains(expected, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_deeper_than_the_format_is_refused()
    {
        Write("{\"a\":{\"shape\":" + new string('[', 100_000), 0);
        Refusal();
        Write("{\"__metadata__\":" + string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), 0);
        Refusal();
    }

    [Fact]
    public void A_header_that_is_not_utf8_is_refused()
    {
        File.WriteAllBytes(Path, [6, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'"', 0xC0, 0x80, (byte)'"', (byte)'}']);
        Assert.Contains("not UTF-8", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_file_without_a_header_is_refused(int length)
    {
        File.WriteAllBytes(Path, new byte[length]);
        Assert.Contains($"has {length} bytes", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(100_000_001)]
    [InlineData(2_000_000_000)]
    [InlineData(3)]
    public void A_lying_header_size_allocates_nothing(long size)
    {
        Write("{}", 0, size);
        Refusal();   // warmed up
        Assert.InRange(Allocation.Of(() => Assert.Throws<BadInputException>(() => SafetensorsFile.Read(Path))), 0, 20_000);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_told_apart()
    {
        Assert.Contains("There is no file", Refusal(), StringComparison.Ordinal);
        string folder = _folder.Path;
        Assert.Contains("folder", Assert.Throws<BadInputException>(() => SafetensorsFile.Read(folder)).Message, StringComparison.Ordinal);
        Assert.Contains("'' is no path", Assert.Throws<BadInputException>(() => SafetensorsFile.Read("")).Message, StringComparison.Ordinal);
        Assert.Contains("is no path", Assert.Throws<BadInputException>(() => SafetensorsFile.Read("a\0b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_damage_to_a_header_gives_an_error_or_a_sound_file_and_nothing_else()
    {
        const string header = """{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[2],"data_offsets":[8,10]}}""";
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            char[] damaged = header.ToCharArray();
            for (int k = random.Next(1, 4); k > 0; k--) damaged[random.Next(damaged.Length)] = Damage[random.Next(Damage.Length)];
            Write(new string(damaged), 10);
            try
            {
                SafetensorsFile file = SafetensorsFile.Read(Path);
                Assert.Equal(10, file.Tensors.Sum(tensor => tensor.Bytes.Length));
            }
            catch (BadInputException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1000, 3000);
    }

    [Fact]
    public void Adding_what_does_not_fit_is_refused()
    {
        var file = new SafetensorsFile();
        file.Add("a", [1], [1]);
        Assert.Throws<ArgumentException>(() => file.Add("a", [1], [1]));
        Assert.Throws<ArgumentException>(() => file.Add("__metadata__", [1], [1]));
        Assert.Throws<ArgumentException>(() => file.Add("b", [1], [2]));
        Assert.Throws<ArgumentException>(() => file.Add("b", DataType.U8, [-1, -1], [1]));
    }
}
