using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks.Examples;
using Unroll.Training;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Learns a text, symbol after symbol, and writes in its voice: embedding, recurrent layers, dropout, and a linear layer whose logits
/// give the probability of each symbol being next. Mikolov et al. 2010; Graves 2013, "Generating sequences with recurrent neural networks".</summary>
public sealed class LanguageModelTask : TaskDefinition
{
    internal static readonly TaskOption Data = new("data", OptionKind.Path, "text to learn: UTF-8 files or folders (default: this program's own source)")
    {
        Several = true,
        Placeholder = "PATH",
        Group = "Data",
    };

    internal static readonly TaskOption Valid = new("valid", OptionKind.Path, "text to judge the model on (default: the last part of the text)")
    {
        Several = true,
        Placeholder = "PATH",
        Group = "Data",
    };

    internal static readonly TaskOption ValidShare = new("valid-share", OptionKind.Number, "share of the text that last part is")
    {
        Default = "0.05",
        Minimum = 0,
        Maximum = 0.9,
        Placeholder = "P",
        Group = "Data",
    };

    internal static readonly TaskOption Level = new("level", OptionKind.Choice, "what a symbol is; token: what white space separates, and each line end, as in prepared texts") { Default = "char", Choices = ["char", "word", "token", "byte"], Group = "Data" };

    internal static readonly TaskOption MinimumCount = WordOptions.MinimumCount with { Help = "symbols that occur less often are unknown", Default = "1" };

    internal static readonly TaskOption MaximumVocabulary = WordOptions.MaximumVocabulary with { Help = "most symbols to know; 0 for no limit" };

    internal static readonly TaskOption VocabularyFile = new("vocabulary", OptionKind.Path, "the symbols to know, instead of those of the text: one a line, or JSON; for weights from elsewhere") { Placeholder = "FILE", Group = "Data" };

    private static readonly TaskOption RandomLengths = new("random-lengths", OptionKind.Flag, "let the time steps vary around --sequence from step to step, and the step size with them") { Group = "Training" };

    private static readonly TaskOption Bidirectional = CommonOptions.Bidirectional with { Help = "refused: reading both ways, it would see what it is to predict" };

    internal static readonly TaskOption EvaluationData = new("data", OptionKind.Path, "text to judge the model on (default: what was kept aside in training)")
    {
        Several = true,
        Placeholder = "PATH",
        Group = "Data",
    };

    internal static readonly TaskOption EvaluationBatch = new("batch", OptionKind.Whole, "read this many parts of the text side by side: faster, and very nearly the same")
    {
        Default = "1",
        Minimum = 1,
        Maximum = 4096,
        Group = "Data",
    };

    /// <inheritdoc/>
    public override string Name => "language-model";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Aliases => ["lm"];

    /// <inheritdoc/>
    public override string Summary => "learns a text symbol by symbol, then writes in its voice";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } =
    [
        LanguageModelRecipe.Option, Data, Valid, ValidShare, Level, MinimumCount, MaximumVocabulary, VocabularyFile,
        CommonOptions.Cell, CommonOptions.Hidden, CommonOptions.Layers, Bidirectional, .. LanguageModelShape.Options, OutputSoftmax.Option, OutputSoftmax.CutoffsOption, .. CommonOptions.AroundCells, CommonOptions.Init, CommonOptions.ForgetBias,
        CommonOptions.Epochs, CommonOptions.Steps, CommonOptions.Batch, CommonOptions.Sequence, RandomLengths, CommonOptions.Recompute, .. CommonOptions.OfEveryTraining,
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> EvaluationOptions { get; } = [EvaluationData, EvaluationBatch, .. AdaptingScorer.Options];

    /// <inheritdoc/>
    public override bool CanGenerate => true;

    /// <inheritdoc/>
    public override string? PredictionInput => "a text";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "learn this program's own source code, in about a minute"),
        ("--data shakespeare.txt", "learn a text; its last 5 % is kept aside to judge the model"),
        ("--data books/ --level word --min-count 3 --hidden 256 --dropout 0.3", "learn words from all files of a folder"),
        ("--recipe zaremba-medium --data ptb.train.txt --valid ptb.valid.txt", "a published recipe on a prepared text; options given win"),
        ("--data books/ --level word --softmax adaptive", "words from a large vocabulary, with little spent on rare ones"),
        ("--data train.txt --valid valid.txt --cell gru --hidden 512 --schedule cosine", "another cell, larger, with a falling learning rate"),
    ];

    /// <inheritdoc/>
    public override PreparedTraining Prepare(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ModelFile? start = StartingModel.Read(this, settings);
        IReadOnlySet<string> fromRecipe = LanguageModelRecipe.Apply(settings);
        if (settings.Flag(Bidirectional.Name)) throw new BadUsageException("--bidirectional: a language model reads forward only; reading both ways, it would see what it is to predict.");
        OutputSoftmax.Check(settings);
        LanguageModelText text = LanguageModelText.Read(settings, start);
        var warnings = new List<string>();
        if (fromRecipe.Contains(OutputSoftmax.Option.Name) && OutputSoftmax.IsTooSmall(settings, text.Vocabulary.Count))
        {
            settings.Set(OutputSoftmax.Option.Name, OutputSoftmax.Option.Default!);
            warnings.Add($"the vocabulary has {text.Vocabulary.Count} symbols, for which the recipe's adaptive softmax does not pay; the full one is learned");
        }
        // Into the recipe, so that the model is opened with the same ones whatever later versions choose.
        if (OutputSoftmax.Cutoffs(settings, text.Vocabulary.Count) is { } cutoffs) settings.Set(OutputSoftmax.CutoffsOption.Name, OutputSoftmax.Text(cutoffs));
        FitToText(settings, fromRecipe, text.Training.Symbols.Length, warnings);
        if (text.Validation.DescribeUnknown() is { } unknown) warnings.Add($"in the validation text, {unknown}");

        LanguageModelNetwork network = LanguageModelNetwork.Create(settings, text.Vocabulary.Count);
        var job = new LanguageModelJob(network, text, settings.Whole(CommonOptions.Batch.Name), settings.Whole(CommonOptions.Sequence.Name), settings.Flag(RandomLengths.Name),
            () => CommonOptions.ToRecipe(this, settings).ToJson())
        {
            StartingModel = start,
        };
        return new PreparedTraining(job, [.. text.Describe(), .. network.Describe()], warnings, UnitsOf(text.Vocabulary.Level));
    }

    /// <inheritdoc/>
    public override TaskModel Open(ModelFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        TaskSettings settings = CommonOptions.FromRecipe(this, Recipe.FromJson(file.Recipe, "the model's recipe"));
        var vocabulary = Vocabulary.FromJson(file.Text(LanguageModelJob.VocabularyKey));
        LanguageModelNetwork network;
        try
        {
            network = LanguageModelNetwork.Create(settings, vocabulary.Count);
        }
        catch (BadUsageException error)
        {
            throw new BadInputException($"The model's recipe does not fit together: {error.Message}", error);
        }
        file.CopyTo(network.Parameters);
        return new TrainedLanguageModel(network, vocabulary, settings, file);
    }

    private static TrainingUnits UnitsOf(TextLevel level) => level switch
    {
        TextLevel.Char => new TrainingUnits("characters", "bits per character", static nats => nats / Math.Log(2)),
        TextLevel.Byte => new TrainingUnits("bytes", "bits per byte", static nats => nats / Math.Log(2)),
        _ => new TrainingUnits(LanguageModelText.UnitOf(level), "perplexity", static nats => Math.Exp(nats)),
    };

    /// <summary>Fills in what depends on the text: how long to train, and for a short text fewer streams, unless the user chose.</summary>
    private static void FitToText(TaskSettings settings, IReadOnlySet<string> fromRecipe, int symbols, List<string> warnings)
    {
        int sequence = settings.Whole(CommonOptions.Sequence.Name), batch = settings.Whole(CommonOptions.Batch.Name);
        int room = (symbols - 1) / sequence;
        if (room >= 1 && room < batch && (!settings.IsGiven(CommonOptions.Batch.Name) || fromRecipe.Contains(CommonOptions.Batch.Name)))
        {
            settings.Set(CommonOptions.Batch.Name, room.ToString());
            warnings.Add($"the text is short: the batch is {room} instead of {batch}");
        }
        if (settings.IsGiven(CommonOptions.Epochs.Name) || settings.IsGiven(CommonOptions.Steps.Name)) return;
        if (settings.IsGiven(Data.Name)) settings.Set(CommonOptions.Epochs.Name, DefaultEpochs);
        else settings.Set(CommonOptions.Steps.Name, DefaultSteps);
    }

    /// <summary>Passes over a text that the user gave.</summary>
    private const string DefaultEpochs = "20";

    /// <summary>Steps through the program's own source: about a minute on two cores.</summary>
    private const string DefaultSteps = "2500";
}
