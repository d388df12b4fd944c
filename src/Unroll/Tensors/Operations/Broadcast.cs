using System.Runtime.CompilerServices;

namespace Unroll.Tensors.Operations;

/// <summary>How two shapes are walked together by NumPy's rules: sizes are matched from the last on, and 1 stretches. Neighbouring
/// dimensions that both operands walk alike are joined, so that most pairs become one or two loops. The innermost loop has stride 1 or 0 in
/// each operand; the outer ones are counted by <see cref="Next"/>.</summary>
internal struct Broadcast
{
    [InlineArray(Shape.MaximumRank)]
    private struct Six
    {
        private int _first;
    }

    private readonly Six _sizes, _left, _right, _third;
    private readonly int _rank;
    private Six _index;

    /// <summary>Length of the innermost loop.</summary>
    public int Inner { get; }

    /// <summary>How often the innermost loop runs.</summary>
    public int Outer { get; }

    /// <summary>Whether the left operand moves on in the innermost loop, or stays at one number.</summary>
    public bool LeftMoves { get; }

    /// <summary>Whether the right operand moves on in the innermost loop, or stays at one number.</summary>
    public bool RightMoves { get; }

    /// <summary>Whether the third operand moves on in the innermost loop, or stays at one number.</summary>
    public bool ThirdMoves { get; }

    /// <summary>Where the left operand stands at the start of the present innermost loop.</summary>
    public int LeftOffset { get; private set; }

    /// <summary>Where the right operand stands at the start of the present innermost loop.</summary>
    public int RightOffset { get; private set; }

    /// <summary>Where the third operand stands at the start of the present innermost loop.</summary>
    public int ThirdOffset { get; private set; }

    /// <summary>The shape of the result.</summary>
    /// <exception cref="ShapeException">The shapes do not match.</exception>
    public static Shape Result(string operation, Shape left, Shape right)
    {
        int rank = Math.Max(left.Rank, right.Rank);
        Span<int> sizes = stackalloc int[Shape.MaximumRank];
        for (int i = 1; i <= rank; i++)
        {
            int a = i <= left.Rank ? left[-i] : 1, b = i <= right.Rank ? right[-i] : 1;
            if (a != b && a != 1 && b != 1)
                throw new ShapeException($"{operation}: the shapes {left} and {right} do not match at dimension {-i}, {a} and {b}; sizes must be equal or 1 there, so reshape one of them.");
            sizes[rank - i] = a == 1 ? b : a;
        }
        return new Shape(sizes[..rank]);
    }

    /// <summary>Plans the walk over shapes that match: two, or three.</summary>
    public Broadcast(Shape left, Shape right, Shape result, Shape third = default)
    {
        int leftStride = 1, rightStride = 1, thirdStride = 1;
        _rank = 0;   // here the dimensions stand innermost first
        for (int i = 1; i <= result.Rank && result.Count > 0; i++)
        {
            int size = result[-i], a = Size(left, i), b = Size(right, i), c = Size(third, i);
            if (size == 1) continue;
            int stepLeft = a == 1 ? 0 : leftStride, stepRight = b == 1 ? 0 : rightStride, stepThird = c == 1 ? 0 : thirdStride;
            leftStride *= a;
            rightStride *= b;
            thirdStride *= c;
            if (_rank > 0 && stepLeft == _left[_rank - 1] * _sizes[_rank - 1] && stepRight == _right[_rank - 1] * _sizes[_rank - 1]
                && stepThird == _third[_rank - 1] * _sizes[_rank - 1])
            {
                _sizes[_rank - 1] *= size;
                continue;
            }
            (_sizes[_rank], _left[_rank], _right[_rank], _third[_rank]) = (size, stepLeft, stepRight, stepThird);
            _rank++;
        }
        Inner = result.Count == 0 ? 0 : _rank == 0 ? 1 : _sizes[0];
        Outer = Inner == 0 ? 0 : result.Count / Inner;
        LeftMoves = _rank > 0 && _left[0] != 0;
        RightMoves = _rank > 0 && _right[0] != 0;
        ThirdMoves = _rank > 0 && _third[0] != 0;

        static int Size(Shape shape, int fromEnd) => fromEnd <= shape.Rank ? shape[-fromEnd] : 1;
    }

    /// <summary>Moves all operands to the start of the given innermost loop.</summary>
    public void MoveTo(int outer)
    {
        LeftOffset = RightOffset = ThirdOffset = 0;
        for (int i = 1; i < _rank; i++)
        {
            _index[i] = outer % _sizes[i];
            outer /= _sizes[i];
            LeftOffset += _index[i] * _left[i];
            RightOffset += _index[i] * _right[i];
            ThirdOffset += _index[i] * _third[i];
        }
    }

    /// <summary>Moves all operands to the next innermost loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Next()
    {
        for (int i = 1; i < _rank; i++)
        {
            LeftOffset += _left[i];
            RightOffset += _right[i];
            ThirdOffset += _third[i];
            if (++_index[i] < _sizes[i]) return;
            LeftOffset -= _left[i] * _sizes[i];
            RightOffset -= _right[i] * _sizes[i];
            ThirdOffset -= _third[i] * _sizes[i];
            _index[i] = 0;
        }
    }
}
