using System.Security.Cryptography;
using Unroll.Data;
using Unroll.Files;

namespace Unroll.Tasks.LanguageModel;

/// <summary>The text of a language model's training: read, split and turned into numbers as the settings say.</summary>
internal sealed class LanguageModelText
{
    private LanguageModelText(Vocabulary vocabulary, EncodedText training, EncodedText validation, bool isShared, string source, string fingerprint) =>
        (Vocabulary, Training, Validation, IsShared, Source, Fingerprint) = (vocabulary, training, validation, isShared, source, fingerprint);

    /// <summary>The symbols, those of the training text alone.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>What is learned.</summary>
    public EncodedText Training { get; }

    /// <summary>What the model is judged on.</summary>
    public EncodedText Validation { get; }

    /// <summary>Whether that is the training text itself, there being too little.</summary>
    public bool IsShared { get; }

    /// <summary>Where the text came from, for people.</summary>
    public string Source { get; }

    /// <summary>A digest of the training text, by which a resumed run knows it again.</summary>
    public string Fingerprint { get; }

    /// <summary>Reads the text that settings name.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="start">A model whose vocabulary it is read with; null for none.</param>
    /// <exception cref="BadInputException">It cannot be used.</exception>
    public static LanguageModelText Read(TaskSettings settings, ModelFile? start = null)
    {
        TextSplit split = ReadSplit(settings, out string source);
        TextLevel level = Vocabulary.ParseLevel(settings.Text(LanguageModelTask.Level.Name));
        Vocabulary vocabulary = start is not null ? Vocabulary.FromJson(start.Text(LanguageModelJob.VocabularyKey))
            : settings.Find(LanguageModelTask.VocabularyFile.Name) is { } path ? Vocabulary.Read(level, path)
            : Vocabulary.Build(level, split.Training.Span, settings.Whole(LanguageModelTask.MinimumCount.Name), settings.Whole(LanguageModelTask.MaximumVocabulary.Name),
            byFrequency: OutputSoftmax.IsAdaptive(settings));
        return new LanguageModelText(vocabulary, vocabulary.Encode(split.Training.Span), vocabulary.Encode(split.Validation.Span), split.IsShared, source,
            Convert.ToHexStringLower(SHA256.HashData(split.Training.Span))[..32]);
    }

    /// <summary>Reads the text that settings name and cuts it into training and validation.</summary>
    /// <exception cref="BadInputException">It cannot be used.</exception>
    public static TextSplit ReadSplit(TaskSettings settings, out string source)
    {
        bool bytes = settings.Text(LanguageModelTask.Level.Name) == Vocabulary.NameOf(TextLevel.Byte);
        IReadOnlyList<string> paths = settings.All(LanguageModelTask.Data.Name), valid = settings.All(LanguageModelTask.Valid.Name);
        byte[] text = paths.Count > 0 ? TextFiles.Read(paths, bytes) : SourceCorpus.Read();
        source = paths.Count > 0 ? string.Join(", ", paths) : SourceCorpus.Name;
        return valid.Count > 0
            ? new TextSplit(text, TextFiles.Read(valid, bytes), false)
            : TextSplit.Last(text, settings.Number(LanguageModelTask.ValidShare.Name));
    }

    /// <summary>What was found, for people.</summary>
    public IEnumerable<Fact> Describe()
    {
        string unit = UnitOf(Vocabulary.Level);
        yield return new Fact("text", Source);
        yield return new Fact("training", $"{Training.Length:N0} {unit}");
        yield return new Fact("validation", IsShared ? "on the training text (too short to keep a part aside)" : $"{Validation.Length:N0} {unit}");
        yield return new Fact("vocabulary", DescribeVocabulary(Vocabulary));
    }

    /// <summary>A vocabulary in one line.</summary>
    public static string DescribeVocabulary(Vocabulary vocabulary)
    {
        if (vocabulary.Level == TextLevel.Byte) return "all 256 bytes";
        var shown = new System.Text.StringBuilder();
        int i = 0;
        for (; i < vocabulary.Count && shown.Length < 60; i++)
            if (i != vocabulary.Unknown) shown.Append(' ').Append(Vocabulary.Show(vocabulary[i]));
        return $"{vocabulary.Count:N0} {UnitOf(vocabulary.Level)}{(vocabulary.Unknown >= 0 ? " with the unknown one" : "")}:{shown}{(i < vocabulary.Count ? " …" : "")}";
    }

    /// <summary>What symbols of a level are called, more than one.</summary>
    public static string UnitOf(TextLevel level) => level switch
    {
        TextLevel.Char => "characters",
        TextLevel.Word => "words",
        TextLevel.Token => "tokens",
        _ => "bytes",
    };
}
