using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Tagging;

/// <summary>Sentences as numbers.</summary>
/// <param name="sentences">The sentences as they were read.</param>
/// <param name="words">The number of each token in the model's vocabulary.</param>
/// <param name="forms">The number of each token's form among those that occur here.</param>
/// <param name="characters">The characters of each form.</param>
/// <param name="tags">The number of each token's tag; as many as there are tokens, or none.</param>
internal sealed class TaggedSentences(IReadOnlyList<TaggedSentence> sentences, TokenSequences words, TokenSequences forms, TokenSequences characters, TokenSequences tags) : ExampleSet
{
    private string? _fingerprint;

    /// <summary>The sentences as they were read.</summary>
    public IReadOnlyList<TaggedSentence> Sentences => sentences;

    /// <summary>Words by the model's vocabulary.</summary>
    public TokenSequences Words => words;

    /// <summary>Forms as they are written.</summary>
    public TokenSequences Forms => forms;

    /// <summary>The characters of each form.</summary>
    public TokenSequences Characters => characters;

    /// <summary>Tags by the model's vocabulary.</summary>
    public TokenSequences Tags => tags;

    /// <inheritdoc/>
    public override int Count => sentences.Count;

    /// <inheritdoc/>
    public override string Fingerprint => _fingerprint ??= FingerprintOf(words.ToArray(), forms.ToArray(), characters.ToArray(), tags.ToArray());

    /// <inheritdoc/>
    public override int LengthOf(int number) => words.LengthOf(number);

    /// <inheritdoc/>
    public override int JudgedOf(int number) => words.LengthOf(number);
}
