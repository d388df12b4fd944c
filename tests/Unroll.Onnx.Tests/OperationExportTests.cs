using Unroll.Exchange;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Onnx.Tests;

public sealed class OperationExportTests
{
    private static readonly PassInput A = PassInput.Numbers("a", "batch", "time", 4), B = PassInput.Numbers("b", "batch", "time", 4), M = PassInput.Numbers("m", "batch", 4, "time");

    private static readonly Dictionary<string, (PassInput[] Inputs, Func<PassValues, Tensor> Run)> Cases = new()
    {
        ["add"] = ([A, B], v => v.Numbers("a") + v.Numbers("b")),
        ["subtract"] = ([A, B], v => v.Numbers("a") - v.Numbers("b")),
        ["multiply"] = ([A, B], v => v.Numbers("a") * v.Numbers("b")),
        ["divide"] = ([A, B], v => v.Numbers("a") / (v.Numbers("b").Square() + 1)),
        ["negate"] = ([A], v => -v.Numbers("a")),
        ["exp"] = ([A], v => v.Numbers("a").Exp()),
        ["log, sqrt"] = ([A], v => (v.Numbers("a").Square() + 0.1f).Log() + (v.Numbers("a").Square() + 0.1f).Sqrt()),
        ["tanh, sigmoid, relu, softplus"] = ([A], v => v.Numbers("a").Tanh() + v.Numbers("a").Sigmoid() + v.Numbers("a").Relu() + v.Numbers("a").Softplus()),
        ["softmax along any dimension"] = ([A], v => v.Numbers("a").Softmax() + v.Numbers("a").Softmax(1) + v.Numbers("a").LogSoftmax(0)),
        ["layer norm"] = ([A], v => LayerNormalization.Apply(v.Numbers("a"), Tensor.From([1, 2, 3, 4], [4]), Tensor.From([4, 3, 2, 1], [4]), 0.1f)),
        ["products"] = ([A, B, M], v => v.Numbers("a").MatMul(v.Numbers("b"), transposeRight: true).MatMul(v.Numbers("m"), transposeRight: true) + v.Numbers("m").MatMul(v.Numbers("b")).MatMul(v.Numbers("a"), transposeLeft: true, transposeRight: true).Transpose()),
        ["a product with one matrix"] = ([A], v => v.Numbers("a").MatMul(Tensor.From([.. Enumerable.Range(0, 20).Select(i => i / 7f)], [5, 4]), transposeRight: true)),
        ["sums"] = ([A], v => v.Numbers("a").Sum(1, keep: true) + v.Numbers("a").Sum(-1, keep: true) + v.Numbers("a").Sum()),
        ["means"] = ([A], v => v.Numbers("a").Mean(1, keep: true) + v.Numbers("a").Mean(-1, keep: true) + v.Numbers("a").Mean() + v.Numbers("a").Mean(0)),
        ["maxima"] = ([A], v => v.Numbers("a").Max(1, keep: true) + v.Numbers("a").Max(2, keep: true) + v.Numbers("a").Max()),
        ["shapes"] = ([A], v => v.Numbers("a").Reshape(v.Size("batch") * v.Size("time"), 2, 2).Permute(2, 0, 1).Reshape(2, v.Size("batch"), 2 * v.Size("time"))),
        ["a square of a size"] = ([A, B], v => v.Numbers("a").MatMul(v.Numbers("b"), transposeRight: true).Reshape(v.Size("batch"), v.Size("time") * v.Size("time"))),
        ["slices"] = ([A], v => Tensor.Concat(2, v.Numbers("a").Slice(2, 1, 2), v.Numbers("a").Slice(-1, 0, 1), v.Numbers("a").Select(1, 0).Reshape(v.Size("batch"), 1, 4) + Tensor.Zeros([v.Size("batch"), v.Size("time"), 4]))),
        ["a slice without its ends"] = ([A], v => v.Numbers("a").Reshape(1, v.Size("batch"), v.Size("time"), 4).Slice(1, 0, v.Size("batch")).Slice(3, 1, 3).Slice(2, 0, v.Size("time")) + Tensor.Concat(1, v.Numbers("a"), v.Numbers("a"), Tensor.Zeros([v.Size("batch"), 2, 4])).Slice(1, 2, 2 * v.Size("time")).Slice(1, 0, v.Size("time")).Slice(2, 0, 3).Reshape(1, v.Size("batch"), v.Size("time"), 3)),
        ["stacks"] = ([A, B], v => Tensor.Stack(1, v.Numbers("a"), v.Numbers("b"))),
        ["gather"] = ([PassInput.Whole("rows", "time", "batch", 3), PassInput.Numbers("table", "time", 5)], v => v.Numbers("table").Gather(v.Whole("rows"), [v.Size("batch"), 3])),
        ["gather of fixed rows"] = ([PassInput.Numbers("table", 5, "time")], v => v.Numbers("table").Gather([4, 0, 2, 2], [2, 2])),
        ["where"] = ([A, B], v => Tensor.Where(v.Numbers("a").Relu(), v.Numbers("a"), v.Numbers("b")) + v.Numbers("b").MaskedFill(v.Numbers("a").Relu(), 3)),
        ["lengths"] = ([A, PassInput.Lengths("lengths", "batch", "time")], v => LengthMask.Apply(v.Whole("lengths"), v.Size("time"), 2, -1, 1).Reshape(v.Size("batch"), v.Size("time"), 1) + LengthMask.Apply(v.Whole("lengths"), v.Size("time"), 5, 0).Reshape(v.Size("batch"), v.Size("time"), 1)
            + LastStep.Apply(v.Numbers("a"), v.Whole("lengths")).Reshape(v.Size("batch"), 1, 4)),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Operations_give_ONNX_Runtime_the_same_numbers(string name)
    {
        (PassInput[] inputs, Func<PassValues, Tensor> run) = Cases[name];
        Comparison.Check(new ForwardPass(name, inputs, values => [new("y", run(values))]));
    }

    [Fact]
    public void Every_operation_but_those_of_training_can_be_written()
    {
        Type[] training = [typeof(Dropout), typeof(CategoricalLikelihood), typeof(ProjectedCategorical), typeof(BernoulliLikelihood), typeof(GaussianLikelihood), typeof(GaussianVarianceLikelihood), typeof(LinearChainCrf)];
        Type[] all = [.. typeof(Tensor).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Operation)) && !type.IsAbstract)];
        Assert.True(all.Length > 20);
        foreach (Type operation in all) Assert.True(OperationNodes.Knows(operation) != training.Contains(operation), operation.Name);
    }

    [Fact]
    public void What_a_pass_makes_of_its_inputs_in_CSharp_is_refused()
    {
        Refused([A], v => v.Numbers("a") + Tensor.From(v.Numbers("a").ToArray(), v.Numbers("a").Shape), "C# made of the inputs");
        Refused([A], v => v.Numbers("a") * v.Numbers("a").Span[0], "C# made of the inputs");
        Refused([A, PassInput.Lengths("lengths", "batch", "time")], v => LastStep.Apply(v.Numbers("a"), Array.ConvertAll(v.Whole("lengths"), length => length / 2)), "none of the pass's inputs");
        Refused([A], v => v.Size("time") > 15 ? v.Numbers("a") : v.Numbers("a").Exp(), "must always run the same");
        Refused([A], v => v.Numbers("a").Dropout(0.5f, new RandomState(1)), "training");
        Refused([A], v => v.Numbers("a").Slice(1, 0, v.Size("time") / 2), "nothing of batch, time makes");
        Refused([A], v => v.Numbers("c"), "no input of real numbers called 'c'");

        static void Refused(PassInput[] inputs, Func<PassValues, Tensor> run, string expected) =>
            Assert.Contains(expected, Assert.Throws<BadUsageException>(() => OnnxExport.Build(new ForwardPass("p", inputs, values => [new("y", run(values))]), [])).Message, StringComparison.Ordinal);
    }
}
