namespace Unroll.Tensors.Operations;

/// <summary>One number within each sequence and another beyond its end: y[i, t] = t &lt; lengthᵢ ? within : beyond, [batch, time]. It has no inputs and no gradient.</summary>
internal sealed class LengthMask : Operation
{
    public static readonly LengthMask Instance = new();

    public override string Name => "LengthMask";

    /// <summary>Applies the operation.</summary>
    /// <param name="lengths">Steps of each sequence, 0 to <paramref name="time"/>.</param>
    /// <param name="time">Steps there is room for.</param>
    /// <param name="within">The number at the steps that there are.</param>
    /// <param name="beyond">The number at the others.</param>
    /// <param name="least">Shorter sequences count as so long: 1 where a sequence of no steps has its first one all the same.</param>
    /// <returns>[batch, time]</returns>
    public static Tensor Apply(ReadOnlySpan<int> lengths, int time, float within, float beyond, int least = 0) =>
        OperationCall.Start(Instance).WithIntegers(lengths).WithInteger(time).WithInteger(least).WithReal(within).WithReal(beyond).Run();

    public override void Shapes(OperationCall call)
    {
        int time = call.Integer(0), least = call.Integer(1);
        foreach (int length in call.Integers(0))
            if (length < 0 || Math.Max(length, least) > time) throw new ShapeException($"LengthMask: a length is {length}; there is room for {least} to {time} steps.");
        call.AddOutput([call.Integers(0).Length, time]);
    }

    public override void Forward(OperationCall call)
    {
        ReadOnlySpan<int> lengths = call.Integers(0);
        int time = call.Integer(0);
        for (int i = 0; i < lengths.Length; i++)
        {
            Span<float> row = call.Output(0).Slice(i * time, time);
            int length = Math.Max(lengths[i], call.Integer(1));
            row[..length].Fill(call.Real(0));
            row[length..].Fill(call.Real(1));
        }
    }

    public override void Backward(OperationCall call)
    {
    }
}
