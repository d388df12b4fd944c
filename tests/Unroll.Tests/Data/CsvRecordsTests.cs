using System.IO.Compression;
using System.Text;
using Unroll.Data;
using Unroll.Tensors;

namespace Unroll.Tests.Data;

public sealed class CsvRecordsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-csv-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text, string name = "table.csv")
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text, new UTF8Encoding(false));
        return path;
    }

    /// <summary>Fields with | between them.</summary>
    private string[] Records(string text) => [.. CsvRecords.Read(Write(text)).Select(record => string.Join('|', record.Fields))];

    [Theory]
    [InlineData("")]
    [InlineData("a,b\n1,2\n", "a|b", "1|2")]
    [InlineData("a,b\n1,2", "a|b", "1|2")]
    [InlineData("a,b\r\n1,\r\n\r\n,\r\n", "a|b", "1|", "|")]
    [InlineData("a\n\"1,2\"\n\"\"\n", "a", "1,2", "")]
    [InlineData("a,b\n\"say \"\"yes\"\"\",\"\"\"\"\n", "a|b", "say \"yes\"|\"")]
    [InlineData("a,b\n\"one\ntwo\r\n\nfour\",2\n3,\"\n\"\n", "a|b", "one\ntwo\n\nfour|2", "3|\n")]
    [InlineData("a,b\n 5\" , x\"y\"\n", "a|b", " 5\" | x\"y\"")]
    [InlineData("a;b\n1,5;2\n", "a|b", "1,5|2")]
    [InlineData("a\tb\n1;5\t2\n", "a|b", "1;5|2")]
    [InlineData("\"a,b\";c\n1;2\n", "a,b|c", "1|2")]
    [InlineData("\uFEFF\"a\",b\n1,2\n", "a|b", "1|2")]
    public void Fields_are_as_RFC_4180_has_them(string text, params string[] records) => Assert.Equal(records, Records(text));

    [Fact]
    public void Whatever_is_written_with_quotes_is_read_back()
    {
        var random = new RandomState(8);
        for (int trial = 0; trial < 200; trial++)
        {
            int columns = 2 + random.NextInt(4);
            string[][] table = [.. Enumerable.Range(0, 1 + random.NextInt(6)).Select(row => Enumerable.Range(0, columns).Select(column =>
                row == 0 ? $"c{column}" : new string([.. Enumerable.Range(0, random.NextInt(6)).Select(_ => "ab,;\t\"\n é"[random.NextInt(9)])])).ToArray())];
            char separator = ",;\t"[random.NextInt(3)];
            string end = random.NextInt(2) == 0 ? "\n" : "\r\n";
            string text = string.Join(end, table.Select(row => string.Join(separator, row.Select(field => field.IndexOfAny([',', ';', '\t', '"', '\n']) >= 0 || random.NextInt(3) == 0
                ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field))));
            Assert.Equal(table, CsvRecords.Read(Write(text + end)).Select(record => record.Fields.ToArray()));
        }
    }

    [Fact]
    public void Records_know_the_line_they_begin_in_and_gzip_is_unpacked()
    {
        string path = Path.Combine(_folder, "table.csv.gz");
        using (var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest)) gzip.Write("a,b\n\n1,\"x\ny\"\n2,z"u8);
        Assert.Equal([1, 3, 5], CsvRecords.Read(path).Select(record => record.Number));
        Assert.Equal($"{path}, line 5", CsvRecords.Read(path).Last().Where);
    }

    [Theory]
    [InlineData("a,b\n1,2\n3\n", "line 3: 1 field, and the first line has 2")]
    [InlineData("a,b\n1,2\n3,4,5\n", "line 3: 3 fields, and the first line has 2")]
    [InlineData("a,b\n1,\"2\n3,4\n", "line 2: a field that begins with a double quote there does not end")]
    [InlineData("a,b\n1,\"2\"x\n", "line 2: after a closing double quote stands 'x'; expected ','")]
    public void What_is_not_of_the_format_is_said_with_its_place(string text, string message) =>
        Assert.Contains(message, Assert.Throws<BadInputException>(() => Records(text)).Message);
}
