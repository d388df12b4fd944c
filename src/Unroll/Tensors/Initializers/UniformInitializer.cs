namespace Unroll.Tensors;

/// <summary>Uniform in a symmetric interval.</summary>
internal sealed class UniformInitializer : Initializer
{
    private readonly float _bound;

    public UniformInitializer(float bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Finite(bound, nameof(bound)));
        _bound = bound;
    }

    public override void Fill(Span<float> values, Shape shape, RandomState random) => Fill(values, _bound, random);

    internal static void Fill(Span<float> values, float bound, RandomState random)
    {
        foreach (ref float value in values) value = bound * (2 * random.NextSingle() - 1);
    }
}
