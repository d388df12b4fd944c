using Unroll.Tensors;

namespace Unroll.Tasks.Examples;

/// <summary>Examples in batches of about the same length, so that little of a batch is room beyond an example's end. Unshuffled, from the longest
/// to the shortest; shuffled, the examples are mixed, sorted within stretches of a few batches, and those batches are mixed.</summary>
internal sealed class LengthBatches
{
    /// <summary>Batches that a stretch is sorted over: the more, the less room is left over, and the less chance says who is together in a batch.</summary>
    private const int Stretch = 8;

    private readonly int[] _lengths, _order, _keys, _batches;
    private readonly int _size;
    private readonly RandomState _random = new(0);

    /// <summary>Batches of a size; the last of the unshuffled ones may be smaller.</summary>
    public LengthBatches(ExampleSet examples, int size)
    {
        _size = size;
        _lengths = [.. Enumerable.Range(0, examples.Count).Select(examples.LengthOf)];
        (_order, _keys) = (new int[examples.Count], new int[examples.Count]);
        _batches = new int[(examples.Count + size - 1) / size];
        Reset();
        SortFrom(0, _order.Length);
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
