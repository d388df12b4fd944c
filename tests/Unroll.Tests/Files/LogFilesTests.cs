using System.Buffers.Binary;
using System.Text;
using Unroll.Files;
using static Unroll.Tests.Files.EventRecords;

namespace Unroll.Tests.Files;

public sealed class LogFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_torn_last_line_of_metrics_is_left_out()
    {
        string path = _folder.File("metrics.jsonl");
        File.WriteAllText(path, "{\"event\":\"report\",\"step\":1}\n{\"event\":\"report\",\"step\":2}\n{\"event\":\"rep");
        Assert.Equal([1, 2], MetricsFile.Read(path).Select(line => line.GetProperty("step").GetInt32()));
        File.WriteAllText(path, "{\"event\n{}\n");
        Assert.Contains("Line 1", Assert.Throws<BadInputException>(() => MetricsFile.Read(path)).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => MetricsFile.Read(_folder.File("none")));
    }

    [Fact]
    public void Metrics_can_be_read_while_they_are_written_and_cut_back()
    {
        string path = _folder.File("metrics.jsonl");
        long length;
        using (var metrics = new MetricsWriter(path, 0))
        {
            for (int step = 1; step <= 2; step++)
            {
                // Half of a surrogate pair must not stop the log.
                metrics.BeginLine("sample", step).WriteString("text", "zeile\n\uD800 ü");
                metrics.EndLine();
            }
            Assert.Equal(2, MetricsFile.Read(path).Count);
            length = metrics.Length;
            metrics.BeginLine("report", 3).WriteNull("loss");
            metrics.EndLine();
        }
        Assert.Equal(3, MetricsFile.Read(path).Count);
        new MetricsWriter(path, length).Dispose();
        Assert.Equal(["zeile\n\uFFFD ü", "zeile\n\uFFFD ü"], MetricsFile.Read(path).Select(line => line.GetProperty("text").GetString()));
        Assert.Contains("was changed or replaced", Assert.Throws<RunFailedException>(() => new MetricsWriter(path, length + 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_file_is_what_TensorBoard_reads()
    {
        string path = _folder.File("events.out.tfevents.1.unroll");
        using (var events = new EventFile(path, 0))
        {
            events.Scalar("train/loss", 300, 1.5);
            events.Scalar("validation/loss", 70000, double.NaN);
        }
        List<byte[]> records = Records(File.ReadAllBytes(path));
        Assert.Equal(3, records.Count);
        // Event { wall_time = 1 (double), file_version = 3 } and Event { wall_time, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }.
        Assert.Equal("1A-0D-62-72-61-69-6E-2E-45-76-65-6E-74-3A-32", BitConverter.ToString(records[0][9..]));
        Assert.Equal(0x09, records[1][0]);
        double wallTime = BinaryPrimitives.ReadDoubleLittleEndian(records[1].AsSpan(1));
        Assert.InRange(wallTime, 1.6e9, 1e10);
        byte[] expected =
        [
            0x10, 0xAC, 0x02,                                                                     // step 300
            0x2A, 19, 0x0A, 17, 0x0A, 10, .. "train/loss"u8, 0x15, .. BitConverter.GetBytes(1.5f),  // summary, value, tag, simple_value
        ];
        Assert.Equal(expected, records[1][9..]);
        Assert.Equal("validation/loss", Encoding.ASCII.GetString(records[2], 19, 15));
    }

    [Fact]
    public void Histograms_and_texts_are_what_TensorBoard_reads()
    {
        string path = _folder.File("events.out.tfevents.1.unroll");
        using (var events = new EventFile(path, 0))
        {
            events.Histogram("weights/w", 3, [-2, -1.5f, 0, 0, 0.5f, 3, float.NaN]);
            events.Histogram("weights/none", 3, [float.NaN]);
            events.Text("sample", 4, "one\ntwo");
        }
        List<byte[]> records = Records(File.ReadAllBytes(path));
        Assert.Equal(3, records.Count);
        // Summary.value = 1 { tag = 1, histo = 5 { min, max, num, sum, sum_squares = 1 to 5, bucket_limit = 6, bucket = 7 } }.
        byte[] histogram = Field(Field(Field(records[1], 5), 1), 5);
        Assert.Equal("weights/w", Encoding.ASCII.GetString(Field(Field(Field(records[1], 5), 1), 1)));
        Assert.Equal([-2, 3, 6, 0, 15.5], Enumerable.Range(1, 5).Select(number => BitConverter.ToDouble(Field(histogram, number))));
        double[] limits = [.. Field(histogram, 6).Chunk(8).Select(bytes => BitConverter.ToDouble(bytes))], counts = [.. Field(histogram, 7).Chunk(8).Select(bytes => BitConverter.ToDouble(bytes))];
        Assert.Equal(limits.Order(), limits);
        Assert.Equal([1, 1, 2, 1, 1], counts.Where(count => count > 0));
        // Each number lies below its bucket's limit and not below the limit before, but for those at a limit below zero.
        double[] values = [-2, -1.5, 0, 0.5, 3];
        int[] filled = [.. Enumerable.Range(0, counts.Length).Where(i => counts[i] > 0)];
        Assert.All(values.Zip(filled), pair => Assert.True(pair.First <= limits[pair.Second] && (pair.Second == 0 || pair.First >= limits[pair.Second - 1])));
        // tensor = 8 { dtype = 1, tensor_shape = 2 { dim = 2 { size = 1 } }, string_val = 8 }, metadata = 9 { plugin_data = 1 { plugin_name = 1 } }.
        byte[] value = Field(Field(records[2], 5), 1);
        Assert.Equal("    one\n    two", Encoding.UTF8.GetString(Field(Field(value, 8), 8)));
        Assert.Equal(1, Field(Field(Field(value, 8), 2), 2)[1]);
        Assert.Equal("text", Encoding.ASCII.GetString(Field(Field(Field(value, 9), 1), 1)));
    }

    [Fact]
    public void An_event_file_is_continued_where_it_was_cut()
    {
        string path = _folder.File("events.out.tfevents.1.unroll");
        long length;
        using (var events = new EventFile(path, 0))
        {
            events.Scalar("a", 1, 1);
            length = events.Length;
            events.Scalar("a", 2, 2);
        }
        using (var events = new EventFile(path, length)) events.Scalar("a", 2, 3);
        List<byte[]> records = Records(File.ReadAllBytes(path));
        Assert.Equal(3, records.Count);
        Assert.Equal(3f, BinaryPrimitives.ReadSingleLittleEndian(records[2].AsSpan(records[2].Length - 4)));
    }
}
