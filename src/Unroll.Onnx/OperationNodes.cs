using Unroll.Layers;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Onnx;

/// <summary>How each operation is written as nodes of ONNX.</summary>
internal static class OperationNodes
{
    private static readonly Dictionary<Type, Action<PairedCall>> Writers = new()
    {
        [typeof(Add)] = Plain("Add"),
        [typeof(Subtract)] = Plain("Sub"),
        [typeof(Multiply)] = Plain("Mul"),
        [typeof(Divide)] = Plain("Div"),
        [typeof(Negate)] = Plain("Neg"),
        [typeof(Exp)] = Plain("Exp"),
        [typeof(Log)] = Plain("Log"),
        [typeof(Sqrt)] = Plain("Sqrt"),
        [typeof(Square)] = static call => call.SetOutput(0, call.Graph.Node("Mul", [call.Input(0), call.Input(0)])),
        [typeof(Tanh)] = Plain("Tanh"),
        [typeof(Sigmoid)] = Plain("Sigmoid"),
        [typeof(Relu)] = Plain("Relu"),
        [typeof(Softplus)] = Plain("Softplus"),
        [typeof(Softmax)] = Plain("Softmax", ("axis", -1L)),
        [typeof(LogSoftmax)] = Plain("LogSoftmax", ("axis", -1L)),
        [typeof(LayerNormalization)] = static call => call.SetOutput(0, call.Graph.Node("LayerNormalization", [call.Input(0), call.Input(1), call.Input(2)], ("axis", -1L), ("epsilon", call.Real(0)))),
        [typeof(MatMul)] = WriteMatMul,
        [typeof(Sum)] = WriteSum,
        [typeof(Max)] = static call => call.SetOutput(0, Reduce(call, "ReduceMax")),
        [typeof(Reshape)] = static call => call.SetOutput(0, call.Writer.Reshape(call.Input(0), call.InputShape(0), call.OutputShape(0))),
        [typeof(Permute)] = WritePermute,
        [typeof(Slice)] = WriteSlice,
        [typeof(Concat)] = static call => call.SetOutput(0, call.Graph.Node("Concat", Inputs(call), ("axis", (long)AxisOf(call, 0)))),
        [typeof(Gather)] = static call => call.SetOutput(0, call.Graph.Node("Gather", [call.Input(0), call.Whole(call.OutputShape(0)[..^1])!], ("axis", 0L))),
        [typeof(Where)] = static call => call.SetOutput(0, call.Graph.Node("Where", [call.Graph.Node("Cast", [call.Input(2)], ("to", (long)Messages.TensorProto.Types.DataType.Bool)), call.Input(0), call.Input(1)])),
        [typeof(LengthMask)] = static call => call.SetOutput(0, call.Graph.Node("Where",
            [call.Writer.Mask(call.Whole(call.OutputShape(0)[..1])!, call.OutputShape(0)[1], call.Integer(1)), call.Graph.Constant(call.Real(0)), call.Graph.Constant(call.Real(1))])),
        [typeof(LastStep)] = WriteLastStep,
        [typeof(RecurrentOperation)] = RecurrentNodes.Write,
    };

    /// <summary>Whether an operation can be written.</summary>
    public static bool Knows(Type operation) => Writers.ContainsKey(operation);

    /// <summary>Writes an operation.</summary>
    /// <exception cref="BadUsageException">It is one of training.</exception>
    public static void Write(PairedCall call)
    {
        Type type = call.Operation.GetType();
        if (!Writers.TryGetValue(type, out Action<PairedCall>? write)) throw new BadUsageException($"The pass runs {call.Operation.Name}, which is for training and has no form in ONNX; leave losses and dropout out of it.");
        write(call);
    }

    private static Action<PairedCall> Plain(string name, params (string, object)[] attributes) => call => call.SetOutput(0, call.Graph.Node(name, Inputs(call), attributes));

    private static string[] Inputs(PairedCall call)
    {
        var inputs = new string[call.InputCount];
        for (int i = 0; i < inputs.Length; i++) inputs[i] = call.Input(i);
        return inputs;
    }

    /// <summary>The dimension that an attribute names, from 0.</summary>
    private static int AxisOf(PairedCall call, int attribute)
    {
        int axis = call.Integer(attribute);
        return axis < 0 ? axis + call.InputShape(0).Length : axis;
    }

    private static void WriteMatMul(PairedCall call) =>
        call.SetOutput(0, call.Graph.Node("MatMul", [Operand(call, 0, call.Integer(0) != 0), Operand(call, 1, call.Integer(1) != 0)]));

    private static string Operand(PairedCall call, int input, bool transposed)
    {
        if (!transposed) return call.Input(input);
        int rank = call.InputShape(input).Length;
        long[] order = [.. Enumerable.Range(0, rank).Select(i => (long)i)];
        (order[^1], order[^2]) = (order[^2], order[^1]);
        return call.Graph.Node("Transpose", [call.Input(input)], ("perm", order));
    }

    /// <summary>A sum with a factor; a mean where the factor is one over the number of terms.</summary>
    private static void WriteSum(PairedCall call)
    {
        bool all = call.Integer(0) == Sum.AllAxes;
        (Shape first, Shape second) = call.InputShapes(0);
        (float one, float two) = call.Reals(0);
        int axis = all ? 0 : AxisOf(call, 0);
        if (one != 1 && one == 1f / (all ? first.Count : first[axis]) && two == 1f / (all ? second.Count : second[axis]))
        {
            call.SetOutput(0, Reduce(call, "ReduceMean"));
            return;
        }
        string sum = Reduce(call, "ReduceSum");
        float factor = call.Real(0);
        call.SetOutput(0, factor == 1 ? sum : call.Graph.Node("Mul", [sum, call.Graph.Constant(factor)]));
    }

    private static string Reduce(PairedCall call, string name)
    {
        (string, object) keep = ("keepdims", (long)(call.Integer(1) != 0 ? 1 : 0));
        return call.Integer(0) == Sum.AllAxes ? call.Graph.Node(name, [call.Input(0)], keep) : call.Graph.Node(name, [call.Input(0), call.Graph.Constant((long)AxisOf(call, 0))], keep);
    }

    private static void WritePermute(PairedCall call)
    {
        int rank = call.InputShape(0).Length;
        call.SetOutput(0, call.Graph.Node("Transpose", [call.Input(0)], ("perm", Array.ConvertAll(call.FixedList, axis => (long)(axis < 0 ? axis + rank : axis)))));
    }

    private static void WriteSlice(PairedCall call)
    {
        int axis = AxisOf(call, 0), start = call.Integer(1);
        SizeExpression from = call.InputShape(0)[axis], to = call.OutputShape(0)[axis];
        if (start == 0 && from.Equals(to))
        {
            call.SetOutput(0, call.Input(0));
            return;
        }
        string end = call.Writer.Size(to.IsFixed ? to with { Factor = to.Factor + start } : to with { Offset = to.Offset + start });
        call.SetOutput(0, call.Graph.Node("Slice", [call.Input(0), call.Graph.Constant((long)start), end, call.Graph.Constant((long)axis)]));
    }

    private static void WriteLastStep(PairedCall call)
    {
        string last = call.Graph.Node("Sub", [call.Graph.Node("Max", [call.Whole(call.InputShape(0)[..1])!, call.Graph.Constant(1L)]), call.Graph.Constant(1L)]);
        call.SetOutput(0, call.Graph.Node("GatherND", [call.Input(0), call.Graph.Node("Unsqueeze", [last, call.Graph.Constant(1L)])], ("batch_dims", 1L)));
    }
}
