using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>The operators that take some places of a dimension.</summary>
internal static class IndexOperators
{
    public static IEnumerable<KeyValuePair<string, Operator>> All { get; } = new Dictionary<string, Operator>
    {
        ["Gather"] = new(2, 2, PrepareGather),
        ["GatherND"] = new(2, 2, PrepareGatherOfSeveral),
        ["Slice"] = new(1, 5, PrepareSlice),
        ["Split"] = new(1, 2, PrepareSplit) { Outputs = int.MaxValue },
    };

    private static NodeFunction PrepareGather(GraphNode node)
    {
        long along = node.Integer("axis", 0);
        return call =>
        {
            Shape from = call.Value(0).Shape;
            int axis = call.Axis(along, from.Rank), size = from[axis];
            IntegerTensor indices = call.Integers(1);
            int[] places = Array.ConvertAll(indices.Values, index => index >= -size && index < size ? (int)(index < 0 ? index + size : index)
                : throw call.Node.Bad($"asks for place {index} of axis {axis} of {from}; expected one from {-size} to {size - 1}"));
            long[] sizes = [.. from.ToArray()[..axis], .. indices.Shape.ToArray(), .. from.ToArray()[(axis + 1)..]];
            Shape to = call.ShapeOf(sizes, call.Value(0).IsInteger);
            if (call.Value(0).WholeNumbers is { } whole) return OnnxValue.Of(whole.Pick(axis, places).Reshape(to));
            Tensor x = call.Tensor(0);
            return indices.Shape.Rank == 0 ? x.Select(axis, places[0])
                : axis == 0 && from.Rank == 2 ? x.Gather(places, indices.Shape)
                : Pick(x, axis, places).Reshape(to);
        };
    }

    /// <summary>Places of several dimensions at once, the first of which may go along with the indices' own: rows of a table whose rows are those dimensions.</summary>
    private static NodeFunction PrepareGatherOfSeveral(GraphNode node)
    {
        long along = node.Integer("batch_dims", 0);
        return call =>
        {
            Tensor x = call.Tensor(0);
            IntegerTensor indices = call.Integers(1);
            int[] from = x.Shape.ToArray(), of = indices.Shape.ToArray();
            int most = Math.Min(from.Length, of.Length - 1);
            if (of.Length == 0 || along < 0 || along > most || !from.AsSpan(0, (int)along).SequenceEqual(of.AsSpan(0, (int)along)))
                throw call.Node.Bad($"has {x.Shape}, indices {indices.Shape} and batch_dims {along}; expected as many dimensions that both begin with");
            int batch = (int)along, depth = of[^1];
            if (depth < 1 || batch + depth > from.Length) throw call.Node.Bad($"has {x.Shape} and indices {indices.Shape}; expected 1 to {from.Length - batch} numbers in each index");
            int rowsOfBatch = x.Shape.CountOf(batch, batch + depth), batches = x.Shape.CountOf(0, batch), count = indices.Values.Length / depth;
            int[] rows = new int[count];
            for (int i = 0; i < count; i++)
            {
                int row = 0;
                for (int d = 0; d < depth; d++)
                {
                    int size = from[batch + d];
                    long place = indices.Values[i * depth + d];
                    if (place < -size || place >= size) throw call.Node.Bad($"asks for place {place} of axis {batch + d} of {x.Shape}; expected one from {-size} to {size - 1}");
                    row = row * size + (int)(place < 0 ? place + size : place);
                }
                rows[i] = (int)((long)i * batches / count) * rowsOfBatch + row;
            }
            Shape to = call.ShapeOf([.. of[..^1], .. from[(batch + depth)..]]);
            return x.Reshape(batches * rowsOfBatch, x.Shape.CountOf(batch + depth, x.Shape.Rank)).Gather(rows, [count]).Reshape(to);
        };
    }

    /// <summary>Places of one dimension, in any order: rows of a table whose rows are that dimension.</summary>
    private static Tensor Pick(Tensor x, int axis, int[] places)
    {
        Shape from = x.Shape;
        int[] first = [axis, .. Enumerable.Range(0, from.Rank).Where(d => d != axis)];
        Tensor rows = x.Permute(first).Reshape(from[axis], from.Without(axis).Count).Gather(places, [places.Length]);
        int[] sizes = [places.Length, .. from.Without(axis).ToArray()], back = [.. Enumerable.Range(1, axis), 0, .. Enumerable.Range(axis + 1, from.Rank - 1 - axis)];
        return rows.Reshape(new Shape(sizes)).Permute(back);
    }

    private static NodeFunction PrepareSlice(GraphNode node)
    {
        if (node.Opset >= 10) return static call => Sliced(call, call.Integers(1).Values, call.Integers(2).Values, call.List(3), call.List(4));
        long[] starts = node.Integers("starts") ?? throw node.Bad("has no starts"), ends = node.Integers("ends") ?? throw node.Bad("has no ends");
        long[]? axes = node.Integers("axes");
        return call => Sliced(call, starts, ends, axes, null);
    }

    private static OnnxValue Sliced(NodeCall call, long[] starts, long[] ends, long[]? given, long[]? steps)
    {
        OnnxValue value = call.Value(0);
        int[] axes = call.Axes(given ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)], value.Shape.Rank);
        if (starts.Length != axes.Length || ends.Length != axes.Length || steps is not null && steps.Length != axes.Length)
            throw call.Node.Bad($"has {starts.Length} starts, {ends.Length} ends, {axes.Length} axes and {steps?.Length ?? axes.Length} steps; expected as many of each");
        for (int i = 0; i < axes.Length; i++)
        {
            int size = value.Shape[axes[i]];
            long step = steps?[i] ?? 1;
            if (step == 0) throw call.Node.Bad("has the step 0");
            // A step back may end before the first place, at −1.
            int low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
            long start = Math.Clamp(starts[i] < 0 ? starts[i] + size : starts[i], Math.Min(0, high), high), end = Math.Clamp(ends[i] < 0 ? ends[i] + size : ends[i], low, high);
            long count = step > 0 ? (end > start ? (end - start - 1) / step + 1 : 0) : start > end ? (start - end - 1) / -step + 1 : 0;
            value = Part(value, axes[i], (int)start, (int)count, step);
        }
        return value;
    }

    private static OnnxValue Part(OnnxValue value, int axis, int start, int count, long step)
    {
        if (step == 1 && !value.IsInteger) return value.Tensor.Slice(axis, start, count);
        int[] places = new int[count];
        for (int i = 0; i < count; i++) places[i] = (int)(start + i * step);
        return value.WholeNumbers is { } whole ? OnnxValue.Of(whole.Pick(axis, places)) : Pick(value.Tensor, axis, places);
    }

    private static NodeFunction PrepareSplit(GraphNode node)
    {
        long along = node.Integer("axis", 0);
        long[]? fixedSizes = node.Opset < 13 ? node.Integers("split") : null;
        int parts = node.Message.Output.Count;
        if (node.Opset >= 18 && node.Integer("num_outputs", parts) is var wanted && wanted != parts) throw node.Bad($"has {parts} outputs; its num_outputs is {wanted}");
        return call =>
        {
            Shape from = call.Value(0).Shape;
            int axis = call.Axis(along, from.Rank), each = (from[axis] + parts - 1) / parts;
            long[] sizes = fixedSizes ?? call.List(1) ?? [.. Enumerable.Range(0, parts).Select(i => (long)Math.Clamp(from[axis] - i * (long)each, 0, each))];
            if (sizes.Length != parts || sizes.Any(size => size < 0 || size > from[axis]) || sizes.Sum() != from[axis])
                throw call.Node.Bad($"splits axis {axis} of {from} into [{string.Join(", ", sizes.Take(8))}]; expected {parts} sizes whose sum is {from[axis]}");
            int start = 0;
            OnnxValue first = default;
            for (int i = 0; i < parts; start += (int)sizes[i++])
            {
                OnnxValue part = Part(call.Value(0), axis, start, (int)sizes[i], 1);
                if (i == 0) first = part;
                else call.Set(i, part);
            }
            return first;
        };
    }
}
