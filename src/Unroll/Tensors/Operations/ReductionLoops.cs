namespace Unroll.Tensors.Operations;

/// <summary>The three loops of a reduction over one dimension, or over all: those outside it, its own, and those inside it.</summary>
internal readonly struct ReductionLoops
{
    /// <summary>Plans the loops.</summary>
    /// <param name="shape">The shape to reduce.</param>
    /// <param name="axis">The dimension, or <see cref="Sum.AllAxes"/>.</param>
    public ReductionLoops(Shape shape, int axis)
    {
        if (axis == Sum.AllAxes)
        {
            (Outer, Size, Inner) = (1, shape.Count, 1);
            return;
        }
        axis = shape.Axis(axis);
        (Outer, Size, Inner) = (shape.CountOf(0, axis), shape[axis], shape.CountOf(axis + 1, shape.Rank));
    }

    /// <summary>Elements of the dimensions outside the reduced one.</summary>
    public int Outer { get; }

    /// <summary>Elements that are reduced to one.</summary>
    public int Size { get; }

    /// <summary>Elements of the dimensions inside the reduced one.</summary>
    public int Inner { get; }

    /// <summary>The shape of the result, where the reduced dimension is dropped, or kept with size 1.</summary>
    public static Shape Result(Shape shape, int axis, bool keep)
    {
        if (axis != Sum.AllAxes) return keep ? shape.With(shape.Axis(axis), 1) : shape.Without(shape.Axis(axis));
        if (!keep) return default;
        Span<int> ones = stackalloc int[Shape.MaximumRank];
        ones.Fill(1);
        return new Shape(ones[..shape.Rank]);
    }
}
