using System.Collections.Concurrent;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tasks.Examples;

/// <summary>A model that learns from examples, judges itself on others and answers lines. Beside its weights it holds nothing that reading changes: each call has a batch and a tape of its own.</summary>
/// <typeparam name="TExample">An example as it was read: text.</typeparam>
/// <typeparam name="TSet">Examples as the network reads them: numbers.</typeparam>
/// <typeparam name="TBatch">Some of a set side by side; filled again and again.</typeparam>
/// <param name="settings">The options of its training.</param>
internal abstract class ExampleModel<TExample, TSet, TBatch>(TaskSettings settings) : TaskModel, IPredictor
    where TSet : ExampleSet
    where TBatch : new()
{
    private readonly ConcurrentBag<(Tape Tape, TBatch Batch)> _idle = [];
    private readonly TBatch _learned = new();
    private Func<TaskSettings, (IReadOnlyList<TExample> Examples, string? Note)>? _toJudge;

    /// <summary>The options of its training.</summary>
    protected TaskSettings Settings { get; } = settings;

    /// <inheritdoc/>
    public override string? Cell => Settings.Text(CommonOptions.Cell.Name);

    /// <summary>Two for each weight of a matrix; embeddings are looked up.</summary>
    public override long OperationsPerSymbol => 2 * Module.Parameters.Where(parameter => parameter.Shape.Rank == 2 && parameter.Kind == ParameterKind.Weight).Sum(parameter => (long)parameter.Shape.Count);

    /// <inheritdoc/>
    public override string SymbolName => "word";

    /// <inheritdoc/>
    public sealed override IReadOnlyList<Fact> TrainingFigures => _figures;

    private IReadOnlyList<Fact> _figures = [];

    /// <summary>Turns examples into numbers.</summary>
    /// <exception cref="BadInputException">One has something the model cannot know, such as a label of its own; the message says where it stands.</exception>
    public abstract TSet Encode(IReadOnlyList<TExample> examples);

    /// <summary>The mean loss of some examples over all that is asked for in them, on the current tape. Called by the one thread that trains.</summary>
    /// <param name="set">The examples.</param>
    /// <param name="numbers">Which of them.</param>
    public Tensor Loss(TSet set, ReadOnlySpan<int> numbers) => Loss(set, numbers, _learned);

    /// <summary>The mean loss of some examples over all that is asked for in them, on the current tape.</summary>
    /// <param name="set">The examples.</param>
    /// <param name="numbers">Which of them.</param>
    /// <param name="batch">Where they are put side by side.</param>
    protected abstract Tensor Loss(TSet set, ReadOnlySpan<int> numbers, TBatch batch);

    /// <summary>The batches learned before the one at hand, for what changes while the model is trained.</summary>
    public long Step { get; set; }

    /// <summary>Judges the model.</summary>
    /// <param name="set">On what.</param>
    /// <param name="given">The options of evaluation; null while it is trained, when what takes long may be left out.</param>
    /// <param name="cancellation">Stops it.</param>
    public abstract Judgement Judge(TSet set, TaskSettings? given, CancellationToken cancellation);

    /// <summary>Writes vocabularies and what else belongs to the model into its file's metadata.</summary>
    public abstract void Save(ModelFile file);

    /// <summary>The metric by which the best model is chosen while it is trained: <c>loss</c>, or another of which more is better.</summary>
    public virtual string BestBy => "loss";

    /// <summary>What is done to the weights once they are drawn; null for nothing.</summary>
    public virtual Action? AfterInitialize => null;

    /// <summary>Something the model makes of one of the examples kept aside, to be shown; null for nothing.</summary>
    public virtual string? Shown(TSet set, RandomState random) => null;

    /// <summary>An example without an answer.</summary>
    /// <param name="line">What was typed.</param>
    /// <param name="number">Which line it is, from 1.</param>
    /// <exception cref="BadInputException">It cannot be one; the message begins with <see cref="Line"/>.</exception>
    protected abstract TExample Parse(string line, int number);

    /// <summary>Where a line to be answered stands, for messages: what it was read from is known elsewhere.</summary>
    protected static string Line(int number) => $"line {number}";

    /// <summary>Answers some examples.</summary>
    /// <param name="set">All of them.</param>
    /// <param name="numbers">Which.</param>
    /// <param name="batch">Where they are put side by side.</param>
    /// <param name="given">The options of prediction.</param>
    /// <param name="answers">Receives the answer to each, by its number in the set.</param>
    protected abstract void Answer(TSet set, ReadOnlySpan<int> numbers, TBatch batch, TaskSettings given, Prediction[] answers);

    /// <inheritdoc/>
    public IReadOnlyList<TaskOption> PredictionOptions { get; private set; } = [];

    /// <summary>Says where the model came from.</summary>
    public void Opened(ModelFile file, IReadOnlyList<TaskOption> predictionOptions, Func<TaskSettings, (IReadOnlyList<TExample> Examples, string? Note)> toJudge) =>
        (_figures, PredictionOptions, _toJudge) = (Tasks.TrainingFigures.Read(file), predictionOptions, toJudge);

    /// <inheritdoc/>
    public sealed override Evaluation Evaluate(TaskSettings settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (IReadOnlyList<TExample> examples, string? note) = _toJudge!(settings);
        TSet set = Encode(examples);
        Judgement judgement = Judge(set, settings, cancellation);
        return new Evaluation(set.Count, judgement.Symbols, judgement.Metrics, note is null ? judgement.Notes : [note, .. judgement.Notes]) { Tables = judgement.Tables };
    }

    /// <inheritdoc/>
    public IEnumerable<Prediction> Predict(IEnumerable<string> lines, TaskSettings settings, int together, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentOutOfRangeException.ThrowIfLessThan(together, 1);
        int number = 0;
        foreach (string[] chunk in lines.Chunk(LengthBatches.Ahead(together)))
        {
            TSet set = Encode([.. chunk.Select(line => Parse(line, ++number))]);
            var answers = new Prediction[chunk.Length];
            ForEachBatch(set, together, (numbers, batch) => Answer(set, numbers, batch, settings, answers), cancellation);
            foreach (Prediction answer in answers) yield return answer;
        }
    }

    /// <summary>Goes through all examples of a set in batches of about the same length, without gradients; a very long one makes its batch smaller. Several threads may at once: each call has a tape and a batch
    /// that nobody else has meanwhile.</summary>
    protected void ForEachBatch(TSet set, int size, Action<int[], TBatch> body, CancellationToken cancellation)
    {
        (Tape tape, TBatch batch) = _idle.TryTake(out var idle) ? idle : (new Tape { Training = false }, new TBatch());
        try
        {
            foreach (int[] numbers in LengthBatches.ToRead(LengthBatches.LengthsOf(set), size))
            {
                cancellation.ThrowIfCancellationRequested();
                tape.Begin(gradients: false);
                try
                {
                    body(numbers, batch);
                }
                finally
                {
                    tape.End();
                }
            }
        }
        finally
        {
            _idle.Add((tape, batch));
        }
    }
}

/// <summary>How good a model is.</summary>
/// <param name="Metrics">Its metrics by name, <c>loss</c> first.</param>
/// <param name="Symbols">How many answers were judged, where that is not the number of examples.</param>
internal sealed record Judgement(Dictionary<string, double> Metrics, long? Symbols = null)
{
    /// <summary>What else to know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What takes more than one number to say.</summary>
    public IReadOnlyList<EvaluationTable> Tables { get; init; } = [];
}
