using Unroll.Tensors;

namespace Unroll.Tasks.Examples;

/// <summary>Examples in batches of about the same length, so that little of a batch is room beyond an example's end. Unshuffled, from the longest
/// to the shortest; shuffled, the examples are mixed, sorted within stretches of a few batches, and those batches are mixed.</summary>
internal sealed class LengthBatches
{
    /// <summary>Batches that a stretch is sorted over: the more, the less room is left over, and the less chance says who is together in a batch.</summary>
    private const int Stretch = 8;

    /// <summary>Places [batch, time] of a batch that is read, unless one example alone has more: what memory can hold.</summary>
    private const int MostPlaces = 1 << 16;

    private readonly int[] _lengths, _order, _keys, _batches;
    private readonly int _size;
    private readonly RandomState _random = new(0);

    /// <summary>Batches of a size; the last of the unshuffled ones may be smaller.</summary>
    public LengthBatches(ExampleSet examples, int size)
        : this(LengthsOf(examples), size)
    {
    }

    private LengthBatches(int[] lengths, int size)
    {
        (_lengths, _size) = (lengths, size);
        (_order, _keys) = (new int[lengths.Length], new int[lengths.Length]);
        _batches = new int[(lengths.Length + size - 1) / size];
        Reset();
        SortFrom(0, _order.Length);
    }

    /// <summary>Time steps of each example.</summary>
    public static int[] LengthsOf(ExampleSet examples) => [.. Enumerable.Range(0, examples.Count).Select(examples.LengthOf)];

    /// <summary>Lines that are read before the first is answered, so that those of about the same length can go together.</summary>
    /// <param name="together">How many go together.</param>
    public static int Ahead(int together) => together == 1 ? 1 : together * Stretch;

    /// <summary>The numbers of all examples in batches to read, not to learn: from the longest to the shortest, and a very long one makes its batch smaller.</summary>
    /// <param name="lengths">Time steps of each.</param>
    /// <param name="size">Examples of a batch at most.</param>
    public static IEnumerable<int[]> ToRead(int[] lengths, int size)
    {
        var batches = new LengthBatches(lengths, size);
        for (int i = 0; i < batches.Count; i++)
        {
            int[] batch = batches[i].ToArray();
            for (int first = 0, count; first < batch.Length; first += count)
            {
                count = Math.Clamp(MostPlaces / Math.Max(1, lengths[batch[first]]), 1, batch.Length - first);
                yield return batch[first..(first + count)];
            }
        }
    }

    /// <summary>How many batches there are.</summary>
    public int Count => _batches.Length;

    /// <summary>The numbers of a batch's examples.</summary>
    public ReadOnlySpan<int> this[int batch] => _order.AsSpan(_batches[batch] * _size, Math.Min(_size, _order.Length - _batches[batch] * _size));

    /// <summary>Shuffles; the order is a function of the seed and the lengths alone.</summary>
    public void Shuffle(ulong seed)
    {
        _random.Seed(seed);
        Reset();
        _random.Shuffle(_order);
        for (int first = 0; first < _order.Length; first += Stretch * _size) SortFrom(first, Math.Min(Stretch * _size, _order.Length - first));
        _random.Shuffle(_batches);
    }

    private void Reset()
    {
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
        for (int i = 0; i < _batches.Length; i++) _batches[i] = i;
    }

    private void SortFrom(int first, int count)
    {
        for (int i = first; i < first + count; i++) _keys[i] = -_lengths[_order[i]];
        _keys.AsSpan(first, count).Sort(_order.AsSpan(first, count));
    }
}
