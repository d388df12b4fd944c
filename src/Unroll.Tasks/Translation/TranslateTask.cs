using Unroll.Data;
using Unroll.Files;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Translation;

/// <summary>Translation: a sentence goes in, another of another length comes out.</summary>
internal sealed class TranslateTask : ExampleTask<SentencePair, TranslationPairs, TranslationBatch, TranslateModel>
{
    private const int SampleSentences = 2000;

    /// <inheritdoc/>
    public override string Name => "translate";

    /// <inheritdoc/>
    public override string Summary => "translates sentences: an encoder, attention and a decoder that searches with a beam";

    /// <inheritdoc/>
    public override string Kind => "sentence pairs";

    /// <inheritdoc/>
    public override string Paper => "Cho et al. 2014; Bahdanau, Cho & Bengio 2015; Luong, Pham & Manning 2015";

    /// <inheritdoc/>
    public override TaskOption Data { get; } = new("data", OptionKind.Path, "lines 'source⇥target', or with --target only the sources; .gz too (default: a sample, made from the seed)") { Several = true, Placeholder = "PATH", Group = "Data" };

    /// <inheritdoc/>
    public override string? PredictionInput => "a sentence";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> PredictionOptions { get; } = [.. TranslationOptions.Searching, TranslationOptions.NBest, TranslationOptions.Score, TranslationOptions.AttentionSvg];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples { get; } =
    [
        ("", "learn a made-up language from a sample"),
        ("--data pairs.tsv --lower", "learn lines 'source⇥target'"),
        ("--data train.en --target train.de --valid val.en --valid-target val.de", "learn files of equally many lines"),
        ("--data pairs.tsv --model cho --hidden 1000", "the encoder–decoder of Cho 2014, without attention"),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions { get; } =
    [
        TranslationOptions.Target, TranslationOptions.ValidTarget, WordOptions.Lower, TranslationOptions.Subwords, TranslationOptions.MinimumCount, TranslationOptions.MaximumLength, TranslationOptions.Shared,
        TranslationOptions.Network, TranslationOptions.Attention, TranslationOptions.InputFeeding, TranslationOptions.Embedding, TranslationOptions.Output, TranslationOptions.ScheduledSampling, TranslationOptions.LabelSmoothing,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnEvaluationOptions { get; } = [TranslationOptions.Target, .. TranslationOptions.Searching];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>
    {
        [CommonOptions.Hidden.Name] = "512",
        [CommonOptions.Layers.Name] = "1",
        [CommonOptions.Dropout.Name] = "0.4",
        [CommonOptions.Batch.Name] = "64",
        [CommonOptions.LearningRate.Name] = "0.002",
        [CommonOptions.Schedule.Name] = "cosine",
        [CommonOptions.Clip.Name] = "1",
    };

    /// <inheritdoc/>
    protected override (int Data, int Sample) DefaultEpochs => (12, 15);

    /// <inheritdoc/>
    protected override TrainingUnits Units { get; } = new("symbols", "perplexity", Math.Exp);

    /// <inheritdoc/>
    public override IEnumerable<SentencePair> Read(TaskSettings paths, string option, TaskSettings settings)
    {
        string targetOption = option == Data.Name ? TranslationOptions.Target.Name : TranslationOptions.ValidTarget.Name;
        IReadOnlyList<string> sources = paths.All(option), targets = paths.All(targetOption);
        bool lower = settings.Flag(WordOptions.Lower.Name);
        if (targets.Count > 0 && sources.Count != 1) throw new BadUsageException($"--{option} names {sources.Count} files and --{targetOption} one; with --{targetOption} each names one file.");
        IEnumerable<SentencePair> pairs = targets.Count > 0 ? ReadAligned(sources[0], targets[0]) : sources.SelectMany(ReadColumns);
        return lower ? pairs.Select(pair => pair with { Source = pair.Source.ToLowerInvariant(), Target = pair.Target!.ToLowerInvariant() }) : pairs;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<SentencePair> Sample(RandomState random) => Translation.SampleSentences.Draw(random, SampleSentences);

    /// <inheritdoc/>
    protected override TranslateModel Create(IReadOnlyList<SentencePair> training, TaskSettings settings)
    {
        Check(settings);
        int subwords = settings.Whole(TranslationOptions.Subwords.Name), minimum = settings.Whole(TranslationOptions.MinimumCount.Name);
        IEnumerable<string> sources = training.Select(pair => pair.Source), targets = training.Select(pair => pair.Target!);
        bool shared = settings.Flag(TranslationOptions.Shared.Name);
        SubwordVocabulary source = SubwordVocabulary.Learn(shared ? sources.Concat(targets) : sources, subwords, minimum);
        return new TranslateModel(source, shared ? source : SubwordVocabulary.Learn(targets, subwords, minimum), settings);
    }

    /// <inheritdoc/>
    protected override TranslateModel Restore(ModelFile file, TaskSettings settings)
    {
        var (source, target) = TranslateModel.Vocabularies(file, settings);
        return new TranslateModel(source, target, settings);
    }

    /// <inheritdoc/>
    protected override string Describe(TranslationPairs set) => $"{set.Count:N0} sentence pairs, {set.Sources.Sum(source => (long)source.Length):N0} and {set.Targets.Sum(target => (long)target.Length):N0} symbols";

    /// <inheritdoc/>
    protected override IEnumerable<string> Warnings(TranslateModel model, TranslationPairs training, TranslationPairs validation)
    {
        if (training.Cut + validation.Cut is > 0 and var cut) yield return $"{cut:N0} sentences are longer than --max-length and were cut.";
    }

    /// <summary>What does not go together.</summary>
    private void Check(TaskSettings settings)
    {
        foreach ((TaskOption source, TaskOption target) in ((TaskOption, TaskOption)[])[(Data, TranslationOptions.Target), (Valid, TranslationOptions.ValidTarget)])
            if (settings.IsGiven(target.Name) && !settings.IsGiven(source.Name)) throw new BadUsageException($"--{target.Name} {settings.Text(target.Name)}: its sources are missing; name their file by --{source.Name}.");
        if (settings.Flag(CommonOptions.Bidirectional.Name)) throw new BadUsageException("--bidirectional: with attention the encoder reads in both directions anyway, and a decoder cannot. Leave it out.");
        if (settings.Text(TranslationOptions.Network.Name) != "cho") return;
        // The cell and the shape of the network are the paper's.
        foreach (TaskOption option in (TaskOption[])[TranslationOptions.InputFeeding, CommonOptions.LayerNorm])
            if (settings.Flag(option.Name)) throw new BadUsageException($"--{option.Name} and --model cho: that network is built as its paper has it. Leave one of the two out.");
        if (settings.Whole(CommonOptions.Layers.Name) != 1) throw new BadUsageException($"--layers {settings.Whole(CommonOptions.Layers.Name)} and --model cho: that network has one layer. Leave one of the two out.");
    }

    private static IEnumerable<SentencePair> ReadColumns(string path)
    {
        foreach (TextLine line in TextLines.Read(path))
        {
            if (line.Text.Length == 0) continue;
            string[] columns = line.Text.Split('\t');
            if (columns.Length < 2) throw new BadInputException($"{line.Where}: one column; expected 'source⇥target' with a tab between, or a second file by --target.");
            yield return new SentencePair(columns[0], columns[1], line.Where);
        }
    }

    private static IEnumerable<SentencePair> ReadAligned(string source, string target)
    {
        using IEnumerator<TextLine> sources = TextLines.Read(source).GetEnumerator(), targets = TextLines.Read(target).GetEnumerator();
        for (int count = 0; ; count++)
        {
            bool hasSource = sources.MoveNext(), hasTarget = targets.MoveNext();
            if (hasSource != hasTarget)
            {
                (int sourceCount, int targetCount) = (count + Rest(hasSource, sources), count + Rest(hasTarget, targets));
                throw new BadInputException($"{source} has {sourceCount:N0} lines and {target} {targetCount:N0}; expected equally many, line by line the translation of the other.");
            }
            if (!hasSource) yield break;
            yield return new SentencePair(sources.Current.Text, targets.Current.Text, sources.Current.Where);
        }

        static int Rest(bool isOn, IEnumerator<TextLine> lines)
        {
            int count = isOn ? 1 : 0;
            while (isOn && lines.MoveNext()) count++;
            return count;
        }
    }
}
