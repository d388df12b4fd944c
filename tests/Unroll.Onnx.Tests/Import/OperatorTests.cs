using Unroll.Onnx.Import;
using Unroll.Tensors;
using Unroll.Tests;
using static Unroll.Onnx.Messages.TensorProto.Types;

namespace Unroll.Onnx.Tests.Import;

/// <summary>The operators beside the recurrent ones: what small graphs of them give, also in ONNX Runtime.</summary>
public sealed class OperatorTests
{
    private static readonly OnnxValue s_x = Tensor.From([1, -2, 3, 4, 5, -6], [2, 3]);
    private static readonly OnnxValue s_positive = Tensor.From([1, 2, 4, 0.5f, 8, 3], [2, 3]);
    private static readonly OnnxValue s_whole = OnnxValue.Of([7, -2, 3, 4, 0, -6], [2, 3]);

    /// <summary>A graph of inputs a, b … by name, and what it gives.</summary>
    private sealed record Case(string Operator, string Name, Func<ModelBuilder, string> Build, OnnxValue[] Inputs, float[] Expected, long Opset = 17)
    {
        private bool IsWhole => Operator == "Shape" || Inputs.Length > 0 && Inputs[0].IsInteger;

        public IEnumerable<(string, OnnxValue)> Named() => Inputs.Select((value, i) => (((char)('a' + i)).ToString(), value));

        public byte[] ToBytes()
        {
            var model = new ModelBuilder(Opset);
            foreach (var (name, value) in Named()) model.Input(name, value.IsInteger ? DataType.Int64 : DataType.Float);
            string output = Build(model);
            // What computes whole numbers of whole numbers alone gives whole numbers.
            model.Output(output, IsWhole && model.Model.Graph.Node[^1].OpType != "Cast" ? DataType.Int64 : DataType.Float);
            return model.ToBytes();
        }
    }

    private static Case Of(string type, OnnxValue[] inputs, float[] expected, params (string, object)[] attributes) =>
        new(type, $"{type}({string.Join(", ", inputs.Select(input => input.Shape))}; {string.Join(", ", attributes.Select(attribute => attribute.Item1))})",
            model => model.Node(type, [.. inputs.Select((_, i) => ((char)('a' + i)).ToString())], attributes), inputs, expected);

    private static float[] Map(OnnxValue value, Func<double, double> function) => [.. value.Tensor.ToArray().Select(x => (float)function(x))];

    private static OnnxValue Whole(params long[] values) => OnnxValue.Of(values, [values.Length]);

    private static readonly Case[] s_cases =
    [
        Of("Add", [s_x, Tensor.From([10, 20, 30], [3])], [11, 18, 33, 14, 25, 24]),
        Of("Sub", [s_x, Tensor.From([1, 2], [2, 1])], [0, -3, 2, 2, 3, -8]),
        Of("Mul", [s_x, Tensor.From(2f)], [2, -4, 6, 8, 10, -12]),
        Of("Mul", [s_whole, Whole(2, 0, -1)], [14, 0, -3, 8, 0, 6]),
        Of("Div", [s_x, Tensor.From(2f)], [0.5f, -1, 1.5f, 2, 2.5f, -3]),
        Of("Div", [s_whole, Whole(2, 2, -2)], [3, -1, -1, 2, 0, 3]),
        Of("Neg", [s_x], [-1, 2, -3, -4, -5, 6]),
        Of("Neg", [s_whole], [-7, 2, -3, -4, 0, 6]),
        .. ((double[])[0.5, 1, 2, 3]).Select(power => Of("Pow", [s_positive, Tensor.From((float)power)], Map(s_positive, x => Math.Pow(x, power)))),
        Of("Exp", [s_x], Map(s_x, Math.Exp)),
        Of("Log", [s_positive], Map(s_positive, Math.Log)),
        Of("Sqrt", [s_positive], Map(s_positive, Math.Sqrt)),
        Of("Tanh", [s_x], Map(s_x, Math.Tanh)),
        Of("Sigmoid", [s_x], Map(s_x, x => 1 / (1 + Math.Exp(-x)))),
        Of("Relu", [s_x], Map(s_x, x => Math.Max(x, 0))),
        Of("Softplus", [s_x], Map(s_x, x => Math.Log(1 + Math.Exp(x)))),
        Of("Identity", [s_whole], [7, -2, 3, 4, 0, -6]),
        Of("Dropout", [s_x], [1, -2, 3, 4, 5, -6]),
        Truth("Less", [s_x, Tensor.From([1f, 1, 4], [3])], [0, 1, 1, 0, 0, 1]),
        Truth("LessOrEqual", [s_whole, Whole(7, -3, 3)], [1, 0, 1, 1, 0, 1]),
        Truth("Greater", [s_whole, Whole(1, -3, 3)], [1, 1, 0, 1, 1, 0]),
        Truth("GreaterOrEqual", [s_x, Tensor.From([1f, 1, 4], [3])], [1, 0, 0, 1, 1, 0]),
        Truth("Equal", [s_whole, Whole(7, 0, 3)], [1, 0, 1, 0, 1, 0]),
        new("And", "And", model => Single(model, model.Node("And", [model.Node("Less", ["a", "b"]), model.Node("Not", [model.Node("Equal", ["a", "b"])])])), [s_whole, Whole(8, -2, 3)], [1, 0, 0, 1, 0, 1]),
        new("Or", "Or", model => Single(model, model.Node("Or", [model.Node("Less", ["a", "b"]), model.Node("Equal", ["a", "b"])])), [s_whole, Whole(8, -2, 3)], [1, 1, 1, 1, 0, 1]),
        new("Not", "Not", model => Single(model, model.Node("Not", [model.Node("Less", ["a", "b"])])), [s_whole, Whole(8, -2, 3)], [0, 1, 1, 0, 1, 0]),
        Of("Max", [s_x, Tensor.From([0f, 3], [2, 1])], [1, 0, 3, 4, 5, 3]),
        Of("Max", [s_whole, Whole(0), Whole(2)], [7, 2, 3, 4, 2, 2]),
        Of("Min", [s_x, Tensor.From([0f, 3], [2, 1])], [0, -2, 0, 3, 3, -6]),
        Of("GatherND", [s_x, OnnxValue.Of([1L, -1, 0, 0], [2, 2])], [-6, 1]),
        Of("GatherND", [s_x, OnnxValue.Of([2L, 0], [2, 1])], [3, 4], ("batch_dims", 1)),
        Of("GatherND", [s_x, OnnxValue.Of([1L], [1, 1])], [4, 5, -6]),
        new("Where", "Where of tensors", model => model.Node("Where", [model.Node("Less", ["a", "b"]), "a", "b"]), [s_x, Tensor.From([0f], [1])], [0, -2, 0, 0, 0, -6]),
        new("Where", "Where of whole numbers", model => Single(model, model.Node("Where", [model.Node("Less", ["a", "b"]), "a", "b"])), [s_whole, Whole(0)], [0, -2, 0, 0, 0, -6]),
        new("Cast", "Cast there and back", model => Single(model, model.Node("Cast", ["a"], ("to", (int)DataType.Int64))), [Tensor.From([1.7f, -1.7f, 2], [3])], [1, -1, 2]),
        new("Cast", "Cast to truth values", model => Single(model, model.Node("Cast", ["a"], ("to", (int)DataType.Bool))), [Tensor.From([1.7f, 0, -2], [3])], [1, 0, 1]),

        Of("Reshape", [s_x, Whole(0, -1, 1)], [1, -2, 3, 4, 5, -6]),
        Of("Flatten", [Tensor.From([1, 2, 3, 4], [1, 2, 2])], [1, 2, 3, 4], ("axis", 2)),
        Of("Squeeze", [Tensor.From([1, 2], [1, 2, 1]), Whole(0)], [1, 2]),
        Of("Squeeze", [OnnxValue.Of([1, 2], [1, 2, 1])], [1, 2]),
        Of("Unsqueeze", [s_x, Whole(-1, 0)], [1, -2, 3, 4, 5, -6]),
        Of("Transpose", [s_x], [1, 4, -2, 5, 3, -6]),
        Of("Transpose", [s_whole], [7, 4, -2, 0, 3, -6], ("perm", new long[] { 1, 0 })),
        Of("Expand", [Tensor.From([1, 2], [2, 1]), Whole(2, 1, 3)], [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]),
        Of("Expand", [Whole(5, 6), Whole(2, 1)], [5, 6, 5, 6]),
        Of("Concat", [s_x, Tensor.From([8, 9], [2, 1])], [1, -2, 3, 8, 4, 5, -6, 9], ("axis", 1)),
        Of("Concat", [s_whole, OnnxValue.Of([8, 9], [2, 1])], [7, -2, 3, 8, 4, 0, -6, 9], ("axis", -1)),
        Of("Shape", [s_x], [2, 3]),
        Of("Shape", [s_x], [3], ("start", -1)),
        Of("Gather", [s_x, OnnxValue.Of([1, 0, -1], [3, 1])], [4, 5, -6, 1, -2, 3, 4, 5, -6]),
        Of("Gather", [s_x, OnnxValue.Of([2, 0], [2])], [3, 1, -6, 4], ("axis", 1)),
        Of("Gather", [s_x, OnnxValue.Of([1L], [])], [-2, 5], ("axis", 1)),
        Of("Gather", [Tensor.From([.. Enumerable.Range(0, 24).Select(i => (float)i)], [2, 3, 4]), OnnxValue.Of([2, 0], [1, 2])], [8, 9, 10, 11, 0, 1, 2, 3, 20, 21, 22, 23, 12, 13, 14, 15], ("axis", 1)),
        Of("Gather", [s_whole, OnnxValue.Of([1L], [])], [4, 0, -6]),
        Of("Slice", [s_x, Whole(1), Whole(long.MaxValue), Whole(1)], [-2, 3, 5, -6]),
        Of("Slice", [s_x, Whole(-1, 0), Whole(long.MinValue, 3), Whole(0, 1), Whole(-1, 2)], [4, -6, 1, 3]),
        Of("Slice", [s_whole, Whole(-2), Whole(9), Whole(-1)], [-2, 3, 0, -6]),
        new("Slice", "Slice of opset 9", model => model.Node("Slice", ["a"], ("starts", new long[] { 1 }), ("ends", new long[] { 3 }), ("axes", new long[] { 1 })), [s_x], [-2, 3, 5, -6], 9),
        new("Split", "Split in equal parts", model => model.Node("Split", ["a"], 3, ("axis", 1))[1], [s_x], [-2, 5]),
        new("Split", "Split by sizes", model => model.Node("Split", ["a", model.Integers("sizes", [1, 2], 2)], 2, ("axis", -1))[1], [s_x], [-2, 3, 5, -6]),
        new("Split", "Split in unequal parts", model => model.Node("Split", ["a"], 2, ("axis", 1), ("num_outputs", 2))[1], [s_x], [3, -6], 18),
        new("Constant", "Constants of all forms", model => model.Node("Add", [model.Node("Constant", [], ("value", ModelBuilder.Tensor("", [1f, 2], 2))), model.Node("Mul", [model.Node("Constant", [], ("value_float", 2f)), model.Node("Constant", [], ("value_floats", (float[])[3, 4]))])]), [], [7, 10]),
        new("Constant", "Whole constants", model => Single(model, model.Node("Add", [model.Node("Constant", [], ("value_int", 3)), model.Node("Constant", [], ("value_ints", (long[])[3, 4]))])), [], [6, 7]),
        new("ConstantOfShape", "ConstantOfShape of zeros", model => model.Node("ConstantOfShape", [model.Node("Shape", ["a"])]), [s_x], new float[6]),
        new("ConstantOfShape", "ConstantOfShape of ones", model => Single(model, model.Node("ConstantOfShape", ["a"], ("value", ModelBuilder.Tensor("", [1L], 1)))), [Whole(2, 1)], [1, 1]),
        Of("Range", [OnnxValue.Of([7L], []), OnnxValue.Of([0L], []), OnnxValue.Of([-3L], [])], [7, 4, 1]),
        Of("Range", [Tensor.From(0.5f), Tensor.From(2f), Tensor.From(0.5f)], [0.5f, 1, 1.5f]),

        Of("ReduceSum", [s_x, Whole(1)], [2, 3]),
        Of("ReduceSum", [s_x], [5], ("keepdims", 0)),
        Of("ReduceSum", [s_whole, Whole(0)], [11, -2, -3]),
        new("ReduceSum", "ReduceSum of nothing", model => model.Node("ReduceSum", ["a"], ("noop_with_empty_axes", 1)), [s_x], [1, -2, 3, 4, 5, -6]),
        Of("ReduceMean", [s_x], [2f / 3, 1], ("axes", new long[] { -1 }), ("keepdims", 0)),
        new("ReduceMean", "ReduceMean of opset 18", model => model.Node("ReduceMean", ["a", "b"]), [s_x, Whole(0, 1)], [5f / 6], 18),
        Of("ReduceMax", [s_x], [4, 5, 3], ("axes", new long[] { 0 })),
        Of("ReduceMax", [s_whole], [7], ("keepdims", 0)),
        Of("Softmax", [Tensor.From([0, 0, 1, 1], [2, 2])], [0.5f, 0.5f, 0.5f, 0.5f]),
        Of("Softmax", [Tensor.From([0, 0, 0, 0], [2, 2])], [0.5f, 0.5f, 0.5f, 0.5f], ("axis", 0)),
        new("Softmax", "Softmax over two dimensions at once", model => model.Node("Softmax", ["a"]), [Tensor.From([0, 0, 0, 0], [1, 2, 2])], [0.25f, 0.25f, 0.25f, 0.25f], 11),
        Of("LogSoftmax", [Tensor.From([0, 0], [1, 2])], [-MathF.Log(2), -MathF.Log(2)]),
        Of("LayerNormalization", [Tensor.From([1, 3, 2, 6], [2, 2]), Tensor.From([1, 2], [2]), Tensor.From([0, 1], [2])], [-1, 3, -1, 3], ("epsilon", 0f)),
        Of("LayerNormalization", [Tensor.From([1, 3, 1, 3], [1, 2, 2]), Tensor.From([1, 1, 1, 1], [2, 2])], [-1, 1, -1, 1], ("axis", 1), ("epsilon", 0f)),

        Of("MatMul", [s_x, Tensor.From([1, 2, 3], [3])], [6, -4]),
        Of("MatMul", [Tensor.From([1, 2], [2]), s_x], [9, 8, -9]),
        Of("MatMul", [Tensor.From([1, 2, 3, 4], [2, 1, 2]), Tensor.From([1, 10, 100, 1000], [1, 2, 2])], [201, 2010, 403, 4030]),
        Of("MatMul", [Tensor.From([1, 2], [1, 2]), Tensor.From([1, 10, 100, 1000], [2, 2, 1])], [21, 2100]),
        Of("Gemm", [s_x, Tensor.From([1, 0, 1], [1, 3]), Tensor.From([10f], [1])], [22 - 4, 14 - 8], ("transB", 1), ("alpha", 2f)),
        Of("Gemm", [s_x, Tensor.From([1, 1], [2, 1]), Tensor.From([1, 2, 3], [3, 1])], [5 + 0.5f, 3 + 1, -3 + 1.5f], ("transA", 1), ("beta", 0.5f)),
    ];

    private static Case Truth(string type, OnnxValue[] inputs, float[] expected) => new(type, type, model => Single(model, model.Node(type, ["a", "b"])), inputs, expected);

    /// <summary>Whole numbers and truth values as a tensor.</summary>
    private static string Single(ModelBuilder model, string value) => model.Node("Cast", [value], ("to", (int)DataType.Float));

    public static TheoryData<string> Names => [.. s_cases.Select(of => of.Name).Distinct()];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_operator_gives_what_it_says(string name)
    {
        using var folder = new TemporaryFolder();
        foreach (Case of in s_cases.Where(of => of.Name == name)) Compare(of.Name, of.Expected, Run(of, folder));
    }

    [Fact]
    public void Every_operator_has_a_case() => Assert.Equal(Operator.Names.Order(), s_cases.Select(of => of.Operator).Distinct().Order());

    [Fact]
    public void Onnx_runtime_gives_the_same()
    {
        OnnxRuntime.Need();
        // A graph's inputs are declared without their sizes, so that nothing is computed before its time.
        var results = OnnxRuntime.RunEach([.. s_cases.Select(of => (of.ToBytes(), of.Named(), (string[])[OutputOf(of)]))]);
        foreach (var (of, (outputs, error)) in s_cases.Zip(results))
        {
            Assert.True(error is null, $"{of.Name}: {error}");
            Compare(of.Name, of.Expected, outputs![0]);
        }
    }

    private static string OutputOf(Case of) => Messages.ModelProto.Parser.ParseFrom(of.ToBytes()).Graph.Output[0].Name;

    private static float[] Run(Case of, TemporaryFolder folder)
    {
        File.WriteAllBytes(folder.File("model.onnx"), of.ToBytes());
        OnnxValue result = OnnxNetwork.Read(folder.File("model.onnx")).Forward([.. of.Named()]).Values.Single();
        return result.IsInteger ? Array.ConvertAll(result.Integers.ToArray(), value => (float)value) : result.Tensor.ToArray();
    }

    private static void Compare(string name, float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < found.Length; i++)
            Assert.True(Math.Abs(found[i] - expected[i]) <= 1e-5 * Math.Max(1, Math.Abs(expected[i])), $"{name}: number {i} is {found[i]}; expected {expected[i]}");
    }
}
