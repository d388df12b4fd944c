using System.Runtime.CompilerServices;
using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>Rows of a table by their numbers: y[i, :] = table[rowᵢ, :]. The gradient of a row is the sum over its uses.</summary>
internal sealed class Gather : Operation
{
    public static readonly Gather Instance = new();

    public override string Name => "Gather";

    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(Tensor table, ReadOnlySpan<int> rows, Shape shape)
    {
        OperationCall call = OperationCall.Start(Instance).With(table).WithIntegers(rows).WithInteger(shape.Rank);
        for (int i = 0; i < shape.Rank; i++) call.WithInteger(shape[i]);
        return call.Run();
    }

    public override void Shapes(OperationCall call)
    {
        Shape table = call.InputShape(0);
        ReadOnlySpan<int> rows = call.Integers(0);
        if (table.Rank != 2)
            throw new ShapeException($"Gather: the table needs two dimensions [rows, features], found {table}; reshape it.");
        Span<int> sizes = stackalloc int[Shape.MaximumRank + 1];
        int rank = call.Integer(0);
        for (int i = 0; i < rank; i++) sizes[i] = call.Integer(1 + i);
        if (new Shape(sizes[..rank]).Count != rows.Length)
            throw new ShapeException($"Gather: {rows.Length} row numbers do not fill the shape {new Shape(sizes[..rank])}; give as many as it has elements.");
        foreach (int row in rows)
            if ((uint)row >= (uint)table[0])
                throw new ShapeException($"Gather: there is no row {row} in a table of shape {table}; row numbers go from 0 to {table[0] - 1}.");
        sizes[rank] = table[1];
        call.AddOutput(new Shape(sizes[..(rank + 1)]));
    }

    public override void Forward(OperationCall call) => call.InParts(call.OutputShape(0).Count, [MethodImpl(MethodImplOptions.AggressiveOptimization)] static (call, part, parts) =>
    {
        ReadOnlySpan<float> table = call.Input(0);
        ReadOnlySpan<int> rows = call.Integers(0);
        Span<float> y = call.Output(0);
        int width = call.InputShape(0)[1], to = OperationCall.Boundary(rows.Length, part + 1, parts);
        for (int i = OperationCall.Boundary(rows.Length, part, parts); i < to; i++)
            table.Slice(rows[i] * width, width).CopyTo(y[(i * width)..]);
    });

    public override void Backward(OperationCall call) => call.InParts(call.OutputShape(0).Count, [MethodImpl(MethodImplOptions.AggressiveOptimization)] static (call, part, parts) =>
    {
        // Threads share out the rows of the table; each reads all the numbers and adds in their order.
        ReadOnlySpan<float> g = call.OutputGradient(0);
        ReadOnlySpan<int> rows = call.Integers(0);
        Span<float> gradient = call.InputGradient(0);
        int width = call.InputShape(0)[1];
        for (int i = 0; i < rows.Length; i++)
        {
            if (rows[i] % parts != part) continue;
            Span<float> to = gradient.Slice(rows[i] * width, width);
            VectorMath.AddTo(g.Slice(i * width, width), to);
        }
    });
}
