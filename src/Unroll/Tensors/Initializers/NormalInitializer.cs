namespace Unroll.Tensors;

/// <summary>Normal with mean 0.</summary>
internal sealed class NormalInitializer : Initializer
{
    private readonly float _deviation;

    public NormalInitializer(float deviation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Finite(deviation, nameof(deviation)));
        _deviation = deviation;
    }

    public override void Fill(Span<float> values, Shape shape, RandomState random) => Fill(values, _deviation, random);

    internal static void Fill(Span<float> values, double deviation, RandomState random)
    {
        foreach (ref float value in values) value = (float)(deviation * random.NextGaussian());
    }
}
