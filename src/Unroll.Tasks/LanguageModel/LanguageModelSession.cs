using Unroll.Decoding;
using Unroll.Tensors;

namespace Unroll.Tasks.LanguageModel;

/// <summary>A language model read step by step.</summary>
internal sealed class LanguageModelSession(LanguageModelNetwork network) : DecodingSession
{
    private readonly Tape _tape = new() { Training = false };
    private CarriedState _state = new(network.Recurrent, 1);
    private float[] _logits = [];

    /// <inheritdoc/>
    public override int Symbols => network.Symbols;

    /// <inheritdoc/>
    protected override void OnStart()
    {
        _state = new CarriedState(network.Recurrent, Rows);
        _logits = new float[Rows * Symbols];
    }

    /// <inheritdoc/>
    protected override ReadOnlySpan<float> OnStep(ReadOnlySpan<int> symbols)
    {
        _tape.Begin(gradients: false);
        try
        {
            (Tensor logits, _, var next) = network.Forward(symbols, Rows, _state.Value);
            logits.Span.CopyTo(_logits);
            _state.Keep(next);
        }
        finally
        {
            _tape.End();
        }
        return _logits.AsSpan(0, Rows * Symbols);
    }

    /// <inheritdoc/>
    protected override void OnReorder(ReadOnlySpan<int> parents) => _state = _state.Reordered(parents);
}
