using Google.Protobuf;
using Unroll.Onnx.Messages;
using Unroll.Tensors;
using Unroll.Tests;

namespace Unroll.Onnx.Tests.Import;

/// <summary>ONNX files that were changed at random are read or refused with a clear error (<see cref="Fuzzing"/>), and what is read runs or says why not.</summary>
public sealed class OnnxFuzzTests
{
    private static readonly string[] s_operators = ["RNN", "GRU", "LSTM"];

    [Fact]
    public void Changed_files_are_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        Fuzzing.Run("onnx", Seeds(), bytes => Read(bytes, folder));
    }

    [Fact]
    public void What_is_read_of_a_changed_file_runs_or_says_why_not()
    {
        using var folder = new TemporaryFolder();
        int ran = 0;
        Fuzzing.Run("onnx-forward", Seeds(), bytes =>
        {
            OnnxNetwork network = Read(bytes, folder);
            try
            {
                network.Forward([.. network.Inputs.Select(input => (input.Name, ValueOf(input)))]);
                ran++;
            }
            catch (ShapeException exception)
            {
                throw new BadInputException(exception.Message, exception);
            }
        });
        Assert.True(ran > 300, $"{ran} of the changed files ran, too few to say anything");
    }

    private static OnnxNetwork Read(byte[] bytes, TemporaryFolder folder)
    {
        File.WriteAllBytes(folder.File("model.onnx"), bytes);
        return OnnxNetwork.Read(folder.File("model.onnx"));
    }

    private static byte[][] Seeds() =>
    [
        OnnxNetworkTests.Classifier().ToBytes(),
        .. s_operators.Select(type => Enumerable.Range(0, 1000).Select(RecurrentCase.Draw).First(of => of.Operator == type && of.Activations is not null && of.Lengths is not null && of.B is not null).Build().ToBytes()),
        OfFloats(),
    ];

    /// <summary>A graph whose sizes are computed in it.</summary>
    private static byte[] OfFloats()
    {
        var model = new ModelBuilder();
        string x = model.Input("x", TensorProto.Types.DataType.Float, 2, 3), sizes = model.Node("Shape", [x]);
        string ones = model.Node("ConstantOfShape", [model.Node("Concat", [sizes, model.Integers("four", [4], 1)], ("axis", 0))]);
        string part = model.Node("Slice", [model.Node("Expand", [model.Node("Reshape", [x, model.Integers("as", [2, 3, 1], 3)]), model.Node("Shape", [ones])]), model.Integers("from", [1], 1), model.Integers("to", [3], 1), model.Integers("axis", [1], 1)]);
        model.Output(model.Node("Softmax", [model.Node("Gather", [part, model.Node("Range", [model.Integers("a", [0]), model.Integers("b", [2]), model.Integers("c", [1])])], ("axis", 2))]));
        model.Output(model.Node("ReduceSum", [model.Node("Mul", [sizes, sizes])]), TensorProto.Types.DataType.Int64);
        return model.Model.ToByteArray();
    }

    /// <summary>A value of an input's shape, sizes with names and unlikely ones 2; whole numbers are 1.</summary>
    private static OnnxValue ValueOf(OnnxInput input)
    {
        int[] sizes = [.. (input.Dimensions ?? ["2"]).Take(Shape.MaximumRank).Select(size => int.TryParse(size, out int number) && number is >= 0 and < 8 ? number : 2)];
        var shape = new Shape(sizes);
        long[] ones = new long[shape.Count];
        Array.Fill(ones, 1);
        return input.IsInteger ? OnnxValue.Of(ones, shape) : Tensor.Full(shape, 0.5f);
    }
}
