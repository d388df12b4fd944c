using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>The operators that make numbers of none.</summary>
internal static class ConstantOperators
{
    private static readonly string[] ConstantForms = ["value", "value_float", "value_floats", "value_int", "value_ints"];

    public static IEnumerable<KeyValuePair<string, Operator>> All { get; } = new Dictionary<string, Operator>
    {
        ["Constant"] = new(0, 0, PrepareConstant),
        ["ConstantOfShape"] = new(1, 1, PrepareConstantOfShape),
        ["Range"] = new(3, 3, _ => Range),
    };

    private static NodeFunction PrepareConstant(GraphNode node)
    {
        if (ConstantForms.Count(node.HasAttribute) != 1) throw node.Bad($"has not one value; expected one of {string.Join(", ", ConstantForms)}");
        OnnxValue value = node.Tensor("value") is { } tensor ? TensorMessage.Value(node.Title, tensor)
            : node.Reals("value_floats") is { } reals ? Tensor.From(reals, [reals.Length]).Detach()
            : node.Integers("value_ints") is { } integers ? OnnxValue.Of(IntegerTensor.Of(integers))
            : node.HasAttribute("value_int") ? OnnxValue.Of(IntegerTensor.Scalar(node.Integer("value_int", 0)))
            : Tensor.From(node.Real("value_float", 0)).Detach();
        return _ => value;
    }

    private static NodeFunction PrepareConstantOfShape(GraphNode node)
    {
        OnnxValue value = node.Tensor("value") is { } tensor ? TensorMessage.Value(node.Title, tensor) : Tensor.From(0).Detach();
        if (value.Shape.Count != 1) throw node.Bad($"fills with {value.Shape}; expected one number");
        return call =>
        {
            Shape shape = call.ShapeOf(call.Integers(0).Values, value.IsInteger);
            if (!value.IsInteger) return Tensor.Full(shape, value.Tensor.Span[0]);
            var filled = new long[shape.Count];
            Array.Fill(filled, value.Integers[0]);
            return OnnxValue.Of(new IntegerTensor(filled, shape));
        };
    }

    private static OnnxValue Range(NodeCall call)
    {
        double start = call.Number(0), limit = call.Number(1), step = call.Number(2);
        double count = Math.Max(0, Math.Ceiling((limit - start) / step));
        if (!(count <= NodeCall.MostIntegers)) throw call.Node.Bad($"counts from {start} to {limit} by {step}; at most {NodeCall.MostIntegers} numbers are made here");
        if (!call.Value(0).IsInteger) return Tensor.From([.. Enumerable.Range(0, (int)count).Select(i => (float)(start + i * step))], [(int)count]);
        long first = call.Integers(0).Values[0], by = call.Integers(2).Values[0];
        return OnnxValue.Of(IntegerTensor.Of([.. Enumerable.Range(0, (int)count).Select(i => first + i * by)]));
    }
}
