using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>What the trainer asks of all gradients together.</summary>
internal static class Gradients
{
    /// <summary>The name of the first parameter whose gradient has an element that is not finite or too large to be squared, or null.</summary>
    public static string? FirstNonFiniteGradient(IReadOnlyList<Parameter> parameters)
    {
        for (int i = 0; i < parameters.Count; i++)
            if (!double.IsFinite(VectorMath.SumOfSquares(parameters[i].Gradient))) return parameters[i].Name;
        return null;
    }

    /// <summary>The name of the first parameter that has an element that is not finite or too large to be squared, or null.</summary>
    public static string? FirstNonFiniteValue(IReadOnlyList<Parameter> parameters)
    {
        for (int i = 0; i < parameters.Count; i++)
            if (!double.IsFinite(VectorMath.SumOfSquares(parameters[i].Values))) return parameters[i].Name;
        return null;
    }
}
