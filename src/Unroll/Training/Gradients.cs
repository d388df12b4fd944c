using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>What the trainer asks of all gradients together.</summary>
internal static class Gradients
{
    /// <summary>The Euclidean norm of all gradients, summed in double precision in a fixed order. Not finite if and only if an element is not.</summary>
    public static double Norm(IReadOnlyList<Parameter> parameters)
    {
        double sum = 0;
        for (int i = 0; i < parameters.Count; i++) sum += SumOfSquares(parameters[i].Gradient);
        return Math.Sqrt(sum);
    }

    /// <summary>The name of the first parameter whose gradient has an element that is not finite, or null.</summary>
    public static string? FirstNonFiniteGradient(IReadOnlyList<Parameter> parameters)
    {
        for (int i = 0; i < parameters.Count; i++)
            if (!double.IsFinite(SumOfSquares(parameters[i].Gradient))) return parameters[i].Name;
        return null;
    }

    /// <summary>The name of the first parameter that has an element that is not finite, or null.</summary>
    public static string? FirstNonFiniteValue(IReadOnlyList<Parameter> parameters)
    {
        for (int i = 0; i < parameters.Count; i++)
            if (!double.IsFinite(SumOfSquares(parameters[i].Values))) return parameters[i].Name;
        return null;
    }

    private static double SumOfSquares(ReadOnlySpan<float> values)
    {
        double a = 0, b = 0, c = 0, d = 0;
        int i = 0;
        for (; i + 4 <= values.Length; i += 4)
        {
            a += (double)values[i] * values[i];
            b += (double)values[i + 1] * values[i + 1];
            c += (double)values[i + 2] * values[i + 2];
            d += (double)values[i + 3] * values[i + 3];
        }
        for (; i < values.Length; i++) a += (double)values[i] * values[i];
        return a + b + (c + d);
    }
}
