using Unroll.Decoding;
using Unroll.Tensors;

namespace Unroll.Tests.Decoding;

public sealed class ContinuationTests
{
    /// <summary>A model that has read n symbols finds symbol (last + n) mod 10 by far the likeliest.</summary>
    private sealed class Counter : DecodingSession
    {
        private int[] _read = [];
        private float[] _logits = [];

        public List<int> Seen { get; } = [];

        public override int Symbols => 10;

        protected override void OnStart()
        {
            _read = new int[Rows];
            _logits = new float[Rows * Symbols];
        }

        protected override ReadOnlySpan<float> OnStep(ReadOnlySpan<int> symbols)
        {
            Array.Clear(_logits);
            for (int row = 0; row < Rows; row++)
            {
                Seen.Add(symbols[row]);
                _logits[row * Symbols + (symbols[row] + ++_read[row]) % Symbols] = 9;
            }
            return _logits;
        }

        protected override void OnReorder(ReadOnlySpan<int> parents)
        {
            int[] read = new int[parents.Length];
            for (int row = 0; row < read.Length; row++) read[row] = _read[parents[row]];
            _read = read;
        }
    }

    private static Sampler Greedy() => new(new SamplingOptions(0), new RandomState(1));

    [Fact]
    public void Each_symbol_drawn_is_the_next_input()
    {
        var model = new Counter();
        Assert.Equal([6, 9, 3, 8], Continuation.Sample(model, Greedy(), new[] { 1, 4 }, 4));
        Assert.Equal([1, 4, 6, 9, 3], model.Seen);
    }

    [Fact]
    public void Symbols_are_drawn_only_as_they_are_asked_for()
    {
        var model = new Counter();
        Assert.Equal([6, 9], Continuation.Sample(model, Greedy(), new[] { 1, 4 }, int.MaxValue).Take(2));
        Assert.Equal([1, 4, 6], model.Seen);
    }

    [Fact]
    public void A_second_text_begins_afresh()
    {
        var model = new Counter();
        Assert.Equal(Continuation.Sample(model, Greedy(), new[] { 3 }, 5).ToArray(), Continuation.Sample(model, Greedy(), new[] { 3 }, 5).ToArray());
    }

    [Fact]
    public void An_empty_prime_is_refused() =>
        Assert.Throws<ArgumentException>(() => Continuation.Sample(new Counter(), Greedy(), default, 1));

    [Fact]
    public void Rows_take_each_others_states()
    {
        var model = new Counter();
        Assert.Throws<InvalidOperationException>(() => { model.Step([1]); });
        model.Start(2);
        Assert.Throws<ArgumentException>(() => { model.Step([1]); });
        Assert.Throws<ArgumentException>(() => { model.Step([1, 10]); });
        model.Step([1, 2]);
        model.Reorder([1, 1]);
        Assert.Equal(9, model.Step([0, 0])[2]);
        foreach (int[] parents in (int[][])[[], [0, 1, 0]]) Assert.Throws<ArgumentException>(() => model.Reorder(parents));
        model.Reorder([1]);
        Assert.Equal(1, model.Rows);
        Assert.Equal(9, model.Step([0])[3]);
    }
}
