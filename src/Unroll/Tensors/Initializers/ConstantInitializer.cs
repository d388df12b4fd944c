namespace Unroll.Tensors;

/// <summary>Every value the same.</summary>
internal sealed class ConstantInitializer(float value) : Initializer
{
    public override void Fill(Span<float> values, Shape shape, RandomState random) => values.Fill(value);
}
