namespace Unroll.Tensors;

/// <summary>How the values of a parameter are drawn before training.</summary>
public abstract class Initializer
{
    /// <summary>Writes first values.</summary>
    /// <param name="values">What to fill, row-major.</param>
    /// <param name="shape">The parameter's shape; for weights [outputs, inputs].</param>
    /// <param name="random">Where random numbers come from.</param>
    public abstract void Fill(Span<float> values, Shape shape, RandomState random);

    /// <summary>Uniform between −<paramref name="bound"/> and <paramref name="bound"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is negative or not finite.</exception>
    public static Initializer Uniform(float bound) => new UniformInitializer(bound);

    /// <summary>Every value the same.</summary>
    public static Initializer Constant(float value) => new ConstantInitializer(value);

    /// <summary>Every value zero.</summary>
    public static Initializer Zeros { get; } = new ConstantInitializer(0);

    /// <summary>Every value one.</summary>
    public static Initializer Ones { get; } = new ConstantInitializer(1);
}

/// <summary>Every value the same.</summary>
internal sealed class ConstantInitializer(float value) : Initializer
{
    public override void Fill(Span<float> values, Shape shape, RandomState random) => values.Fill(value);
}

/// <summary>Uniform in a symmetric interval.</summary>
internal sealed class UniformInitializer : Initializer
{
    private readonly float _bound;

    public UniformInitializer(float bound)
    {
        if (!(bound >= 0 && float.IsFinite(bound)))
            throw new ArgumentOutOfRangeException(nameof(bound), bound, "The bound of a uniform initialiser is 0 or more and finite.");
        _bound = bound;
    }

    public override void Fill(Span<float> values, Shape shape, RandomState random)
    {
        foreach (ref float value in values) value = _bound * (2 * random.NextSingle() - 1);
    }
}
