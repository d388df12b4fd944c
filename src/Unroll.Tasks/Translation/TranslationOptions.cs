using System.Globalization;
using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Translation;

/// <summary>The options that translation has of its own.</summary>
internal static class TranslationOptions
{
    private const string Model = "Model", Training = "Training", Search = "Search";

    /// <summary>Which network.</summary>
    public static readonly TaskOption Network = new("model", OptionKind.Choice, "attention, or cho: the RNN Encoder–Decoder of Cho 2014, which knows a sentence by one summary") { Default = "attention", Choices = ["attention", "cho"], Group = Model };

    /// <summary>Which attention.</summary>
    public static readonly TaskOption Attention = new("attention", OptionKind.Choice, "how places of the source are scored: dot, general, concat (Luong 2015) or bahdanau (2015: step by step, slower)") { Default = "general", Choices = ["dot", "general", "concat", "bahdanau"], Group = Model };

    /// <summary>Whether the decoder reads what it made before.</summary>
    public static readonly TaskOption InputFeeding = new("input-feeding", OptionKind.Flag, "feed what a step's attention made to the next step (Luong 2015; step by step, slower)") { Group = Model };

    /// <summary>Features of the embeddings.</summary>
    public static readonly TaskOption Embedding = new("embedding", OptionKind.Whole, "features of each symbol's vector") { Default = "256", Minimum = 1, Maximum = 65536, Group = Model };

    /// <summary>Whether the output is the embedding.</summary>
    public static readonly TaskOption Output = new("output", OptionKind.Choice, "whether the output layer's matrix is the target's embedding, tied, or its own") { Default = "tied", Choices = ["tied", "own"], Group = Model };

    /// <summary>Whether both languages have one vocabulary.</summary>
    public static readonly TaskOption Shared = new("shared", OptionKind.Flag, "one vocabulary and embedding for both languages") { Group = "Task" };

    /// <summary>The target's file.</summary>
    public static readonly TaskOption Target = new("target", OptionKind.Path, "file of the translations, line by line those of --data; without it the lines of --data are 'source⇥target'");

    /// <summary>The target's file of what is kept aside.</summary>
    public static readonly TaskOption ValidTarget = new("valid-target", OptionKind.Path, "file of the translations of --valid");

    /// <summary>Pairs joined by byte-pair encoding.</summary>
    public static readonly TaskOption Subwords = new("subwords", OptionKind.Whole, "pairs that byte-pair encoding joins for each vocabulary; 0 for whole words") { Default = "4000", Minimum = 0, Maximum = 1_000_000 };

    /// <summary>How often symbols must occur.</summary>
    public static readonly TaskOption MinimumCount = WordOptions.MinimumCount with { Help = "words, or pieces of words, that occur less often are unknown" };

    /// <summary>The longest sentences.</summary>
    public static readonly TaskOption MaximumLength = new("max-length", OptionKind.Whole, "symbols of a sentence that are read at most, in training and in use; longer ones are cut") { Default = "250", Minimum = 1, Maximum = 100_000 };

    /// <summary>The share of symbols the decoder draws itself.</summary>
    public static readonly TaskOption ScheduledSampling = new("scheduled-sampling", OptionKind.Text, "scheduled sampling (Bengio 2015): share of symbols that the decoder draws itself instead of reading the right one, risen to over so many steps (5,000 unless given); step by step, slower")
    {
        Default = "0",
        Placeholder = "P[:STEPS]",
        Group = Training,
        Check = static value => ParseSampling(value) is null ? "a share from 0 to 1, and after a colon steps of 1 or more, such as 0.25:5000" : null,
    };

    /// <summary>What symbols share that are not the target.</summary>
    public static readonly TaskOption LabelSmoothing = new("label-smoothing", OptionKind.Number, "share of the probability wanted that is given to all symbols alike while training, so that the model is not driven to be certain")
    {
        Default = "0.1",
        Minimum = 0,
        Maximum = 0.99,
        Placeholder = "E",
        Group = Training,
    };

    /// <summary>The beam's width.</summary>
    public static readonly TaskOption Beam = new("beam", OptionKind.Whole, "translations followed side by side; 1 takes the likeliest symbol always") { Default = "5", Minimum = 1, Maximum = 1000, Group = Search };

    /// <summary>The length penalty.</summary>
    public static readonly TaskOption LengthPenalty = new("length-penalty", OptionKind.Number, "how much long translations are favoured: log p / ((5 + length) / 6)^A (Wu 2016)") { Default = "1", Minimum = 0, Maximum = 10, Placeholder = "A", Group = Search };

    /// <summary>The coverage penalty.</summary>
    public static readonly TaskOption CoveragePenalty = new("coverage-penalty", OptionKind.Number, "how much translations are disfavoured that leave words of the source unattended (Wu 2016)") { Default = "0", Minimum = 0, Maximum = 10, Placeholder = "B", Group = Search };

    /// <summary>How many translations to give.</summary>
    public static readonly TaskOption NBest = new("n-best", OptionKind.Whole, "translations of each line, the best first; at most the beam's width") { Default = "1", Minimum = 1, Maximum = 1000, Group = Search };

    /// <summary>Whether pairs are scored.</summary>
    public static readonly TaskOption Score = new("score", OptionKind.Flag, "score given pairs, lines 'source⇥target': the log-probability of the target") { Group = Search };

    /// <summary>Where attention is drawn.</summary>
    public static readonly TaskOption AttentionSvg = new("attention-svg", OptionKind.Path, "draw the attention of a translation as a heat map, an SVG file; of more lines, 20 at most, FILE-2, FILE-3 and so on") { Placeholder = "FILE", Group = Search };

    /// <summary>The share that scheduled sampling rises to and over how many steps; null if the text is not such.</summary>
    public static (double Share, int Steps)? ParseSampling(string text)
    {
        string[] parts = text.Split(':');
        int steps = 5000;
        return parts.Length <= 2 && double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double share) && share is >= 0 and <= 1
            && (parts.Length == 1 || int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out steps) && steps > 0) ? (share, steps) : null;
    }

    /// <summary>How a beam is searched.</summary>
    public static IReadOnlyList<TaskOption> Searching { get; } = [Beam, LengthPenalty, CoveragePenalty];
}
