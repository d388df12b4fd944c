using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

/// <summary>The slow and obvious tensor: double precision, every element by its indices. What the fast operations are compared with.</summary>
internal sealed class Reference(int[] shape, double[] values)
{
    public int[] Shape { get; } = shape;

    public double[] Values { get; } = values;

    public int Count => Values.Length;

    /// <summary>Builds a tensor from a function of the indices.</summary>
    public static Reference Of(int[] shape, Func<int[], double> element)
    {
        var values = new double[shape.Aggregate(1, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++) values[i] = element(Indices(shape, i));
        return new Reference(shape, values);
    }

    public static Reference Scalar(double value) => new([], [value]);

    public double this[params int[] indices]
    {
        get
        {
            int flat = 0;
            for (int i = 0; i < Shape.Length; i++) flat = flat * Shape[i] + indices[i];
            return Values[flat];
        }
    }

    /// <summary>The element that broadcasting shows at the indices of a larger shape.</summary>
    public double Stretched(int[] indices)
    {
        int flat = 0, skipped = indices.Length - Shape.Length;
        for (int i = 0; i < Shape.Length; i++) flat = flat * Shape[i] + (Shape[i] == 1 ? 0 : indices[skipped + i]);
        return Values[flat];
    }

    public Reference Map(Func<double, double> function) => new(Shape, [.. Values.Select(function)]);

    public static Reference Map(Reference a, Reference b, Func<double, double, double> function) =>
        Of(Broadcast(a.Shape, b.Shape), at => function(a.Stretched(at), b.Stretched(at)));

    /// <summary>Replaces every stretch along a dimension by one number.</summary>
    public Reference Reduce(int axis, bool keep, Func<double[], double> function)
    {
        int[] kept = [.. Shape.Select((size, i) => i == axis ? 1 : size)];
        Reference reduced = Of(kept, at => function([.. Enumerable.Range(0, Shape[axis]).Select(j => this[With(at, axis, j)])]));
        return keep ? reduced : new Reference([.. Shape.Where((_, i) => i != axis)], reduced.Values);
    }

    /// <summary>Replaces every stretch along the last dimension by a stretch of equal length.</summary>
    public Reference Rows(Func<double[], double[]> function)
    {
        int width = Shape[^1];
        return new Reference(Shape, width == 0 ? [] : [.. Values.Chunk(width).SelectMany(function)]);
    }

    public static int[] Broadcast(int[] a, int[] b)
    {
        int rank = Math.Max(a.Length, b.Length);
        var shape = new int[rank];
        for (int i = 1; i <= rank; i++)
        {
            int left = i <= a.Length ? a[^i] : 1, right = i <= b.Length ? b[^i] : 1;
            shape[^i] = left == 1 ? right : left;
        }
        return shape;
    }

    public static int[] With(int[] indices, int axis, int index)
    {
        int[] copy = [.. indices];
        copy[axis] = index;
        return copy;
    }

    public static int[] Indices(int[] shape, int flat)
    {
        var indices = new int[shape.Length];
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            indices[i] = flat % shape[i];
            flat /= shape[i];
        }
        return indices;
    }

    public Tensor ToTensor() => Tensor.From([.. Values.Select(value => (float)value)], new Shape(Shape));
}
