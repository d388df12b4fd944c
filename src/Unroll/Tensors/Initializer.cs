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

    /// <summary>Normal with mean 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The deviation is negative or not finite.</exception>
    public static Initializer Normal(float deviation) => new NormalInitializer(deviation);

    /// <summary>Uniform with the variance 2/(inputs + outputs), which keeps the scale of values forward and of gradients backward: Glorot &amp;
    /// Bengio 2010.</summary>
    public static Initializer GlorotUniform { get; } = new GlorotInitializer(normal: false);

    /// <summary>Normal with the variance 2/(inputs + outputs): Glorot &amp; Bengio 2010.</summary>
    public static Initializer GlorotNormal { get; } = new GlorotInitializer(normal: true);

    /// <summary>Normal with the variance 2/inputs, which keeps the scale of values through rectified units: He, Zhang, Ren &amp; Sun 2015.</summary>
    public static Initializer He { get; } = new HeInitializer();

    /// <summary>An orthogonal matrix times a gain: rows are orthonormal if there are fewer rows than columns, else columns are, so that
    /// the map keeps lengths: Saxe, McClelland &amp; Ganguli 2014.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The gain is not finite.</exception>
    public static Initializer Orthogonal(float gain = 1) => new OrthogonalInitializer(gain);

    /// <summary>The identity matrix times a gain, the recurrent weight of Le, Jaitly &amp; Hinton 2015; zero beyond the square.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The gain is not finite.</exception>
    public static Initializer Identity(float gain = 1) => new IdentityInitializer(gain);

    /// <summary>Every value zero.</summary>
    public static Initializer Zeros { get; } = new ConstantInitializer(0);

    /// <summary>Every value one.</summary>
    public static Initializer Ones { get; } = new ConstantInitializer(1);

    /// <summary>How many numbers a unit reads and how many units a number feeds: the columns and rows of a weight [outputs, inputs]; further
    /// dimensions, as of a convolution [outputs, inputs, width], multiply both.</summary>
    private protected static (int Inputs, int Outputs) Fans(Shape shape)
    {
        if (shape.Rank < 2)
            throw new ShapeException($"A parameter of shape {shape} has no inputs and outputs to scale by; use a weight [outputs, inputs], or a uniform, normal or constant initialiser.");
        int window = shape.CountOf(2, shape.Rank);
        return (shape[1] * window, shape[0] * window);
    }

    private protected static float Finite(float value, string what) => float.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(what, value, $"The {what} of an initialiser is finite.");
}
