using System.Numerics.Tensors;
using Unroll.Tensors;

namespace Unroll.Analysis;

/// <summary>‖A‖₂, the greatest singular value of a matrix: how much the most stretched vector grows. By the Lanczos process on AᵀA from a random vector (Lanczos
/// 1950), each new vector made orthogonal to all before it, so that rounding brings no copies; the numbers are those of a power iteration that forgets nothing,
/// and many times fewer.</summary>
internal static class SpectralNorm
{
    private const double Tolerance = 1e-13;

    /// <summary>Computes it to about ten digits.</summary>
    /// <param name="matrix">A, [rows, columns], row-major.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <returns>The norm; ∞ or NaN where the matrix holds such a number.</returns>
    public static double Of(ReadOnlySpan<double> matrix, int rows, int columns)
    {
        if (matrix.Length != rows * columns) throw new ShapeException($"SpectralNorm: {matrix.Length} numbers do not make a matrix [{rows}, {columns}].");
        // Scaled so that squares neither overflow nor vanish.
        double scale = matrix.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(matrix));
        if (scale == 0 || !double.IsFinite(scale)) return scale;
        var a = new double[matrix.Length];
        TensorPrimitives.Divide(matrix, scale, a);

        var random = new RandomState(1);
        double[] v = [.. Enumerable.Range(0, columns).Select(_ => random.NextGaussian())];
        List<double[]> basis = [];
        List<double> diagonal = [], beside = [];
        double largest = 0, norm = TensorPrimitives.Norm<double>(v);
        for (int still = 0; still < 3 && basis.Count < columns;)
        {
            TensorPrimitives.Divide(v, norm, v);
            basis.Add(v);
            var w = new double[columns];
            for (int r = 0; r < rows; r++)
            {
                var row = a.AsSpan(r * columns, columns);
                TensorPrimitives.MultiplyAdd(row, TensorPrimitives.Dot<double>(row, v), w, w);
            }
            diagonal.Add(TensorPrimitives.Dot<double>(v, w));
            for (int pass = 0; pass < 2; pass++)
                foreach (var q in basis) TensorPrimitives.MultiplyAdd(q, -TensorPrimitives.Dot<double>(q, w), w, w);
            double before = largest;
            largest = LargestEigenvalue(diagonal, beside);
            still = largest - before <= Tolerance * largest ? still + 1 : 0;
            norm = TensorPrimitives.Norm<double>(w);
            // Nothing is left beside what the vectors so far span: they hold the greatest already.
            if (norm <= 1e-15 * largest) break;
            beside.Add(norm);
            v = w;
        }
        return scale * Math.Sqrt(largest);
    }

    /// <summary>The greatest eigenvalue of a symmetric tridiagonal matrix, by bisection: the pivots of T − λ are all negative above it and only there.</summary>
    private static double LargestEigenvalue(List<double> diagonal, List<double> beside)
    {
        double low = diagonal.Max(), high = low;
        for (int i = 0; i < diagonal.Count; i++)
            high = Math.Max(high, diagonal[i] + (i > 0 ? beside[i - 1] : 0) + (i < beside.Count ? beside[i] : 0));
        while (true)
        {
            double middle = low + (high - low) / 2;
            if (middle <= low || middle >= high) return high;
            double pivot = diagonal[0] - middle;
            bool above = pivot < 0;
            for (int i = 1; above && i < diagonal.Count; i++)
            {
                pivot = diagonal[i] - middle - beside[i - 1] * beside[i - 1] / pivot;
                above = pivot < 0;
            }
            if (above) high = middle;
            else low = middle;
        }
    }
}
