namespace Unroll.Tensors;

/// <summary>The identity matrix times a gain, zero beyond the square. Le, Jaitly &amp; Hinton 2015.</summary>
internal sealed class IdentityInitializer(float gain) : Initializer
{
    private readonly float _gain = Finite(gain, nameof(gain));

    public override void Fill(Span<float> values, Shape shape, RandomState random)
    {
        (int columns, int rows) = Fans(shape);
        if (rows * columns != values.Length)
            throw new ShapeException($"The identity initialiser fills matrices [outputs, inputs]; found {shape}.");
        values.Clear();
        for (int i = 0; i < Math.Min(rows, columns); i++) values[i * columns + i] = _gain;
    }
}
