using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>Whole numbers in an arrangement: sizes, positions, lengths, symbols and truth values (0 and 1), which a graph computes with beside its tensors.</summary>
/// <param name="Values">Row-major.</param>
/// <param name="Shape">Their arrangement.</param>
internal sealed record IntegerTensor(long[] Values, Shape Shape)
{
    /// <summary>A list of numbers.</summary>
    public static IntegerTensor Of(params long[] values) => new(values, [values.Length]);

    /// <summary>A number alone.</summary>
    public static IntegerTensor Scalar(long value) => new([value], []);

    /// <summary>The dimensions in another order.</summary>
    public IntegerTensor Permute(int[] order)
    {
        int[] strides = Strides.Of(Shape);
        return Walk(new Shape(Array.ConvertAll(order, axis => Shape[axis])), Array.ConvertAll(order, axis => strides[axis]));
    }

    /// <summary>The numbers repeated to fill a shape that they broadcast to.</summary>
    public IntegerTensor Expand(Shape to) => Walk(to, Strides.Stretched(Shape, to));

    /// <summary>The same numbers under another shape with as many elements.</summary>
    public IntegerTensor Reshape(Shape shape) => new(Values, shape);

    /// <summary>Places of one dimension, in any order.</summary>
    public IntegerTensor Pick(int axis, int[] places)
    {
        int outer = Shape.CountOf(0, axis), size = Shape[axis], inner = Shape.CountOf(axis + 1, Shape.Rank);
        var to = new long[outer * places.Length * inner];
        for (int i = 0, at = 0; i < outer; i++)
            foreach (int place in places)
            {
                Values.AsSpan((i * size + place) * inner, inner).CopyTo(to.AsSpan(at));
                at += inner;
            }
        return new(to, Shape.With(axis, places.Length));
    }

    /// <summary>A function of each pair, with broadcasting.</summary>
    public static IntegerTensor Zip(IntegerTensor a, IntegerTensor b, Shape to, Func<long, long, long> function)
    {
        long[] left = a.Expand(to).Values, right = b.Expand(to).Values;
        return new([.. left.Zip(right, function)], to);
    }

    /// <summary>The numbers one after the other along a dimension.</summary>
    public static IntegerTensor Concat(int axis, IntegerTensor[] parts, Shape to)
    {
        int outer = to.CountOf(0, axis), inner = to.CountOf(axis + 1, to.Rank);
        var values = new List<long>(to.Count);
        for (int i = 0; i < outer; i++)
            foreach (IntegerTensor part in parts) values.AddRange(part.Values.AsSpan(i * part.Shape[axis] * inner, part.Shape[axis] * inner));
        return new([.. values], to);
    }

    private IntegerTensor Walk(Shape to, int[] strides) => new(Strides.Walk<long>(Values, to, strides), to);
}

/// <summary>How far apart neighbours of each dimension lie.</summary>
internal static class Strides
{
    public static int[] Of(Shape shape)
    {
        var strides = new int[shape.Rank];
        for (int i = shape.Rank - 1, stride = 1; i >= 0; i--) (strides[i], stride) = (stride, stride * shape[i]);
        return strides;
    }

    /// <summary>Those of a shape that is stretched to another: 0 where its size is 1.</summary>
    public static int[] Stretched(Shape from, Shape to)
    {
        int[] own = Of(from), strides = new int[to.Rank];
        for (int i = 1; i <= from.Rank; i++) strides[^i] = from[-i] == 1 ? 0 : own[^i];
        return strides;
    }

    /// <summary>Numbers read in strides, row-major.</summary>
    public static T[] Walk<T>(ReadOnlySpan<T> values, Shape to, int[] strides)
    {
        var result = new T[to.Count];
        var index = new int[to.Rank];
        for (int i = 0, from = 0; i < result.Length; i++)
        {
            result[i] = values[from];
            for (int d = to.Rank - 1; d >= 0; d--)
            {
                from += strides[d];
                if (++index[d] < to[d]) break;
                from -= strides[d] * to[d];
                index[d] = 0;
            }
        }
        return result;
    }
}
