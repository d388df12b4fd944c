namespace Unroll.Tasks.Translation;

/// <summary>Some pairs of sentences side by side, as a network reads them. Filled again and again.</summary>
internal sealed class TranslationBatch
{
    private int[] _source = [], _inputs = [], _targets = [], _lengths = [], _column = [];

    /// <summary>How many pairs.</summary>
    public int Count { get; private set; }

    /// <summary>Steps of the longest source.</summary>
    public int SourceSteps { get; private set; }

    /// <summary>Steps of the longest target, its end symbol among them.</summary>
    public int TargetSteps { get; private set; }

    /// <summary>The sources, each with its end symbol, [count, source steps].</summary>
    public ReadOnlySpan<int> Source => _source.AsSpan(0, Count * SourceSteps);

    /// <summary>Steps of each source, [count].</summary>
    public ReadOnlySpan<int> SourceLengths => _lengths.AsSpan(0, Count);

    /// <summary>What the decoder reads: the begin symbol, then the targets, [count, target steps].</summary>
    public ReadOnlySpan<int> Inputs => _inputs.AsSpan(0, Count * TargetSteps);

    /// <summary>What it is to write: the targets, then the end symbol, then −1, [count, target steps].</summary>
    public ReadOnlySpan<int> Targets => _targets.AsSpan(0, Count * TargetSteps);

    /// <summary>What the decoder reads at one step, [count]; writable, valid until the next call.</summary>
    public Span<int> InputsAt(int step)
    {
        Span<int> column = _column.AsSpan(0, Count);
        for (int i = 0; i < Count; i++) column[i] = _inputs[i * TargetSteps + step];
        return column;
    }

    /// <summary>Takes pairs.</summary>
    /// <param name="pairs">Where they are.</param>
    /// <param name="numbers">Which.</param>
    public void Fill(TranslationPairs pairs, ReadOnlySpan<int> numbers)
    {
        (Count, SourceSteps, TargetSteps) = (numbers.Length, 0, 0);
        foreach (int number in numbers)
        {
            SourceSteps = Math.Max(SourceSteps, pairs.Sources[number].Length + 1);
            TargetSteps = Math.Max(TargetSteps, pairs.Targets[number].Length + 1);
        }
        Reserve(ref _source, Count * SourceSteps);
        Reserve(ref _inputs, Count * TargetSteps);
        Reserve(ref _targets, Count * TargetSteps);
        Reserve(ref _lengths, Count);
        Reserve(ref _column, Count);
        for (int i = 0; i < Count; i++)
        {
            int[] source = pairs.Sources[numbers[i]], target = pairs.Targets[numbers[i]];
            _lengths[i] = source.Length + 1;
            Span<int> row = _source.AsSpan(i * SourceSteps, SourceSteps), inputs = _inputs.AsSpan(i * TargetSteps, TargetSteps), targets = _targets.AsSpan(i * TargetSteps, TargetSteps);
            row.Fill(SubwordVocabulary.End);
            source.CopyTo(row);
            inputs.Fill(SubwordVocabulary.End);
            inputs[0] = SubwordVocabulary.Begin;
            target.CopyTo(inputs[1..]);
            targets.Fill(-1);
            target.CopyTo(targets);
            targets[target.Length] = SubwordVocabulary.End;
        }
    }

    private static void Reserve(ref int[] numbers, int count)
    {
        if (numbers.Length < count) numbers = new int[Math.Max(count, 2 * numbers.Length)];
    }
}
