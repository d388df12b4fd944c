using System.Runtime.CompilerServices;

namespace Unroll.Tensors.Operations;

/// <summary>y = x·m/(1 − p), where each m is 0 with probability p and 1 otherwise (Srivastava et al. 2014). Along one dimension the mask may be the same,
/// as over the steps of a sequence (Gal &amp; Ghahramani 2016).</summary>
internal sealed class Dropout : Operation
{
    public static readonly Dropout Instance = new();

    public override string Name => "Dropout";

    /// <summary>Applies the operation with a key from <paramref name="random"/>.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">Of an element being 0.</param>
    /// <param name="random">Where the key comes from.</param>
    /// <param name="shared">The dimension along which the mask is the same; −1 for none.</param>
    public static Tensor Apply(Tensor x, float probability, RandomState random, int shared = -1)
    {
        ulong key = random.NextUInt64();
        Shape shape = x.Shape;
        // Runs of numbers with a mask of their own, and how many runs after one another have the same.
        var (run, same) = shared < 0 ? (shape.Count, 1) : (shape.CountOf(shared + 1, shape.Rank), shape[shared]);
        return OperationCall.Start(Instance).With(x).WithReal(probability).WithInteger((int)(uint)key).WithInteger((int)(uint)(key >> 32)).WithInteger(run).WithInteger(same).Run();
    }

    public override void Shapes(OperationCall call) => call.AddOutput(call.InputShape(0));

    public override void Forward(OperationCall call) => call.InParts(4L * call.InputShape(0).Count, [MethodImpl(MethodImplOptions.AggressiveOptimization)] static (call, part, parts) =>
    {
        ReadOnlySpan<float> x = call.Input(0);
        Span<float> y = call.Output(0);
        var (mask, scale, to) = (MaskOf(call), ScaleOf(call), OperationCall.Boundary(x.Length, part + 1, parts));
        for (int i = OperationCall.Boundary(x.Length, part, parts); i < to;)
        {
            var (end, shift) = RunAt(call, i, to);
            for (; i < end; i++) y[i] = mask.Keeps(i - shift) ? x[i] * scale : 0;
        }
    });

    public override void Backward(OperationCall call) => call.InParts(4L * call.InputShape(0).Count, [MethodImpl(MethodImplOptions.AggressiveOptimization)] static (call, part, parts) =>
    {
        ReadOnlySpan<float> g = call.OutputGradient(0);
        Span<float> gradient = call.InputGradient(0);
        var (mask, scale, to) = (MaskOf(call), ScaleOf(call), OperationCall.Boundary(g.Length, part + 1, parts));
        for (int i = OperationCall.Boundary(g.Length, part, parts); i < to;)
        {
            var (end, shift) = RunAt(call, i, to);
            for (; i < end; i++)
                if (mask.Keeps(i - shift)) gradient[i] += g[i] * scale;
        }
    });

    private static DropoutMask MaskOf(OperationCall call) => new((uint)call.Integer(0) | ((ulong)(uint)call.Integer(1) << 32), call.Real(0));

    private static float ScaleOf(OperationCall call) => 1 / (1 - call.Real(0));

    /// <summary>Where the run that an element belongs to ends, and how far its mask's places lie before it.</summary>
    private static (int End, int Shift) RunAt(OperationCall call, int element, int to)
    {
        int run = call.Integer(2), same = call.Integer(3), number = element / run;
        return ((int)Math.Min((number + 1L) * run, to), (number - number / same) * run);
    }
}
