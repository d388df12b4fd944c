using Unroll.Cells;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tasks.Translation;

/// <summary>
/// The RNN Encoder–Decoder of Cho et al. 2014, "Learning phrase representations using RNN encoder–decoder for statistical machine translation", as its appendix has it: the encoder's last state makes
/// the summary c = tanh(V h), which the decoder's first state tanh(V′ c), every one of its steps and every output read. An output is made by maxout units of pairs,
/// s′ = O_h h + O_y e(y) + O_c c, sᵢ = max(s′₂ᵢ₋₁, s′₂ᵢ), and the softmax's matrix is a product of two, by way of as many features as the embedding has.
/// </summary>
internal sealed class ChoNetwork : TranslationNetwork
{
    private readonly Linear _summary, _first, _ofState, _ofSymbol, _ofSummary, _narrow, _output;
    private readonly Dropout _dropout;

    /// <summary>Builds the layers that settings ask for.</summary>
    public ChoNetwork(int sourceSymbols, int targetSymbols, TaskSettings settings) : base(sourceSymbols, targetSymbols, settings)
    {
        int hidden = settings.Whole(CommonOptions.Hidden.Name), embedding = settings.Whole(TranslationOptions.Embedding.Name), maxout = Math.Max(1, hidden / 2);
        RecurrentOptions options = CommonOptions.ToRecurrentOptions(settings);
        Encoder = Add("encoder", new Recurrent(new Gru(ResetGate.BeforeProduct), embedding, hidden, options));
        Decoder = Add("decoder", new Recurrent(new SummaryGru(hidden), embedding, hidden, options));
        _summary = Add("summary", new Linear(hidden, hidden));
        _first = Add("first", new Linear(hidden, hidden));
        _ofState = Add("of_state", new Linear(hidden, 2 * maxout));
        _ofSymbol = Add("of_symbol", new Linear(embedding, 2 * maxout, bias: false));
        _ofSummary = Add("of_summary", new Linear(hidden, 2 * maxout, bias: false));
        _narrow = Add("narrow", new Linear(maxout, embedding, bias: false));
        _output = Add("output", new Linear(embedding, targetSymbols));
        _dropout = new Dropout((float)settings.Number(CommonOptions.Dropout.Name));
    }

    /// <inheritdoc/>
    public override Recurrent Encoder { get; }

    /// <inheritdoc/>
    public override Recurrent Decoder { get; }

    /// <inheritdoc/>
    public override bool IsStepByStep => false;

    /// <inheritdoc/>
    public override int Fed => 0;

    /// <inheritdoc/>
    protected override (Tensor Weight, Tensor Bias) Output => (_output.Weight.Tensor, _output.Bias!.Tensor);

    /// <inheritdoc/>
    public override string Describe() => $"RNN Encoder–Decoder of Cho 2014, {Encoder.HiddenSize} units, maxout {_narrow.Weight.Shape[1]}";

    /// <inheritdoc/>
    protected override EncodedSources Encode(Tensor embedded, ReadOnlySpan<int> lengths)
    {
        Tensor summary = _summary.Forward(Encoder.Forward(embedded, default, lengths).State[0]).Tanh();
        return new EncodedSources(null, RecurrentState.Of(_first.Forward(summary).Tanh(), summary));
    }

    /// <inheritdoc/>
    public override DecodedSteps Decode(Tensor embedded, RecurrentState state, Tensor fed, AttentionMemory? memory)
    {
        int rows = embedded.Shape[0], steps = embedded.Shape[1];
        Tensor summary = state[0, 1];
        var (h, after) = Decoder.Forward(embedded, state);
        Tensor pairs = _ofState.Forward(h) + _ofSymbol.Forward(embedded) + _ofSummary.Forward(summary).Reshape(rows, 1, _ofSummary.Weight.Shape[0]);
        Tensor maxout = pairs.Reshape(rows, steps, pairs.Shape[2] / 2, 2).Max(3);
        return new DecodedSteps(_dropout.Forward(_narrow.Forward(maxout)), after, default);
    }
}
