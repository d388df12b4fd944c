using Unroll.Decoding;
using Unroll.Layers;
using Unroll.Tasks.LanguageModel;
using Unroll.Tensors;

namespace Unroll.Tasks.Translation;

/// <summary>The decoder of a translation network read step by step, for some sources side by side: as many rows for each as there are rows for one source.</summary>
internal sealed class TranslationSession : DecodingSession
{
    private readonly TranslationNetwork _network;
    private readonly Tape _tape = new() { Training = false };
    private readonly int[] _lengths;
    private readonly EncodedSources _encoded;
    /// <summary>Of the sources that still have rows: their lengths and what there is to attend to.</summary>
    private (int[] Lengths, AttentionMemory? Memory) _followed;
    private CarriedState _state;
    private float[] _fed = [], _attention = [];
    private int _positions;

    /// <summary>Encodes sources.</summary>
    /// <param name="network">The network.</param>
    /// <param name="sources">Their symbols, each with its end symbol, [sources, steps].</param>
    /// <param name="lengths">Steps of each.</param>
    public TranslationSession(TranslationNetwork network, ReadOnlySpan<int> sources, ReadOnlySpan<int> lengths)
    {
        (_network, _lengths) = (network, lengths.ToArray());
        // Outside of a tape's step, as what was encoded outlives many.
        _encoded = network.Encode(sources, lengths);
        _state = new CarriedState(network.Decoder, lengths.Length);
    }

    /// <inheritdoc/>
    public override int Symbols => _network.TargetSymbols;

    /// <inheritdoc/>
    public override ReadOnlySpan<float> AttentionOf(int row) => _positions == 0 ? [] : _attention.AsSpan(row * _positions, _followed.Lengths[row * _followed.Lengths.Length / Rows]);

    /// <inheritdoc/>
    protected override void OnStart()
    {
        if (Rows % _lengths.Length != 0) throw new ArgumentException($"Start: {Rows} rows for {_lengths.Length} sources; expected the same number for each.");
        _state = new CarriedState(_network.Decoder, Rows);
        for (int i = 0; i < _state.Value.Count; i++)
        {
            Span<float> to = _state.Value.Values(i);
            ReadOnlySpan<float> from = _encoded.State.Tensors[i].Span;
            int size = to.Length / Rows;
            for (int row = 0; row < Rows; row++) from.Slice(row * _lengths.Length / Rows * size, size).CopyTo(to[(row * size)..]);
        }
        (_fed, _attention) = (new float[Rows * _network.Fed], []);
        _positions = 0;
        _followed = (_lengths, _encoded.Memory);
    }

    /// <inheritdoc/>
    protected override ReadOnlySpan<float> OnStep(ReadOnlySpan<int> symbols)
    {
        _tape.Begin(gradients: false);
        try
        {
            DecodedSteps decoded = _network.Decode(_network.Embed(symbols, [Rows, 1]), _state.Value, _network.Fed > 0 ? Tensor.From(_fed.AsSpan(0, Rows * _network.Fed), [Rows, 1, _network.Fed]) : default, _followed.Memory);
            ReadOnlySpan<float> logits = _network.Logits(decoded.Features).Span;
            _state.Keep(decoded.State);
            if (_network.Fed > 0) decoded.Features.Span.CopyTo(_fed);
            if (!decoded.Attention.IsEmpty)
            {
                _positions = decoded.Attention.Shape[2];
                if (_attention.Length == 0) _attention = new float[Rows * _positions];
                decoded.Attention.Span.CopyTo(_attention);
            }
            return logits;      // They live until the tape begins another step.
        }
        finally
        {
            _tape.End();
        }
    }

    /// <inheritdoc/>
    protected override void OnReorder(ReadOnlySpan<int> parents)
    {
        _state = _state.Reordered(parents);
        float[] before = [.. _fed];
        for (int row = 0; row < parents.Length; row++) before.AsSpan(parents[row] * _network.Fed, _network.Fed).CopyTo(_fed.AsSpan(row * _network.Fed));
        if (parents.Length == Rows) return;
        // As many rows for each source as before, so that a source has all of its rows or none.
        int each = Rows / _followed.Lengths.Length;
        int[] sources = new int[parents.Length / each];
        for (int i = 0; i < sources.Length; i++) sources[i] = parents[i * each] / each;
        _followed = ([.. sources.Select(source => _followed.Lengths[source])], _followed.Memory?.Of(sources));
    }
}
