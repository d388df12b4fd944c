using Unroll.Exchange;
using Unroll.Layers;

namespace Unroll.Tasks;

/// <summary>A trained model ready for use.</summary>
public abstract class TaskModel
{
    /// <summary>The layers and their parameters.</summary>
    public abstract Module Module { get; }

    /// <summary>The name of the cell of its recurrent layers; null where it has none.</summary>
    public abstract string? Cell { get; }

    /// <summary>The floating-point operations of the matrix products that one symbol costs going forward.</summary>
    public abstract long OperationsPerSymbol { get; }

    /// <summary>What a symbol is, in one word.</summary>
    public abstract string SymbolName { get; }

    /// <summary>What was measured when the model was saved: steps, losses.</summary>
    public abstract IReadOnlyList<Fact> TrainingFigures { get; }

    /// <summary>The architecture and what else belongs to the model, such as its vocabulary.</summary>
    public abstract IReadOnlyList<Fact> Describe();

    /// <summary>How the recurrent layers keep their matrices from now on; does nothing for a model without any.</summary>
    /// <param name="format">The format.</param>
    public virtual void KeepWeights(WeightFormat format)
    {
    }

    /// <summary>What the model computes, for programs that run it without Unroll.</summary>
    /// <param name="streaming">A part of a sequence at a time, with the recurrent layers' state given and returned. Models that write (translate, chat) always go so.</param>
    /// <returns>One pass, or several where a model has parts that run at different times, such as an encoder and a decoder.</returns>
    /// <exception cref="BadUsageException">The model reads whole sequences only.</exception>
    public abstract IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false);

    /// <summary>What a model that reads whole sequences says when it is to stream.</summary>
    private protected static BadUsageException NoStreaming(string why) => new($"The model has no streaming form: {why}. Leave streaming out.");

    /// <summary>The inputs in a file that are not its lines, such as a column of a table; null where they are lines.</summary>
    /// <param name="path">The file; null where the inputs are in none.</param>
    /// <param name="settings">The values of <see cref="TaskDefinition.PredictionOptions"/>.</param>
    /// <exception cref="BadInputException">The file cannot be read; the message names file and line.</exception>
    /// <exception cref="BadUsageException">The settings say how to read a file, and there is none.</exception>
    internal virtual IEnumerable<string>? InputsOf(string? path, TaskSettings settings) => null;

    /// <summary>Measures the model on data.</summary>
    /// <param name="settings">The values of <see cref="TaskDefinition.EvaluationOptions"/>.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BadInputException">The data cannot be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public abstract Evaluation Evaluate(TaskSettings settings, CancellationToken cancellation);
}

/// <summary>How good a model is on some data.</summary>
/// <param name="Examples">How many examples were judged; for running text, 1.</param>
/// <param name="Symbols">How many symbols were predicted, where that applies.</param>
/// <param name="Metrics">The task's metrics by name, <c>loss</c> first.</param>
/// <param name="Notes">What else to know, such as symbols that the model does not know.</param>
public sealed record Evaluation(long Examples, long? Symbols, IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<string> Notes)
{
    /// <summary>What takes more than one number to say, such as a confusion matrix.</summary>
    public IReadOnlyList<EvaluationTable> Tables { get; init; } = [];
}

/// <summary>Figures in rows and columns.</summary>
/// <param name="Name">What they are: lower case, words joined by underscores.</param>
/// <param name="Columns">The columns' names; the first is that of the rows' names.</param>
/// <param name="Rows">Each row's name and its numbers, one for each further column.</param>
public sealed record EvaluationTable(string Name, IReadOnlyList<string> Columns, IReadOnlyList<(string Name, IReadOnlyList<double> Values)> Rows)
{
    /// <summary>Where each row stands on the scale that <see cref="Columns"/> names first, so that the last column can be drawn over it; empty where rows stand on none.</summary>
    public IReadOnlyList<double> Places { get; init; } = [];
}
