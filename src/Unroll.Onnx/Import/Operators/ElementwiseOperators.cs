using Unroll.Tensors;
using static Unroll.Onnx.Messages.TensorProto.Types;

namespace Unroll.Onnx.Import;

/// <summary>The operators that compute number by number. Whole numbers and truth values are computed at once, tensors on the tape.</summary>
internal static class ElementwiseOperators
{
    public static IEnumerable<KeyValuePair<string, Operator>> All { get; } = new Dictionary<string, Operator>
    {
        ["Add"] = Binary((a, b) => a + b, (a, b) => a + b),
        ["Sub"] = Binary((a, b) => a - b, (a, b) => a - b),
        ["Mul"] = Binary((a, b) => a * b, (a, b) => a * b),
        ["Div"] = new(2, 2, _ => Divide),
        ["Pow"] = new(2, 2, _ => Power),
        ["Neg"] = new(1, 1, _ => call => call.Value(0).WholeNumbers is { } whole ? OnnxValue.Of(new IntegerTensor(Array.ConvertAll(whole.Values, value => -value), whole.Shape)) : -call.Tensor(0)),
        ["Max"] = Extreme(isMost: true),
        ["Min"] = Extreme(isMost: false),
        ["Exp"] = Unary(x => x.Exp()),
        ["Log"] = Unary(x => x.Log()),
        ["Sqrt"] = Unary(x => x.Sqrt()),
        ["Tanh"] = Unary(x => x.Tanh()),
        ["Sigmoid"] = Unary(x => x.Sigmoid()),
        ["Relu"] = Unary(x => x.Relu()),
        ["Softplus"] = Unary(x => x.Softplus()),
        ["Less"] = Comparison((a, b) => a < b, (a, b) => a < b),
        ["LessOrEqual"] = Comparison((a, b) => a <= b, (a, b) => a <= b),
        ["Greater"] = Comparison((a, b) => a > b, (a, b) => a > b),
        ["GreaterOrEqual"] = Comparison((a, b) => a >= b, (a, b) => a >= b),
        ["Equal"] = Comparison((a, b) => a == b, (a, b) => a == b),
        ["And"] = Logic((a, b) => a & b),
        ["Or"] = Logic((a, b) => a | b),
        ["Not"] = new(1, 1, _ => call => OnnxValue.Of(new IntegerTensor(Array.ConvertAll(call.Integers(0).Values, value => value == 0 ? 1L : 0), call.Integers(0).Shape))),
        ["Where"] = new(3, 3, _ => Where),
        ["Cast"] = new(1, 1, PrepareCast),
        ["Identity"] = new(1, 1, _ => call => call.Value(0)),
        ["Dropout"] = new(1, 3, PrepareDropout),
    };

    /// <summary>The numbers as a tensor, truth values as 0 and 1.</summary>
    public static Tensor ToTensor(OnnxValue value) =>
        value.WholeNumbers is { } whole ? Tensor.From(Array.ConvertAll(whole.Values, number => (float)number), whole.Shape) : value.Tensor;

    private static Operator Unary(Func<Tensor, Tensor> function) => new(1, 1, _ => call => function(call.Tensor(0)));

    private static Operator Binary(Func<Tensor, Tensor, Tensor> function, Func<long, long, long> whole) => new(2, 2, _ => call =>
    {
        if (call.Value(0).WholeNumbers is { } a && call.Value(1).WholeNumbers is { } b) return OnnxValue.Of(IntegerTensor.Zip(a, b, call.Broadcast(a.Shape, b.Shape, integers: true), whole));
        var (left, right) = (call.Tensor(0), call.Tensor(1));
        call.Broadcast(left.Shape, right.Shape);
        return function(left, right);
    });

    /// <summary>The greatest or least of any number of inputs. The gradient of a tensor goes to the first that is it.</summary>
    private static Operator Extreme(bool isMost) => new(1, int.MaxValue, _ => call =>
    {
        OnnxValue found = call.Value(0);
        for (int i = 1; i < call.InputCount; i++)
        {
            if (found.WholeNumbers is { } a && call.Value(i).WholeNumbers is { } b)
            {
                found = OnnxValue.Of(IntegerTensor.Zip(a, b, call.Broadcast(a.Shape, b.Shape, integers: true), isMost ? Math.Max : Math.Min));
                continue;
            }
            if (found.IsInteger) throw call.Node.Bad("compares whole numbers with a tensor");
            var (left, right) = (found.Tensor, call.Tensor(i));
            Shape to = call.Broadcast(left.Shape, right.Shape);
            float[] first = Strides.Walk(left.Span, to, Strides.Stretched(left.Shape, to)), second = Strides.Walk(right.Span, to, Strides.Stretched(right.Shape, to));
            found = Tensor.Where(Tensor.From([.. first.Zip(second, (x, y) => float.IsNaN(x) || (isMost ? x >= y : x <= y) ? 1f : 0)], to), left, right);
        }
        return found;
    });

    private static OnnxValue Divide(NodeCall call)
    {
        if (call.Value(1).WholeNumbers is { } divisor && divisor.Values.Contains(0)) throw call.Node.Bad("divides a whole number by 0");
        // The least number has no opposite, and the processor stops at it.
        return Binary((a, b) => a / b, (a, b) => b == -1 ? -a : a / b).Prepare(call.Node)(call);
    }

    private static OnnxValue Power(NodeCall call)
    {
        Tensor x = call.Tensor(0);
        return call.Number(1) switch
        {
            0.5 => x.Sqrt(),
            1 => x,
            2 => x.Square(),
            3 => x * x.Square(),
            var other => throw call.Node.Bad($"has the exponent {other}; known are 0.5, 1, 2 and 3"),
        };
    }

    private static Operator Comparison(Func<float, float, bool> function, Func<long, long, bool> whole) => new(2, 2, _ => call =>
    {
        if (call.Value(0).WholeNumbers is { } a && call.Value(1).WholeNumbers is { } b)
            return OnnxValue.Of(IntegerTensor.Zip(a, b, call.Broadcast(a.Shape, b.Shape, integers: true), (x, y) => whole(x, y) ? 1 : 0));
        var (left, right) = (call.Tensor(0), call.Tensor(1));
        Shape to = call.Broadcast(left.Shape, right.Shape, integers: true);
        float[] first = Strides.Walk(left.Span, to, Strides.Stretched(left.Shape, to)), second = Strides.Walk(right.Span, to, Strides.Stretched(right.Shape, to));
        return OnnxValue.Of(new IntegerTensor([.. first.Zip(second, (x, y) => function(x, y) ? 1L : 0)], to));
    });

    private static Operator Logic(Func<bool, bool, bool> function) => new(2, 2, _ => call =>
    {
        var (a, b) = (call.Integers(0), call.Integers(1));
        return OnnxValue.Of(IntegerTensor.Zip(a, b, call.Broadcast(a.Shape, b.Shape, integers: true), (x, y) => function(x != 0, y != 0) ? 1 : 0));
    });

    private static OnnxValue Where(NodeCall call)
    {
        IntegerTensor condition = call.Integers(0);
        if (call.Value(1).WholeNumbers is not { } yes || call.Value(2).WholeNumbers is not { } no)
        {
            var (a, b) = (call.Tensor(1), call.Tensor(2));
            call.Broadcast(condition.Shape, call.Broadcast(a.Shape, b.Shape));
            return Tensor.Where(ToTensor(call.Value(0)), a, b);
        }
        Shape to = call.Broadcast(condition.Shape, call.Broadcast(yes.Shape, no.Shape, integers: true), integers: true);
        long[] from = condition.Expand(to).Values;
        IntegerTensor both = IntegerTensor.Zip(yes, no, to, (a, _) => a), other = no.Expand(to);
        return OnnxValue.Of(new IntegerTensor([.. from.Select((value, i) => value != 0 ? both.Values[i] : other.Values[i])], to));
    }

    private static NodeFunction PrepareCast(GraphNode node)
    {
        var to = (DataType)node.Integer("to", 0);
        node.Integer("saturate", 1);   // of 8-bit types, which are refused
        return to switch
        {
            DataType.Float => call => ToTensor(call.Value(0)),
            DataType.Bool => call => OnnxValue.Of(Whole(call.Value(0), value => value != 0 ? 1 : 0, value => value != 0 ? 1 : 0)),
            DataType.Int64 or DataType.Int32 => call => OnnxValue.Of(Whole(call.Value(0), value => value, value => (long)value)),
            _ => throw node.Bad($"casts to {to}; known are FLOAT, INT64, INT32 and BOOL: export the model in single precision"),
        };

        static IntegerTensor Whole(OnnxValue value, Converter<long, long> ofWhole, Converter<float, long> ofSingle) => value.WholeNumbers is { } whole
            ? new(Array.ConvertAll(whole.Values, ofWhole), whole.Shape)
            : new(Array.ConvertAll(value.Tensor.ToArray(), ofSingle), value.Shape);
    }

    private static NodeFunction PrepareDropout(GraphNode node)
    {
        node.Real("ratio", 0);
        node.Integer("seed", 0);
        return call => !call.Has(2) || call.Number(2) == 0 ? call.Value(0) : throw call.Node.Bad("is in training mode; export the model for inference");
    }
}
