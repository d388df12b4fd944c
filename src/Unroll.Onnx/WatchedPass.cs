using Unroll.Exchange;
using Unroll.Tensors;

namespace Unroll.Onnx;

/// <summary>An operation that was seen running.</summary>
internal sealed record WatchedCall(Operation Operation, TensorNode[] Inputs, TensorNode[] Outputs, int[] Integers, float[] Reals, int[]? List, object? Context);

/// <summary>One run of a pass with sizes of our choice and numbers that mean nothing, and what it did.</summary>
internal sealed class WatchedPass : ITapeListener
{
    // Holds the memory of the run, which its nodes read.
    private readonly Tape _tape = new() { Training = false };

    /// <summary>Runs a pass.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="sizes">Its free sizes.</param>
    /// <param name="run">0 or 1.</param>
    public WatchedPass(ForwardPass pass, FreeSizes sizes, int run)
    {
        var random = new RandomState((ulong)(run + 1));
        var values = new PassValues();
        _tape.Begin(gradients: false);
        try
        {
            for (int i = 0; i < sizes.Names.Count; i++) values.SetSize(sizes.Names[i], FreeSizes.ValueIn(run, i));
            foreach (PassInput input in pass.Inputs)
            {
                Shape shape = new([.. input.Sizes.Select(Of)]);
                if (input.IsWhole)
                {
                    int most = Of(input.Below) - (input.IsLengths ? 0 : 1);
                    int[] numbers = new int[shape.Count];
                    for (int i = 0; i < numbers.Length; i++) numbers[i] = input.Least + random.NextInt(most - input.Least + 1);
                    Whole[input.Name] = numbers;
                    values.Set(input.Name, numbers);
                }
                else
                {
                    float[] numbers = new float[shape.Count];
                    for (int i = 0; i < numbers.Length; i++) numbers[i] = random.NextSingle() - 0.5f;
                    Tensor tensor = Tensor.From(numbers, shape);
                    Numbers[tensor.Node] = input.Name;
                    values.Set(input.Name, tensor);
                }
            }
            _tape.Listener = this;
            Outputs = [.. pass.Run(values).Select(output => (output.Name, output.Value.Node))];
        }
        finally
        {
            _tape.Listener = null;
            _tape.End();
        }

        int Of(PassSize size) => size.Name is null ? size.Value : FreeSizes.ValueIn(run, sizes.Names.ToList().IndexOf(size.Name));
    }

    /// <summary>The operations, in the order they ran.</summary>
    public List<WatchedCall> Calls { get; } = [];

    /// <summary>The inputs of real numbers.</summary>
    public Dictionary<TensorNode, string> Numbers { get; } = [];

    /// <summary>The inputs of whole numbers.</summary>
    public Dictionary<string, int[]> Whole { get; } = new(StringComparer.Ordinal);

    /// <summary>The outputs.</summary>
    public (string Name, TensorNode Node)[] Outputs { get; }

    /// <inheritdoc/>
    public void Ran(OperationCall call)
    {
        TensorNode[] inputs = new TensorNode[call.InputCount], outputs = new TensorNode[call.OutputCount];
        for (int i = 0; i < inputs.Length; i++) inputs[i] = call.InputNode(i);
        for (int i = 0; i < outputs.Length; i++) outputs[i] = call.OutputNode(i);
        Calls.Add(new WatchedCall(call.Operation, inputs, outputs, call.AllIntegers.ToArray(), call.AllReals.ToArray(), call.HasIntegers ? call.Integers(0).ToArray() : null, call.Context));
    }
}
