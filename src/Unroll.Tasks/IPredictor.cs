using System.Text.Json;

namespace Unroll.Tasks;

/// <summary>A <see cref="TaskModel"/> that answers line by line.</summary>
public interface IPredictor
{
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
