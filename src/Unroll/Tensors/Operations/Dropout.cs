using System.Runtime.CompilerServices;

namespace Unroll.Tensors.Operations;

/// <summary>y = x·m/(1 − p), where each m is 0 with probability p and 1 otherwise (Srivastava et al. 2014). The mask is not kept: m is a hash
/// of the element's place under a key drawn once, so that the backward pass and any number of threads compute the same one.</summary>
internal sealed class Dropout : Operation
{
    public static readonly Dropout Instance = new();

    public override string Name => "Dropout";

    /// <summary>Applies the operation with a key from <paramref name="random"/>.</summary>
    public static Tensor Apply(Tensor x, float probability, RandomState random)
    {
        ulong key = random.NextUInt64();
        return OperationCall.Start(Instance).With(x).WithReal(probability).WithInteger((int)(uint)key).WithInteger((int)(uint)(key >> 32)).Run();
    }

    public override void Shapes(OperationCall call) => call.AddOutput(call.InputShape(0));

    public override void Forward(OperationCall call) => call.InParts(4L * call.InputShape(0).Count, [MethodImpl(MethodImplOptions.AggressiveOptimization)] static (call, part, parts) =>
    {
        var mask = new Mask(call);
        ReadOnlySpan<float> x = call.Input(0);
        Span<float> y = call.Output(0);
        int to = OperationCall.Boundary(x.Length, part + 1, parts);
        for (int i = OperationCall.Boundary(x.Length, part, parts); i < to; i++) y[i] = mask.Keeps(i) ? x[i] * mask.Scale : 0;
    });

    public override void Backward(OperationCall call) => call.InParts(4L * call.InputShape(0).Count, [MethodImpl(MethodImplOptions.AggressiveOptimization)] static (call, part, parts) =>
    {
        var mask = new Mask(call);
        ReadOnlySpan<float> g = call.OutputGradient(0);
        Span<float> gradient = call.InputGradient(0);
        int to = OperationCall.Boundary(g.Length, part + 1, parts);
        for (int i = OperationCall.Boundary(g.Length, part, parts); i < to; i++)
            if (mask.Keeps(i)) gradient[i] += g[i] * mask.Scale;
    });

    /// <summary>Which elements are kept.</summary>
    internal readonly struct Mask
    {
        private readonly ulong _key, _threshold;

        public Mask(OperationCall call)
        {
            _key = (uint)call.Integer(0) | ((ulong)(uint)call.Integer(1) << 32);
            _threshold = (ulong)(call.Real(0) * 4294967296.0);
            Scale = 1 / (1 - call.Real(0));
        }

        public float Scale { get; }

        /// <summary>SplitMix64 of the place: its upper 32 bits against the probability.</summary>
        public bool Keeps(int place)
        {
            ulong z = _key + ((ulong)place + 1) * 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (z ^ (z >> 31)) >> 32 >= _threshold;
        }
    }
}
