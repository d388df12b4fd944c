using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Unroll.Files;

/// <summary>A TensorBoard event file: protocol-buffer events with scalar summaries, each framed as a TFRecord (length, its masked CRC-32C, the
/// event, its masked CRC-32C). The few fields that scalars need are encoded here by hand.
/// Formats: tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto, tensorflow/core/lib/io/record_writer.h.</summary>
internal sealed class EventFile : IDisposable
{
    /// <summary>What the names of event files that Unroll writes begin and end with; a time in seconds stands between.</summary>
    public const string NamePrefix = "events.out.tfevents.", NameSuffix = ".unroll";

    // Field numbers and wire types as the key bytes of the protocol-buffer encoding: number · 8 + type (0 varint, 1 64 bits, 2 length, 5 32 bits).
    private const byte WallTime = 1 << 3 | 1, Step = 2 << 3, FileVersion = 3 << 3 | 2, Summary = 5 << 3 | 2, SummaryValue = 1 << 3 | 2,
        ValueTag = 1 << 3 | 2, ValueSimple = 2 << 3 | 5;

    private readonly AppendFile _file;
    private readonly ArrayBufferWriter<byte> _value = new(), _summary = new(), _event = new(), _record = new();

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
        _value.ResetWrittenCount();
        PutText(_value, ValueTag, Encoding.UTF8.GetBytes(tag));
        Put(_value, ValueSimple);
        BinaryPrimitives.WriteSingleLittleEndian(_value.GetSpan(4), (float)value);
        _value.Advance(4);
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

    private static void PutVarint(ArrayBufferWriter<byte> buffer, ulong value)
    {
        for (; value >= 0x80; value >>= 7) Put(buffer, (byte)(value | 0x80));
        Put(buffer, (byte)value);
    }
}
