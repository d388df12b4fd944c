using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Classification;

/// <summary>Some texts side by side, with their labels; its memory is used again for every batch.</summary>
internal sealed class LabelledBatch
{
    private int[] _labels = [];
    private float[] _binary = [];

    /// <summary>The words.</summary>
    public TokenBatch Words { get; } = new();

    /// <summary>The label of each text.</summary>
    public ReadOnlySpan<int> Labels => _labels.AsSpan(0, Words.Count);

    /// <summary>The same as real numbers, for two labels.</summary>
    public ReadOnlySpan<float> Binary => _binary.AsSpan(0, Words.Count);

    /// <summary>Fetches texts.</summary>
    public void Fill(LabelledTexts set, ReadOnlySpan<int> numbers)
    {
        Words.Fill(set.Texts, numbers);
        if (_labels.Length < numbers.Length) (_labels, _binary) = (new int[numbers.Length], new float[numbers.Length]);
        for (int i = 0; i < numbers.Length; i++) _binary[i] = _labels[i] = set.Labels[numbers[i]];
    }
}
