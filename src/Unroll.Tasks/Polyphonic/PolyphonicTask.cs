using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Polyphonic;

/// <summary>Music as sets of notes: at every time step, which of the 88 keys of a piano sound at the next? Each has a probability of its own. Boulanger-Lewandowski, Bengio &amp; Vincent
/// 2012, "Modeling temporal dependencies in high-dimensional sequences"; Chung, Gulcehre, Cho &amp; Bengio 2014, "Empirical evaluation of gated recurrent neural networks on sequence
/// modeling".</summary>
internal sealed class PolyphonicTask : StoredTask
{
    private const int SamplePieces = 200, SampleValidation = 40;

    internal static readonly TaskOption ValidShare = new("valid-share", OptionKind.Number, "without --valid, share of the pieces kept aside: the last ones") { Default = "0.1", Minimum = 0, Maximum = 0.9, Exclusive = true, Placeholder = "P", Group = "Data" };

    internal static readonly TaskOption Sequence = CommonOptions.Sequence with { Help = "cut pieces for training into parts of this many steps; 0 leaves them whole", Default = "0", Minimum = 0 };

    /// <inheritdoc/>
    public override string Name => "polyphonic";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Aliases => ["music"];

    /// <inheritdoc/>
    public override string Summary => "learns music: at every step, which notes sound at the next";

    /// <inheritdoc/>
    public override string Paper => "Boulanger-Lewandowski et al. 2012; Chung et al. 2014: nats per time step, LSTM 8.67 on JSB chorales, 3.20 on Nottingham";

    /// <inheritdoc/>
    public override TaskOption Data { get; } = new("data", OptionKind.Path, "pieces as JSON lines, each a list of steps, each a list of notes 0 to 87 (default: chords with a melody, made from the seed)")
    {
        Several = true,
        Placeholder = "PATH",
        Group = "Data",
    };

    /// <inheritdoc/>
    public override TaskOption Valid { get; } = new("valid", OptionKind.Path, "pieces to judge the model on (default: the last ones of --data)")
    {
        Several = true,
        Placeholder = "PATH",
        Group = "Data",
    };

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions => [ValidShare, Sequence];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>
    {
        [CommonOptions.Hidden.Name] = "128",
        [CommonOptions.Batch.Name] = "4",
        [CommonOptions.LearningRate.Name] = "0.01",
    };

    /// <inheritdoc/>
    protected override (int Data, int Sample) DefaultEpochs => (30, 30);

    /// <inheritdoc/>
    protected override TrainingUnits Units { get; } = new("time steps");

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "an LSTM learns chords with a melody that are made from the seed"),
        ("--data jsb.train.jsonl --valid jsb.valid.jsonl", "learn Bach's chorales"),
        ("--data jsb.train.jsonl --valid jsb.valid.jsonl --cell gru --hidden 46", "the GRU of Chung et al. 2014"),
        ("--data long.jsonl --sequence 200", "long pieces, cut into parts of 200 steps"),
    ];

    /// <inheritdoc/>
    public override SequenceFormat Format(TaskSettings settings) => Pieces.Notes;

    /// <inheritdoc/>
    public override StoredParts Read(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        IReadOnlyList<string> paths = settings.All(Data.Name), valid = settings.All(Valid.Name);
        string source = paths.Count > 0 ? string.Join(", ", paths) : "chords with a melody, made from the seed";
        Pieces all = paths.Count > 0 ? PieceReader.Read(paths)
            : PieceGenerator.Generate(new RandomState((ulong)settings.Whole(CommonOptions.Seed.Name)).Fork("pieces"), SamplePieces + SampleValidation);
        Pieces training = all, validation;
        if (valid.Count > 0) validation = PieceReader.Read(valid);
        else
        {
            if (all.Count < 2) throw new BadInputException($"{source}: only one piece; with no --valid it takes at least 2, to keep one aside.");
            int kept = paths.Count == 0 ? SampleValidation : Math.Clamp((int)Math.Round(settings.Number(ValidShare.Name) * all.Count), 1, all.Count - 1);
            (training, validation) = (all.Part(0, all.Count - kept), all.Part(all.Count - kept, kept));
        }
        int length = settings.Whole(Sequence.Name);
        return new StoredParts(length > 0 ? training.Cut(length) : training, validation, source);
    }

    /// <inheritdoc/>
    protected override StoredSequences ReadToJudge(IReadOnlyList<string> paths, TaskSettings trainedWith) => PieceReader.Read(paths);

    /// <summary>The negative log-likelihood of a step, and the accuracy over frames: of all notes that sound or are predicted, those that do both (Bay, Ehmann &amp; Downie 2009).</summary>
    protected override Dictionary<string, double> MetricsOf(SequenceScores scores) => new()
    {
        ["loss"] = scores.Loss,
        ["nll"] = scores.Loss,
        ["accuracy"] = scores.Found + scores.Confused == 0 ? 1 : (double)scores.Found / (scores.Found + scores.Confused),
    };

    /// <inheritdoc/>
    protected override string Describe(StoredSequences sequences)
    {
        long steps = 0;
        int longest = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            steps += sequences.LengthOf(i) + 1;
            longest = Math.Max(longest, sequences.LengthOf(i) + 1);
        }
        return $"{sequences.Count:N0} pieces, {steps:N0} steps, the longest {longest:N0}";
    }
}
