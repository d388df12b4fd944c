using Unroll.Layers;

namespace Unroll.Tasks;

/// <summary>A <see cref="TaskModel"/> whose recurrent layers can be looked into.</summary>
public interface IRecurrentModel
{
    /// <summary>The recurrent layers, and what the first of them reads at the beginning of a text.</summary>
    /// <param name="paths">The text; what the model was trained with if there are none.</param>
    /// <param name="steps">How many steps.</param>
    /// <returns>The layers, and their input [steps, features].</returns>
    /// <exception cref="BadInputException">The text cannot be read or is too short.</exception>
    (Recurrent Layers, float[] Input) FirstSteps(IReadOnlyList<string> paths, int steps);
}
