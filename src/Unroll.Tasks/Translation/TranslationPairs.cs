using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Translation;

/// <summary>Pairs of sentences in numbers, and the words of the targets, which translations are compared with.</summary>
internal sealed class TranslationPairs(int[][] sources, int[][] targets, IReadOnlyList<SentencePair> texts, int cut) : ExampleSet
{
    /// <summary>The sources, without an end symbol.</summary>
    public int[][] Sources => sources;

    /// <summary>The targets, without begin and end symbol.</summary>
    public int[][] Targets => targets;

    /// <summary>The pairs as they were read.</summary>
    public IReadOnlyList<SentencePair> Texts => texts;

    /// <summary>How many sentences were too long, and cut.</summary>
    public int Cut => cut;

    /// <inheritdoc/>
    public override int Count => sources.Length;

    /// <inheritdoc/>
    public override string Fingerprint => FingerprintOf([.. sources, .. targets]);

    /// <inheritdoc/>
    public override int LengthOf(int number) => sources[number].Length + targets[number].Length + 2;

    /// <inheritdoc/>
    public override int JudgedOf(int number) => targets[number].Length + 1;
}

/// <summary>A sentence and its translation.</summary>
/// <param name="Source">Words with spaces between.</param>
/// <param name="Target">The same in the other language; null where it is asked for.</param>
/// <param name="Where">Where it stands, for messages.</param>
/// <param name="Number">Which of the lines to be translated it is, from 1; 0 elsewhere.</param>
internal readonly record struct SentencePair(string Source, string? Target, string Where = "", int Number = 0);
