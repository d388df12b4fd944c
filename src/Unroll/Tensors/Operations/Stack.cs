namespace Unroll.Tensors.Operations;

/// <summary>Puts tensors of equal shape side by side along a new dimension: each gets a dimension of size 1 there, without copying, and
/// <see cref="Concat"/> joins them.</summary>
internal static class Stack
{
    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(ReadOnlySpan<Tensor> parts, int axis)
    {
        if (parts.IsEmpty) throw new ShapeException("Stack: there is nothing to put together; give one tensor or more.");
        Shape shape = parts[0].Shape;
        int place = axis < 0 ? axis + shape.Rank + 1 : axis;
        if (place < 0 || place > shape.Rank)
            throw new ShapeException($"Stack: a new dimension {axis} does not fit {shape}; use 0 to {shape.Rank}, or −1 for the last.");
        OperationCall call = OperationCall.Start(Concat.Instance).WithInteger(place);
        foreach (Tensor part in parts)
        {
            if (part.Shape != shape)
                throw new ShapeException($"Stack: the shapes {shape} and {part.Shape} differ; make them equal, or use Concat.");
            call.With(part.Reshape(shape.Inserted(place, 1)));
        }
        return call.Run();
    }
}
