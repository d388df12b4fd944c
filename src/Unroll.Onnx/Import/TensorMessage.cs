using System.Runtime.InteropServices;
using Google.Protobuf;
using Unroll.Files;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>The numbers of an ONNX tensor. What they take is checked against what the message holds before anything is made of it.</summary>
internal static class TensorMessage
{
    /// <summary>Whether the numbers are those of parameters: in single precision.</summary>
    public static bool IsFloat(TensorProto tensor) => tensor.DataType == (int)TensorProto.Types.DataType.Float;

    /// <summary>The sizes.</summary>
    /// <exception cref="BadInputException">They make no shape, or the message has not as many numbers.</exception>
    public static Shape ShapeOf(string file, TensorProto tensor)
    {
        if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
            throw Bad(file, tensor, "lies in another file; save the model as one file, with its weights inside");
        if (tensor.Dims.Count > Shape.MaximumRank) throw Bad(file, tensor, $"has {tensor.Dims.Count} dimensions; at most {Shape.MaximumRank} are known here");
        var sizes = new int[tensor.Dims.Count];
        for (int i = 0; i < sizes.Length; i++)
            sizes[i] = tensor.Dims[i] is >= 0 and <= int.MaxValue ? (int)tensor.Dims[i] : throw Bad(file, tensor, $"has the size {tensor.Dims[i]}; expected one from 0 to {int.MaxValue}");
        Shape shape;
        try
        {
            shape = new Shape(sizes);
        }
        catch (ShapeException exception)
        {
            throw new BadInputException($"{file}: the tensor {OneLine.Quote(tensor.Name)}: {exception.Message}", exception);
        }
        var (count, bytes) = (TensorProto.Types.DataType)tensor.DataType switch
        {
            TensorProto.Types.DataType.Float => (tensor.FloatData.Count, 4),
            TensorProto.Types.DataType.Int64 => (tensor.Int64Data.Count, 8),
            TensorProto.Types.DataType.Int32 => (tensor.Int32Data.Count, 4),
            TensorProto.Types.DataType.Bool => (tensor.Int32Data.Count, 1),
            var other => throw Bad(file, tensor, $"is of the type {other}; known are FLOAT, INT64, INT32 and BOOL: export the model in single precision"),
        };
        if (tensor.HasRawData && tensor.RawData.Length % bytes != 0) throw Bad(file, tensor, $"has {tensor.RawData.Length} bytes, which are no whole numbers of {bytes}");
        int found = tensor.HasRawData ? tensor.RawData.Length / bytes : count;
        return found == shape.Count ? shape : throw Bad(file, tensor, $"of shape {shape} has {found} numbers; expected {shape.Count}");
    }

    /// <summary>The numbers of a tensor of single precision whose shape was checked.</summary>
    public static float[] Floats(TensorProto tensor) =>
        tensor.HasRawData ? MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray() : [.. tensor.FloatData];

    /// <summary>The numbers of a tensor of integers or truth values whose shape was checked.</summary>
    public static long[] Integers(TensorProto tensor) => (TensorProto.Types.DataType)tensor.DataType switch
    {
        TensorProto.Types.DataType.Int64 => tensor.HasRawData ? MemoryMarshal.Cast<byte, long>(tensor.RawData.Span).ToArray() : [.. tensor.Int64Data],
        TensorProto.Types.DataType.Int32 => tensor.HasRawData ? Array.ConvertAll(MemoryMarshal.Cast<byte, int>(tensor.RawData.Span).ToArray(), number => (long)number) : [.. tensor.Int32Data],
        _ => tensor.HasRawData ? Array.ConvertAll(tensor.RawData.ToByteArray(), number => number != 0 ? 1L : 0) : [.. tensor.Int32Data.Select(number => number != 0 ? 1L : 0)],
    };

    /// <summary>A constant of a graph.</summary>
    public static OnnxValue Value(string file, TensorProto tensor)
    {
        Shape shape = ShapeOf(file, tensor);
        // A copy of its own, which no step of a tape takes back.
        return IsFloat(tensor) ? OnnxValue.Of(Tensor.From(Floats(tensor), shape).Detach()) : OnnxValue.Of(new IntegerTensor(Integers(tensor), shape));
    }

    /// <summary>Replaces the numbers of a tensor of single precision.</summary>
    public static void Store(TensorProto tensor, ReadOnlySpan<float> values)
    {
        tensor.FloatData.Clear();
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values));
    }

    private static BadInputException Bad(string file, TensorProto tensor, string what) => new($"{file}: the tensor {OneLine.Quote(tensor.Name)} {what}.");
}
