namespace Unroll.Equations;

/// <summary>What is done to the states within a cell's steps, whatever its equations.</summary>
/// <param name="Dropout">Probability that a feature of what a recurrent matrix multiplies is dropped.</param>
/// <param name="Zoneout">Probability that a unit of a state keeps its value from the step before.</param>
/// <param name="IsDrawn">Whether masks are drawn, as in training; otherwise zoneout takes the mean and nothing is dropped.</param>
internal readonly record struct StateNoise(float Dropout, float Zoneout, bool IsDrawn);

/// <summary>A random mask of the equations: each feature of each sequence is 0 with a probability.</summary>
/// <param name="Value">The leaf that reads it.</param>
/// <param name="Probability">Of a 0.</param>
/// <param name="Kept">What it is otherwise.</param>
/// <param name="EveryStep">Whether it is drawn at every step, and not once for all steps.</param>
internal sealed record StepMask(Expression Value, float Probability, float Kept, bool EveryStep);
