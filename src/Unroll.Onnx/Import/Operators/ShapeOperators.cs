using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>The operators that arrange numbers anew.</summary>
internal static class ShapeOperators
{
    public static IEnumerable<KeyValuePair<string, Operator>> All { get; } = new Dictionary<string, Operator>
    {
        ["Reshape"] = new(2, 2, PrepareReshape),
        ["Flatten"] = new(1, 1, PrepareFlatten),
        ["Squeeze"] = new(1, 2, PrepareSqueeze),
        ["Unsqueeze"] = new(1, 2, PrepareUnsqueeze),
        ["Transpose"] = new(1, 1, PrepareTranspose),
        ["Expand"] = new(2, 2, _ => Expand),
        ["Concat"] = new(1, int.MaxValue, PrepareConcat),
        ["Shape"] = new(1, 1, PrepareShape),
    };

    /// <summary>The numbers repeated to fill a shape that they broadcast to.</summary>
    // x + −0 is x, whatever its sign.
    public static Tensor Expanded(Tensor x, Shape to) => x.Shape == to ? x : x + Tensor.Full(to, -0f);

    /// <summary>Where the axes of an operator stand: in an attribute, and from opset 13 on (reductions: 18) in an input.</summary>
    public static Func<NodeCall, long[]?> Axes(GraphNode node, int inputFrom)
    {
        if (node.Opset >= inputFrom) return static call => call.List(1);
        if (node.Has(1)) throw node.Bad($"has its axes as an input, which it takes from opset {inputFrom} on; the model is of opset {node.Opset}");
        long[]? axes = node.Integers("axes");
        return _ => axes;
    }

    private static OnnxValue Reshaped(OnnxValue value, Shape to) => value.WholeNumbers is { } whole ? OnnxValue.Of(whole.Reshape(to)) : value.Tensor.Reshape(to);

    private static NodeFunction PrepareReshape(GraphNode node)
    {
        bool allowZero = node.Flag("allowzero");
        return call =>
        {
            Shape from = call.Value(0).Shape;
            long[] sizes = [.. call.Integers(1).Values];
            for (int i = 0; i < sizes.Length; i++)
                if (sizes[i] == 0 && !allowZero) sizes[i] = i < from.Rank ? from[i] : throw call.Node.Bad($"keeps the size of dimension {i}; its input {from} has none");
            if (Array.IndexOf(sizes, -1L) is >= 0 and var open)
            {
                sizes[open] = 1;
                int known = call.ShapeOf(sizes).Count;
                if (known == 0 || from.Count % known != 0) throw call.Node.Bad($"cannot arrange {from} as [{string.Join(", ", call.Integers(1).Values)}]: {from.Count} elements are no multiple of {known}");
                sizes[open] = from.Count / known;
            }
            Shape to = call.ShapeOf(sizes);
            return to.Count == from.Count ? Reshaped(call.Value(0), to) : throw call.Node.Bad($"cannot arrange {from} as {to}; expected as many elements");
        };
    }

    private static NodeFunction PrepareFlatten(GraphNode node)
    {
        long first = node.Integer("axis", 1);
        return call =>
        {
            Shape from = call.Value(0).Shape;
            int axis = first == from.Rank ? from.Rank : call.Axis(first, from.Rank);
            return Reshaped(call.Value(0), [from.CountOf(0, axis), from.CountOf(axis, from.Rank)]);
        };
    }

    private static NodeFunction PrepareSqueeze(GraphNode node)
    {
        var axes = Axes(node, inputFrom: 13);
        return call =>
        {
            int[] sizes = call.Value(0).Shape.ToArray();
            int[]? left = axes(call) is { } given ? call.Axes(given, sizes.Length) : null;
            foreach (int axis in left ?? [])
                if (sizes[axis] != 1) throw call.Node.Bad($"drops the axis {axis} of {call.Value(0).Shape}, whose size is not 1");
            return Reshaped(call.Value(0), new Shape([.. sizes.Where((size, axis) => left is null ? size != 1 : !left.Contains(axis))]));
        };
    }

    private static NodeFunction PrepareUnsqueeze(GraphNode node)
    {
        var axes = Axes(node, inputFrom: 13);
        return call =>
        {
            Shape from = call.Value(0).Shape;
            long[] given = axes(call) ?? throw call.Node.Bad("names no axes");
            int[] added = call.Axes(given, from.Rank + given.Length);
            Array.Sort(added);
            List<int> sizes = [.. from.ToArray()];
            foreach (int axis in added) sizes.Insert(axis, 1);
            return Reshaped(call.Value(0), new Shape([.. sizes]));
        };
    }

    private static NodeFunction PrepareTranspose(GraphNode node)
    {
        long[]? given = node.Integers("perm");
        return call =>
        {
            int rank = call.Value(0).Shape.Rank;
            int[] order = call.Axes(given ?? [.. Enumerable.Range(1, rank).Select(i => (long)(rank - i))], rank);
            if (order.Length != rank) throw call.Node.Bad($"orders {order.Length} dimensions of {call.Value(0).Shape}; expected all {rank}");
            return call.Value(0).WholeNumbers is { } whole ? OnnxValue.Of(whole.Permute(order)) : call.Tensor(0).Permute(order);
        };
    }

    private static OnnxValue Expand(NodeCall call)
    {
        OnnxValue value = call.Value(0);
        Shape to = call.Broadcast(value.Shape, call.ShapeOf(call.Integers(1).Values, value.IsInteger), value.IsInteger);
        return value.WholeNumbers is { } whole ? OnnxValue.Of(whole.Expand(to)) : Expanded(value.Tensor, to);
    }

    private static NodeFunction PrepareConcat(GraphNode node)
    {
        if (!node.HasAttribute("axis")) throw node.Bad("has no axis; expected one");
        long along = node.Integer("axis", 0);
        return call =>
        {
            var parts = Enumerable.Range(0, call.InputCount).Select(i => call.Value(i)).ToArray();
            Shape first = parts[0].Shape;
            int axis = call.Axis(along, first.Rank);
            foreach (OnnxValue part in parts)
                if (part.Shape.Rank != first.Rank || part.Shape.With(axis, 0) != first.With(axis, 0)) throw call.Node.Bad($"puts {first} and {part.Shape} together along axis {axis}; the other sizes must be equal");
            bool integers = parts[0].IsInteger;
            long[] sizes = Array.ConvertAll(first.ToArray(), size => (long)size);
            sizes[axis] = parts.Sum(part => (long)part.Shape[axis]);
            Shape to = call.ShapeOf(sizes, integers);
            return integers
                ? OnnxValue.Of(IntegerTensor.Concat(axis, [.. Enumerable.Range(0, parts.Length).Select(call.Integers)], to))
                : Tensor.Concat(axis, [.. Enumerable.Range(0, parts.Length).Select(call.Tensor)]);
        };
    }

    private static NodeFunction PrepareShape(GraphNode node)
    {
        long start = node.Integer("start", 0), end = node.Integer("end", long.MaxValue);
        return call =>
        {
            Shape shape = call.Value(0).Shape;
            int first = (int)Math.Clamp(start < 0 ? start + shape.Rank : start, 0, shape.Rank), last = (int)Math.Clamp(end < 0 ? end + shape.Rank : end, 0, shape.Rank);
            return OnnxValue.Of(IntegerTensor.Of(Array.ConvertAll(shape.ToArray()[first..Math.Max(first, last)], size => (long)size)));
        };
    }
}
