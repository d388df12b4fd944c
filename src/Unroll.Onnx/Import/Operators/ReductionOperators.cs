using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Onnx.Import;

/// <summary>The operators along dimensions: sums, means, largest, softmax and layer normalisation.</summary>
internal static class ReductionOperators
{
    public static IEnumerable<KeyValuePair<string, Operator>> All { get; } = new Dictionary<string, Operator>
    {
        ["ReduceSum"] = Reduction(13, (x, axis) => x.Sum(axis, keep: true), (a, b) => a + b, 0),
        ["ReduceMean"] = Reduction(18, (x, axis) => x.Mean(axis, keep: true), null, 0),
        ["ReduceMax"] = Reduction(18, (x, axis) => x.Max(axis, keep: true), Math.Max, long.MinValue),
        ["Softmax"] = Along(x => x.Softmax(), (x, axis) => x.Softmax(axis)),
        ["LogSoftmax"] = Along(x => x.LogSoftmax(), (x, axis) => x.LogSoftmax(axis)),
        ["LayerNormalization"] = new(2, 3, PrepareLayerNormalization),
    };

    private static Operator Reduction(int inputFrom, Func<Tensor, int, Tensor> function, Func<long, long, long>? whole, long start) => new(1, 2, node =>
    {
        var axesOf = ShapeOperators.Axes(node, inputFrom);
        bool keep = node.Integer("keepdims", 1) != 0, nothing = node.Opset >= inputFrom && node.Flag("noop_with_empty_axes");
        return call =>
        {
            Shape from = call.Value(0).Shape;
            long[] given = axesOf(call) ?? [];
            if (given.Length == 0 && nothing) return call.Value(0);
            int[] axes = given.Length == 0 ? [.. Enumerable.Range(0, from.Rank)] : call.Axes(given, from.Rank);
            Shape kept = new([.. from.ToArray().Select((size, axis) => axes.Contains(axis) ? 1 : size)]);
            Shape to = keep ? kept : new Shape([.. from.ToArray().Where((_, axis) => !axes.Contains(axis))]);
            if (call.Value(0).WholeNumbers is { } numbers)
                return OnnxValue.Of(Reduce(numbers, kept, whole ?? throw call.Node.Bad("takes the mean of whole numbers; cast them to FLOAT first"), start).Reshape(to));
            Tensor x = call.Tensor(0);
            foreach (int axis in axes) x = function(x, axis);
            return x.Reshape(to);
        };
    });

    private static IntegerTensor Reduce(IntegerTensor numbers, Shape to, Func<long, long, long> function, long start)
    {
        var result = new long[to.Count];
        Array.Fill(result, start);
        int[] places = Strides.Walk<int>([.. Enumerable.Range(0, to.Count)], numbers.Shape, Strides.Stretched(to, numbers.Shape));
        for (int i = 0; i < places.Length; i++) result[places[i]] = function(result[places[i]], numbers.Values[i]);
        return new(result, to);
    }

    /// <summary>Along one dimension, by default the last; before opset 13 along all from one on, by default the second.</summary>
    private static Operator Along(Func<Tensor, Tensor> last, Func<Tensor, int, Tensor> along) => new(1, 1, node =>
    {
        long given = node.Integer("axis", node.Opset >= 13 ? -1 : 1);
        return call =>
        {
            Tensor x = call.Tensor(0);
            Shape shape = x.Shape;
            int axis = call.Axis(given, shape.Rank);
            return node.Opset >= 13 || axis == shape.Rank - 1 ? along(x, axis) : last(x.Reshape(shape.CountOf(0, axis), shape.CountOf(axis, shape.Rank))).Reshape(shape);
        };
    });

    private static NodeFunction PrepareLayerNormalization(GraphNode node)
    {
        long first = node.Integer("axis", -1);
        float epsilon = node.Real("epsilon", 1e-5f);
        node.Integer("stash_type", 1);   // what the variance is computed in: single precision here
        return call =>
        {
            Tensor x = call.Tensor(0), gain = call.Tensor(1);
            Shape shape = x.Shape;
            int axis = call.Axis(first, shape.Rank), width = shape.CountOf(axis, shape.Rank);
            Tensor bias = call.Has(2) ? call.Tensor(2) : Tensor.Zeros([width]);
            if (gain.Shape.Count != width || bias.Shape.Count != width) throw call.Node.Bad($"has a scale {gain.Shape} and a bias {bias.Shape} for rows of {width} numbers; expected as many");
            return LayerNormalization.Apply(x.Reshape(shape.CountOf(0, axis), width), gain.Reshape(width), bias.Reshape(width), epsilon).Reshape(shape);
        };
    }
}
