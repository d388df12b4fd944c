using System.Runtime.CompilerServices;

namespace Unroll.Tensors.Operations;

/// <summary>Reorders the dimensions: dimension i of the result is dimension pᵢ of the operand. The gradient goes back the same way.</summary>
internal sealed class Permute : Operation
{
    public static readonly Permute Instance = new();

    public override string Name => "Permute";

    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(Tensor x, ReadOnlySpan<int> order) => OperationCall.Start(Instance).With(x).WithIntegers(order).Run();

    public override void Shapes(OperationCall call)
    {
        Shape from = call.InputShape(0);
        ReadOnlySpan<int> order = call.Integers(0);
        Span<int> sizes = stackalloc int[Shape.MaximumRank];
        int seen = 0;
        for (int i = 0; i < order.Length && order.Length == from.Rank; i++)
        {
            int axis = from.Axis(order[i]);
            seen |= 1 << axis;
            sizes[i] = from[axis];
        }
        if (order.Length != from.Rank || seen != (1 << from.Rank) - 1)
            throw new ShapeException($"Permute: the order [{string.Join(", ", order.ToArray())}] does not name each dimension of {from} once; give every number from 0 to {from.Rank - 1}.");
        call.AddOutput(new Shape(sizes[..from.Rank]));
    }

    public override void Forward(OperationCall call) => call.InParts(call.OutputShape(0).Count, static (call, part, parts) =>
    {
        ReadOnlySpan<float> x = call.Input(0);
        Span<float> y = call.Output(0);
        var walk = new Walk(call, part, parts);
        for (int row = walk.Row; row < walk.LastRow; row++, walk.Next())
        {
            Span<float> to = y.Slice(row * walk.Inner, walk.Inner);
            if (walk.Stride == 1)
                x.Slice(walk.Offset, walk.Inner).CopyTo(to);
            else
                for (int i = 0, from = walk.Offset; i < to.Length; i++, from += walk.Stride) to[i] = x[from];
        }
    });

    public override void Backward(OperationCall call) => call.InParts(call.OutputShape(0).Count, static (call, part, parts) =>
    {
        Span<float> gradient = call.InputGradient(0);
        ReadOnlySpan<float> g = call.OutputGradient(0);
        var walk = new Walk(call, part, parts);
        for (int row = walk.Row; row < walk.LastRow; row++, walk.Next())
        {
            ReadOnlySpan<float> from = g.Slice(row * walk.Inner, walk.Inner);
            for (int i = 0, to = walk.Offset; i < from.Length; i++, to += walk.Stride) gradient[to] += from[i];
        }
    });

    /// <summary>Walks the rows of the result, and says where each lies in the operand.</summary>
    private struct Walk
    {
        private Six _sizes, _strides, _index;
        private readonly int _rank;

        [InlineArray(Shape.MaximumRank)]
        private struct Six
        {
            private int _first;
        }

        public Walk(OperationCall call, int part, int parts)
        {
            Shape from = call.InputShape(0), to = call.OutputShape(0);
            ReadOnlySpan<int> order = call.Integers(0);
            _rank = to.Rank;
            for (int i = 0; i < _rank; i++)
            {
                int axis = from.Axis(order[i]);
                _sizes[i] = to[i];
                _strides[i] = from.CountOf(axis + 1, from.Rank);
            }
            Inner = _rank == 0 ? 1 : to[-1];
            Stride = _rank == 0 ? 1 : _strides[_rank - 1];
            int rows = Inner == 0 ? 0 : to.Count / Inner;
            (Row, LastRow) = ((int)((long)rows * part / parts), (int)((long)rows * (part + 1) / parts));
            if (to.Count == 0) return;
            for (int i = _rank - 2, left = Row; i >= 0; i--)
            {
                _index[i] = left % _sizes[i];
                left /= _sizes[i];
                Offset += _index[i] * _strides[i];
            }
        }

        public int Inner { get; }

        public int Stride { get; }

        public int Row { get; }

        public int LastRow { get; }

        public int Offset { get; private set; }

        public void Next()
        {
            for (int i = _rank - 2; i >= 0; i--)
            {
                Offset += _strides[i];
                if (++_index[i] < _sizes[i]) return;
                Offset -= _strides[i] * _sizes[i];
                _index[i] = 0;
            }
        }
    }
}
