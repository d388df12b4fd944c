namespace Unroll.Optimizers;

/// <summary>How large gradients are cut down, so that one bad batch cannot throw the weights far off. Pascanu, Mikolov &amp; Bengio 2013.</summary>
public abstract record Clipping
{
    /// <summary>Leaves gradients as they are.</summary>
    public static Clipping None { get; } = new NoClipping();

    /// <summary>Scales all gradients by one factor so that their joint Euclidean norm is at most <paramref name="maximum"/>.</summary>
    /// <exception cref="BadUsageException">The maximum is not above 0.</exception>
    public static Clipping GlobalNorm(double maximum) => new NormClipping(Required(maximum));

    /// <summary>Cuts every element of every gradient to [−<paramref name="maximum"/>, <paramref name="maximum"/>].</summary>
    /// <exception cref="BadUsageException">The maximum is not above 0.</exception>
    public static Clipping Value(float maximum) => new ValueClipping((float)Required(maximum));

    /// <summary>The factor for all gradients, whose joint Euclidean norm is <paramref name="norm"/>.</summary>
    internal virtual double Factor(double norm) => 1;

    /// <summary>The greatest size of an element.</summary>
    internal virtual float Limit => float.PositiveInfinity;

    private static double Required(double maximum) =>
        maximum > 0 ? maximum : throw new BadUsageException($"The limit for clipping is {maximum}; it must be above 0.");

    private sealed record NoClipping : Clipping;

    private sealed record NormClipping(double Maximum) : Clipping
    {
        // The small constant is PyTorch's.
        internal override double Factor(double norm) => Math.Min(1, Maximum / (norm + 1e-6));
    }

    private sealed record ValueClipping(float Maximum) : Clipping
    {
        internal override float Limit => Maximum;
    }
}
