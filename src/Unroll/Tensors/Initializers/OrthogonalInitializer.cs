namespace Unroll.Tensors;

/// <summary>A random orthogonal matrix times a gain: Gaussian vectors made orthonormal one after the other, in double precision, along
/// whichever side is shorter. Saxe, McClelland &amp; Ganguli 2014.</summary>
internal sealed class OrthogonalInitializer(float gain) : Initializer
{
    private readonly float _gain = Finite(gain, nameof(gain));

    public override void Fill(Span<float> values, Shape shape, RandomState random)
    {
        int rows = Fans(shape).Outputs > 0 ? shape[0] : 0, columns = rows == 0 ? 0 : values.Length / rows;
        int count = Math.Min(rows, columns), length = Math.Max(rows, columns);
        var vectors = new double[count][];
        for (int i = 0; i < count; i++)
        {
            double[] vector = vectors[i] = new double[length];
            do
            {
                for (int k = 0; k < length; k++) vector[k] = random.NextGaussian();
                // Gram–Schmidt; once more, because the first pass leaves rounding errors along the others.
                for (int pass = 0; pass < 2; pass++)
                    for (int j = 0; j < i; j++)
                    {
                        double along = Dot(vector, vectors[j]);
                        for (int k = 0; k < length; k++) vector[k] -= along * vectors[j][k];
                    }
            }
            while (Dot(vector, vector) < 1e-12);
            double scale = 1 / Math.Sqrt(Dot(vector, vector));
            for (int k = 0; k < length; k++) vector[k] *= scale;
        }
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                values[row * columns + column] = _gain * (float)(rows <= columns ? vectors[row][column] : vectors[column][row]);
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}
