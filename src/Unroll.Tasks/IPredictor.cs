using System.Text.Json;

namespace Unroll.Tasks;

/// <summary>A <see cref="TaskModel"/> that answers line by line. Any number of threads may ask one model at once: each call has its state for itself, and its answers are those that one thread
/// alone gets, to the bit. The weights are not to be changed meanwhile, nor how they are kept (<see cref="TaskModel.KeepWeights"/>).</summary>
public interface IPredictor
{
    /// <summary>The options of <see cref="Predict"/>, those of the task's <see cref="TaskDefinition.PredictionOptions"/>.</summary>
    IReadOnlyList<TaskOption> PredictionOptions { get; }

    /// <summary>Answers some inputs.</summary>
    /// <param name="inputs">What to answer.</param>
    /// <param name="settings">The values of <see cref="PredictionOptions"/>; their defaults if left out.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>An answer to each, in their order.</returns>
    /// <exception cref="BadInputException">An input is not as the task has it; the message gives its number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<Prediction> PredictAll(IReadOnlyList<string> inputs, TaskSettings? settings = null, CancellationToken cancellation = default) =>
        [.. Predict(inputs, settings ?? new TaskSettings(PredictionOptions), Together, cancellation)];

    /// <summary>Inputs that go together where nothing else is said.</summary>
    internal const int Together = 64;

    /// <summary>Answers lines in their order, as they come: only some are held at a time, so that there may be more of them than fit in memory.</summary>
    /// <param name="lines">What to answer, one input in each line; an empty one has an answer too.</param>
    /// <param name="settings">The values of <see cref="TaskDefinition.PredictionOptions"/>.</param>
    /// <param name="together">How many lines may be waited for before the first is answered: more are faster.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BadInputException">A line is not as the task has it; the message gives its number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IEnumerable<Prediction> Predict(IEnumerable<string> lines, TaskSettings settings, int together, CancellationToken cancellation);
}

/// <summary>The answer to a line.</summary>
/// <param name="Text">For people: one line, or several.</param>
/// <param name="Json">Writes its properties into a JSON object that is open.</param>
public sealed record Prediction(string Text, Action<Utf8JsonWriter> Json)
{
    /// <summary>The input's words and what each weighed in the answer, to be shown below it; null where that was not asked for.</summary>
    public IReadOnlyList<WeightedWord>? Words { get; init; }
}

/// <summary>A word and what it weighed.</summary>
/// <param name="Word">The word.</param>
/// <param name="Weight">Its weight, 0 or more; those of all words sum to 1.</param>
public readonly record struct WeightedWord(string Word, double Weight);
