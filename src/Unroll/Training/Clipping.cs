using System.Numerics.Tensors;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>How large gradients are cut down, so that one bad batch cannot throw the weights far off. Pascanu, Mikolov &amp; Bengio 2013.</summary>
public abstract record Clipping
{
    /// <summary>Leaves gradients as they are.</summary>
    public static Clipping None { get; } = new NoClipping();

    /// <summary>Scales all gradients by one factor so that their joint Euclidean norm is at most <paramref name="maximum"/>.</summary>
    /// <exception cref="BadUsageException">The maximum is not above 0.</exception>
    public static Clipping GlobalNorm(double maximum) => new NormClipping(maximum);

    /// <summary>Cuts every element of every gradient to [−<paramref name="maximum"/>, <paramref name="maximum"/>].</summary>
    /// <exception cref="BadUsageException">The maximum is not above 0.</exception>
    public static Clipping Value(float maximum) => new ValueClipping(maximum);

    /// <summary>Clips.</summary>
    /// <param name="parameters">Whose gradients to clip.</param>
    /// <param name="norm">The Euclidean norm of all gradients as they are stored.</param>
    /// <param name="scale">The factor that stands between the stored gradients and the true ones.</param>
    /// <returns>The factor for the stored gradients after clipping.</returns>
    internal abstract double Apply(IReadOnlyList<Parameter> parameters, double norm, double scale);

    private static void Require(double maximum)
    {
        if (!(maximum > 0)) throw new BadUsageException($"The limit for clipping is {maximum}; it must be above 0.");
    }

    private sealed record NoClipping : Clipping
    {
        internal override double Apply(IReadOnlyList<Parameter> parameters, double norm, double scale) => scale;
    }

    private sealed record NormClipping : Clipping
    {
        private readonly double _maximum;

        public NormClipping(double maximum)
        {
            Require(maximum);
            _maximum = maximum;
        }

        // The small constant is PyTorch's.
        internal override double Apply(IReadOnlyList<Parameter> parameters, double norm, double scale) =>
            scale * Math.Min(1, _maximum / (norm * scale + 1e-6));
    }

    private sealed record ValueClipping : Clipping
    {
        private readonly float _maximum;

        public ValueClipping(float maximum)
        {
            Require(maximum);
            _maximum = maximum;
        }

        internal override double Apply(IReadOnlyList<Parameter> parameters, double norm, double scale)
        {
            float factor = (float)scale;
            for (int i = 0; i < parameters.Count; i++)
            {
                Span<float> gradient = parameters[i].Gradient;
                TensorPrimitives.Multiply(gradient, factor, gradient);
                TensorPrimitives.Clamp(gradient, -_maximum, _maximum, gradient);
            }
            return 1;
        }
    }
}
