using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Unroll.Files;

/// <summary>A tensor as a file holds it: a name, an element type, a shape and its bytes, little-endian, last dimension innermost.</summary>
public sealed class StoredTensor
{
    private readonly long[] _shape;
    private readonly MemoryMappedViewAccessor? _mapped;
    private readonly long _offset;
    private byte[]? _bytes;

    internal StoredTensor(string name, DataType type, long[] shape, byte[] bytes)
    {
        (Name, Type, _shape, _bytes, Count) = (name, type, shape, bytes, bytes.Length / DataTypes.BytesOf(type));
    }

    /// <summary>A tensor whose bytes stay in a mapped file until they are asked for.</summary>
    internal StoredTensor(string name, DataType type, long[] shape, MemoryMappedViewAccessor mapped, long offset, int length)
    {
        (Name, Type, _shape, _mapped, _offset, Count) = (name, type, shape, mapped, offset, length / DataTypes.BytesOf(type));
    }

    /// <summary>The name, unique in its file.</summary>
    public string Name { get; }

    /// <summary>The element type.</summary>
    public DataType Type { get; }

    /// <summary>The sizes, outermost first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape => _shape;

    /// <summary>The number of elements.</summary>
    public int Count { get; }

    /// <summary>The elements as they lie in the file; of a mapped file they are read the first time.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            if (_bytes is not null) return _bytes;
            var read = new byte[Count * DataTypes.BytesOf(Type)];
            _mapped!.SafeMemoryMappedViewHandle.ReadSpan((ulong)_offset, read.AsSpan());
            return _bytes = read;
        }
    }

    /// <summary>The element type and shape as a person reads them: <c>F32 [128, 64]</c>.</summary>
    public override string ToString() => $"{DataTypes.NameOf(Type)} [{string.Join(", ", _shape)}]";

    /// <summary>The elements as single-precision numbers, converted from any floating-point type of 16, 32 or 64 bits.</summary>
    /// <exception cref="BadInputException">The tensor holds integers or 8-bit numbers.</exception>
    public float[] ToSingles()
    {
        var values = new float[Count];
        CopyTo(values);
        return values;
    }

    /// <summary>Copies the elements as single-precision numbers, converted from any floating-point type of 16, 32 or 64 bits.</summary>
    /// <exception cref="BadInputException">The tensor holds integers or 8-bit numbers.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void CopyTo(Span<float> destination)
    {
        if (destination.Length != Count)
            throw new ArgumentException($"The tensor '{Name}' has {Count} elements; the destination has {destination.Length}.", nameof(destination));
        if (Type == DataType.F32 && _bytes is null)
        {
            // Straight from the file.
            _mapped!.SafeMemoryMappedViewHandle.ReadSpan((ulong)_offset, destination);
            return;
        }
        ReadOnlySpan<byte> bytes = Bytes;
        switch (Type)
        {
            case DataType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case DataType.F64:
                for (int i = 0; i < destination.Length; i++) destination[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
                break;
            case DataType.F16:
                for (int i = 0; i < destination.Length; i++) destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                break;
            case DataType.BF16:
                for (int i = 0; i < destination.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16);
                break;
            default:
                throw new BadInputException($"The tensor '{Name}' holds {DataTypes.NameOf(Type)}; weights are F32, F16, BF16 or F64.");
        }
    }

    /// <summary>The elements as whole numbers, converted from any integer type; of the flags of <see cref="DataType.Bool"/>, 0 and 1.</summary>
    /// <exception cref="BadInputException">The tensor holds floating-point numbers, or a number beyond the range of 64 bits with a sign.</exception>
    public long[] ToWholeNumbers()
    {
        var values = new long[Count];
        ReadOnlySpan<byte> bytes = Bytes;
        int size = DataTypes.BytesOf(Type);
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> at = bytes.Slice(i * size, size);
            values[i] = Type switch
            {
                DataType.Bool or DataType.U8 => at[0],
                DataType.I8 => (sbyte)at[0],
                DataType.I16 => BinaryPrimitives.ReadInt16LittleEndian(at),
                DataType.U16 => BinaryPrimitives.ReadUInt16LittleEndian(at),
                DataType.I32 => BinaryPrimitives.ReadInt32LittleEndian(at),
                DataType.U32 => BinaryPrimitives.ReadUInt32LittleEndian(at),
                DataType.I64 => BinaryPrimitives.ReadInt64LittleEndian(at),
                DataType.U64 when BinaryPrimitives.ReadUInt64LittleEndian(at) is <= long.MaxValue and var value => (long)value,
                DataType.U64 => throw new BadInputException($"The tensor '{Name}' holds {BinaryPrimitives.ReadUInt64LittleEndian(at)}; numbers up to {long.MaxValue} can be read."),
                _ => throw new BadInputException($"The tensor '{Name}' holds {DataTypes.NameOf(Type)}, which are no whole numbers."),
            };
        }
        return values;
    }

    /// <summary>The elements as they are, seen as numbers of one type.</summary>
    /// <exception cref="BadInputException">The tensor holds another type than <paramref name="expected"/>.</exception>
    internal ReadOnlySpan<T> As<T>(DataType expected) where T : unmanaged
    {
        if (Type != expected)
            throw new BadInputException($"The tensor '{Name}' holds {DataTypes.NameOf(Type)}; expected {DataTypes.NameOf(expected)}.");
        return MemoryMarshal.Cast<byte, T>(Bytes);
    }
}
