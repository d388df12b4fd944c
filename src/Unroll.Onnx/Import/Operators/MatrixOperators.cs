using Unroll.Tensors;

namespace Unroll.Onnx.Import;

/// <summary>The matrix products.</summary>
internal static class MatrixOperators
{
    public static IEnumerable<KeyValuePair<string, Operator>> All { get; } = new Dictionary<string, Operator>
    {
        ["MatMul"] = new(2, 2, _ => MatMul),
        ["Gemm"] = new(2, 3, PrepareGemm),
    };

    private static OnnxValue MatMul(NodeCall call)
    {
        Tensor a = call.Tensor(0), b = call.Tensor(1);
        if (a.Shape.Rank == 0 || b.Shape.Rank == 0) throw call.Node.Bad($"multiplies {a.Shape} and {b.Shape}; expected vectors or matrices");
        // A vector is a row on the left and a column on the right, and is none any more in the product.
        bool row = a.Shape.Rank == 1, column = b.Shape.Rank == 1;
        if (row) a = a.Reshape(1, a.Shape[0]);
        if (column) b = b.Reshape(b.Shape[0], 1);
        if (b.Shape.Rank > 2)
        {
            Shape outer = call.Broadcast(Outer(a.Shape), Outer(b.Shape));
            (a, b) = (ShapeOperators.Expanded(a, call.Within(Joined(outer, a.Shape))), ShapeOperators.Expanded(b, call.Within(Joined(outer, b.Shape))));
        }
        call.ShapeOf([.. Outer(a.Shape).ToArray(), a.Shape[-2], b.Shape[-1]]);
        Tensor product = a.MatMul(b);
        if (row) product = product.Reshape(product.Shape.Without(product.Shape.Rank - 2));
        return column ? product.Reshape(product.Shape.Without(product.Shape.Rank - 1)) : product;

        static Shape Outer(Shape shape) => new(shape.ToArray().AsSpan(0, shape.Rank - 2));

        static Shape Joined(Shape outer, Shape matrix) => new([.. outer.ToArray(), matrix[-2], matrix[-1]]);
    }

    private static NodeFunction PrepareGemm(GraphNode node)
    {
        float alpha = node.Real("alpha", 1), beta = node.Real("beta", 1);
        bool transposeA = node.Flag("transA"), transposeB = node.Flag("transB");
        return call =>
        {
            Tensor a = call.Tensor(0), b = call.Tensor(1);
            if (a.Shape.Rank != 2 || b.Shape.Rank != 2) throw call.Node.Bad($"multiplies {a.Shape} and {b.Shape}; expected two matrices");
            call.ShapeOf([a.Shape[transposeA ? 1 : 0], b.Shape[transposeB ? 0 : 1]]);
            Tensor product = a.MatMul(b, transposeA, transposeB);
            if (alpha != 1) product *= alpha;
            if (!call.Has(2) || beta == 0) return product;
            Tensor c = call.Tensor(2);
            if (call.Broadcast(product.Shape, c.Shape) != product.Shape) throw call.Node.Bad($"adds {c.Shape} to {product.Shape}, which it does not fit");
            return product + (beta == 1 ? c : c * beta);
        };
    }
}
