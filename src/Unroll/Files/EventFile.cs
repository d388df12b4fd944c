using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Unroll.Files;

/// <summary>A TensorBoard event file: protocol-buffer events with scalars, histograms and texts, each framed as a TFRecord (length, its masked CRC-32C, the
/// event, its masked CRC-32C). The few fields that those need are encoded here by hand.
/// Formats: tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto (and histogram.proto, tensor.proto), tensorflow/core/lib/io/record_writer.h.</summary>
internal sealed class EventFile : IDisposable
{
    /// <summary>What the names of event files that Unroll writes begin and end with; a time in seconds stands between.</summary>
    public const string NamePrefix = "events.out.tfevents.", NameSuffix = ".unroll";

    // Field numbers and wire types as the key bytes of the protocol-buffer encoding: number · 8 + type (0 varint, 1 64 bits, 2 length, 5 32 bits).
    private const byte WallTime = 1 << 3 | 1, Step = 2 << 3, FileVersion = 3 << 3 | 2, Summary = 5 << 3 | 2, SummaryValue = 1 << 3 | 2,
        ValueTag = 1 << 3 | 2, ValueSimple = 2 << 3 | 5, ValueHistogram = 5 << 3 | 2, ValueTensor = 8 << 3 | 2, ValueMetadata = 9 << 3 | 2,
        HistogramMinimum = 1 << 3 | 1, HistogramMaximum = 2 << 3 | 1, HistogramCount = 3 << 3 | 1, HistogramSum = 4 << 3 | 1, HistogramSquares = 5 << 3 | 1, HistogramLimits = 6 << 3 | 2, HistogramCounts = 7 << 3 | 2,
        TensorType = 1 << 3, TensorShape = 2 << 3 | 2, TensorText = 8 << 3 | 2;

    /// <summary>The type of texts among those of tensors.</summary>
    private const byte TextType = 7;

    private readonly AppendFile _file;
    private readonly ArrayBufferWriter<byte> _part = new(), _value = new(), _summary = new(), _event = new(), _record = new();
    private Histogram? _histogram;

    /// <summary>Opens or creates an event file and cuts it to a length; a new one gets the header that says its version.</summary>
    /// <exception cref="RunFailedException">It cannot be opened.</exception>
    public EventFile(string path, long length)
    {
        _file = new AppendFile(path, length);
        if (length > 0) return;
        BeginEvent(Now);
        PutText(_event, FileVersion, "brain.Event:2"u8);
        EndEvent();
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>How many bytes were written.</summary>
    public long Length => _file.Length;

    private static double Now => (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;

    /// <summary>Appends one scalar.</summary>
    /// <param name="tag">The name of the curve, such as <c>train/loss</c>.</param>
    /// <param name="step">Where on the horizontal axis.</param>
    /// <param name="value">The height.</param>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void Scalar(string tag, long step, double value)
    {
        BeginValue(tag);
        Put(_value, ValueSimple);
        BinaryPrimitives.WriteSingleLittleEndian(_value.GetSpan(4), (float)value);
        _value.Advance(4);
        EndValue(step);
    }

    /// <summary>Appends how numbers are spread; nothing if none is finite.</summary>
    /// <param name="tag">What they are.</param>
    /// <param name="step">When.</param>
    /// <param name="values">The numbers.</param>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void Histogram(string tag, long step, ReadOnlySpan<float> values)
    {
        Histogram histogram = _histogram ??= new Histogram();
        histogram.Fill(values);
        if (histogram.Count == 0) return;
        (double Limit, long Count)[] buckets = [.. histogram.Buckets()];
        _part.ResetWrittenCount();
        PutDouble(_part, HistogramMinimum, histogram.Minimum);
        PutDouble(_part, HistogramMaximum, histogram.Maximum);
        PutDouble(_part, HistogramCount, histogram.Count);
        PutDouble(_part, HistogramSum, histogram.Sum);
        PutDouble(_part, HistogramSquares, histogram.Squares);
        PutDoubles(_part, HistogramLimits, Array.ConvertAll(buckets, bucket => bucket.Limit));
        PutDoubles(_part, HistogramCounts, Array.ConvertAll(buckets, bucket => (double)bucket.Count));
        BeginValue(tag);
        PutText(_value, ValueHistogram, _part.WrittenSpan);
        EndValue(step);
    }

    /// <summary>Appends a text, which is shown as it is.</summary>
    /// <param name="tag">What it is.</param>
    /// <param name="step">When.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void Text(string tag, long step, string text)
    {
        _part.ResetWrittenCount();
        Put(_part, TensorType);
        Put(_part, TextType);
        // One text: a shape of one dimension, of size 1.
        PutText(_part, TensorShape, [2 << 3 | 2, 2, 1 << 3, 1]);
        // TensorBoard takes it for Markdown, where four spaces before a line leave it alone.
        PutText(_part, TensorText, Encoding.UTF8.GetBytes("    " + text.ReplaceLineEndings("\n    ")));
        BeginValue(tag);
        PutText(_value, ValueTensor, _part.WrittenSpan);
        // SummaryMetadata { plugin_data = 1 { plugin_name = 1 } }.
        PutText(_value, ValueMetadata, [1 << 3 | 2, 6, 1 << 3 | 2, 4, .. "text"u8]);
        EndValue(step);
    }

    private void BeginValue(string tag)
    {
        _value.ResetWrittenCount();
        PutText(_value, ValueTag, Encoding.UTF8.GetBytes(tag));
    }

    private void EndValue(long step)
    {
        _summary.ResetWrittenCount();
        PutText(_summary, SummaryValue, _value.WrittenSpan);
        BeginEvent(Now);
        Put(_event, Step);
        PutVarint(_event, (ulong)step);
        PutText(_event, Summary, _summary.WrittenSpan);
        EndEvent();
    }

    /// <summary>Hands everything to the system or to the disk.</summary>
    /// <exception cref="RunFailedException">Writing failed.</exception>
    public void Flush(bool toDisk) => _file.Flush(toDisk);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void BeginEvent(double wallTime)
    {
        _event.ResetWrittenCount();
        Put(_event, WallTime);
        BinaryPrimitives.WriteDoubleLittleEndian(_event.GetSpan(8), wallTime);
        _event.Advance(8);
    }

    private void EndEvent()
    {
        _record.ResetWrittenCount();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)_event.WrittenCount);
        _record.Write(length);
        PutChecksum(length);
        _record.Write(_event.WrittenSpan);
        PutChecksum(_event.WrittenSpan);
        _file.Append(_record.WrittenSpan);
    }

    private void PutChecksum(ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_record.GetSpan(4), Crc32C.Masked(bytes));
        _record.Advance(4);
    }

    private static void Put(ArrayBufferWriter<byte> buffer, byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    private static void PutText(ArrayBufferWriter<byte> buffer, byte key, ReadOnlySpan<byte> bytes)
    {
        Put(buffer, key);
        PutVarint(buffer, (ulong)bytes.Length);
        buffer.Write(bytes);
    }

    private static void PutDouble(ArrayBufferWriter<byte> buffer, byte key, double value)
    {
        Put(buffer, key);
        BinaryPrimitives.WriteDoubleLittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    private static void PutDoubles(ArrayBufferWriter<byte> buffer, byte key, double[] values)
    {
        Put(buffer, key);
        PutVarint(buffer, 8 * (ulong)values.Length);
        foreach (double value in values)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(buffer.GetSpan(8), value);
            buffer.Advance(8);
        }
    }

    private static void PutVarint(ArrayBufferWriter<byte> buffer, ulong value)
    {
        for (; value >= 0x80; value >>= 7) Put(buffer, (byte)(value | 0x80));
        Put(buffer, (byte)value);
    }
}
