using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Unroll.Tensors;

/// <summary>The sizes of a tensor, outermost first: <c>Shape s = [batch, time, features];</c>. Up to six sizes, held inline, so that a
/// shape never allocates. The default is the shape of a scalar, <c>[]</c>.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The largest number of dimensions.</summary>
    public const int MaximumRank = 6;

    [InlineArray(MaximumRank)]
    private struct Sizes
    {
        private int _first;
    }

    private readonly Sizes _sizes;
    private readonly int _lessOne;   // Count − 1, so that the default value is a scalar with one element.

    /// <summary>Creates a shape from its sizes, outermost first.</summary>
    /// <exception cref="ShapeException">More than six sizes, a negative size, or more than 2³¹−1 elements.</exception>
    public Shape(ReadOnlySpan<int> sizes)
    {
        if (sizes.Length > MaximumRank)
            throw new ShapeException($"A shape has at most {MaximumRank} dimensions; found {sizes.Length}. Join some of them.");
        long count = 1;
        bool empty = false;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] < 0)
                throw new ShapeException($"The size {sizes[i]} of dimension {i} is negative; sizes are 0 or more.");
            _sizes[i] = sizes[i];
            empty |= sizes[i] == 0;
            count = Math.Min(count * Math.Max(sizes[i], 1), 1L << 31);
        }
        if (!empty && count > int.MaxValue)
            throw new ShapeException($"The shape [{string.Join(", ", sizes.ToArray())}] has more than {int.MaxValue} elements; split the tensor.");
        Rank = sizes.Length;
        _lessOne = empty ? -1 : (int)count - 1;
    }

    /// <summary>Creates a shape from its sizes; what <c>Shape s = [2, 3]</c> calls.</summary>
    /// <exception cref="ShapeException">More than six sizes, a negative size, or more than 2³¹−1 elements.</exception>
    public static Shape Create(ReadOnlySpan<int> sizes) => new(sizes);

    /// <summary>The number of dimensions; 0 for a scalar.</summary>
    public int Rank { get; }

    /// <summary>The number of elements: the product of the sizes.</summary>
    public int Count => _lessOne + 1;

    /// <summary>The size of a dimension; a negative index counts from the end: −1 is the last.</summary>
    /// <exception cref="ShapeException">The shape has no such dimension.</exception>
    public int this[int dimension] => _sizes[Axis(dimension)];

    /// <summary>The dimension an index names, counting negative ones from the end.</summary>
    internal int Axis(int dimension)
    {
        int axis = dimension < 0 ? dimension + Rank : dimension;
        if ((uint)axis >= (uint)Rank) ThrowNoSuchDimension(dimension);
        return axis;
    }

    /// <summary>The product of the sizes from one dimension up to, not including, another.</summary>
    internal int CountOf(int from, int to)
    {
        int count = 1;
        for (int i = from; i < to; i++) count *= _sizes[i];
        return count;
    }

    /// <summary>This shape with one size replaced.</summary>
    internal Shape With(int axis, int size)
    {
        Span<int> sizes = stackalloc int[MaximumRank];
        CopyTo(sizes);
        sizes[axis] = size;
        return new Shape(sizes[..Rank]);
    }

    /// <summary>This shape without one dimension.</summary>
    internal Shape Without(int axis)
    {
        Span<int> sizes = stackalloc int[MaximumRank];
        CopyTo(sizes);
        sizes[(axis + 1)..].CopyTo(sizes[axis..]);
        return new Shape(sizes[..(Rank - 1)]);
    }

    /// <summary>This shape with one more dimension.</summary>
    internal Shape Inserted(int axis, int size)
    {
        Span<int> sizes = stackalloc int[MaximumRank + 1];
        CopyTo(sizes);
        for (int i = Rank; i > axis; i--) sizes[i] = sizes[i - 1];
        sizes[axis] = size;
        return new Shape(sizes[..(Rank + 1)]);
    }

    /// <summary>Copies the sizes, outermost first.</summary>
    public void CopyTo(Span<int> destination)
    {
        for (int i = 0; i < Rank; i++) destination[i] = _sizes[i];
    }

    /// <summary>The sizes as an array, outermost first.</summary>
    public int[] ToArray()
    {
        var sizes = new int[Rank];
        CopyTo(sizes);
        return sizes;
    }

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (Rank != other.Rank) return false;
        for (int i = 0; i < Rank; i++)
            if (_sizes[i] != other._sizes[i]) return false;
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        for (int i = 0; i < Rank; i++) hash.Add(_sizes[i]);
        return hash.ToHashCode();
    }

    /// <summary>Whether two shapes have the same sizes.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether two shapes differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>The sizes in brackets: <c>[2, 3]</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("[");
        for (int i = 0; i < Rank; i++) text.Append(i == 0 ? "" : ", ").Append(_sizes[i].ToString(CultureInfo.InvariantCulture));
        return text.Append(']').ToString();
    }

    /// <summary>Steps through the sizes, outermost first.</summary>
    public Enumerator GetEnumerator() => new(this);

    [DoesNotReturn]
    private void ThrowNoSuchDimension(int dimension) =>
        throw new ShapeException($"The shape {ToString()} has {Rank} dimensions and none numbered {dimension}; use 0 to {Rank - 1}, or −1 for the last.");

    /// <summary>Steps through the sizes of a shape.</summary>
    public struct Enumerator
    {
        private readonly Shape _shape;
        private int _index;

        internal Enumerator(Shape shape)
        {
            _shape = shape;
            _index = -1;
        }

        /// <summary>The size at the current dimension.</summary>
        public readonly int Current => _shape._sizes[_index];

        /// <summary>Moves to the next dimension.</summary>
        public bool MoveNext() => ++_index < _shape.Rank;
    }
}
