using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tasks.Translation;

/// <summary>
/// An encoder in both directions and a decoder that attends to it.
/// <para>After Luong, Pham &amp; Manning 2015: the decoder's output h of a step asks, and what the output layer reads is h̃ = tanh(W [h; context]). Nothing of that is needed by the next step, so the
/// decoder runs over all steps at once, unless h̃ is fed to it (input feeding).</para>
/// <para>After Bahdanau, Cho &amp; Bengio 2015: the state before the step asks, and the decoder reads the context beside the symbol.</para>
/// </summary>
internal sealed class AttentionNetwork : TranslationNetwork
{
    private readonly Attention _attention;
    private readonly Linear _join;
    private readonly Linear? _output;
    private readonly Parameter? _bias;
    private readonly Dropout _dropout;
    private readonly bool _asksBefore, _feeds;
    private readonly int _features;
    private readonly string _name;

    /// <summary>Builds the layers that settings ask for.</summary>
    /// <exception cref="BadUsageException">The hidden size is odd, or the cell's states have sizes that do not fit together.</exception>
    public AttentionNetwork(int sourceSymbols, int targetSymbols, TaskSettings settings) : base(sourceSymbols, targetSymbols, settings)
    {
        int hidden = settings.Whole(CommonOptions.Hidden.Name), embedding = settings.Whole(TranslationOptions.Embedding.Name);
        if (hidden % 2 != 0) throw new BadUsageException($"--hidden {hidden}: the encoder reads with half of it in each direction; expected an even number.");
        _name = settings.Text(TranslationOptions.Attention.Name);
        _asksBefore = _name == "bahdanau";
        _feeds = settings.Flag(TranslationOptions.InputFeeding.Name);
        if (_feeds && _asksBefore) throw new BadUsageException("--input-feeding and --attention bahdanau: there the decoder reads the context itself. Leave --input-feeding out, or choose dot, general or concat.");
        bool isTied = settings.Text(TranslationOptions.Output.Name) == "tied";
        _features = isTied ? embedding : hidden;

        Encoder = Add("encoder", NewLayers(settings, embedding, hidden / 2, bidirectional: true));
        int memory = Encoder.OutputSize;
        Decoder = Add("decoder", NewLayers(settings, embedding + (_asksBefore ? memory : Fed), hidden, bidirectional: false));
        CheckStates();
        int asking = _asksBefore ? Decoder.NewState(1).Values(StateThatAsks).Length : Decoder.OutputSize;
        AttentionScore score = _name switch { "dot" => AttentionScore.Dot, "general" => AttentionScore.General, _ => AttentionScore.Additive };
        _attention = Add("attention", new Attention(score, asking, memory, scale: score == AttentionScore.Additive ? 1 : 1 / MathF.Sqrt(asking)));
        _join = Add("join", new Linear(Decoder.OutputSize + memory, _features, bias: false));
        if (isTied) _bias = Add("output_bias", [targetSymbols], ParameterKind.Bias, Initializer.Constant(0));
        else _output = Add("output", new Linear(_features, targetSymbols));
        _dropout = new Dropout((float)settings.Number(CommonOptions.Dropout.Name));
    }

    /// <inheritdoc/>
    public override Recurrent Encoder { get; }

    /// <inheritdoc/>
    public override Recurrent Decoder { get; }

    /// <inheritdoc/>
    public override bool IsStepByStep => _asksBefore || _feeds;

    /// <inheritdoc/>
    public override int Fed => _feeds ? _features : 0;

    /// <inheritdoc/>
    protected override (Tensor Weight, Tensor Bias) Output => _output is null ? (Tied, _bias!.Tensor) : (_output.Weight.Tensor, _output.Bias!.Tensor);

    /// <inheritdoc/>
    protected override Attention? Attention => _attention;

    /// <summary>The first state of the last layer.</summary>
    private int StateThatAsks => Decoder.NewState(1).Count / Decoder.Options.Layers * (Decoder.Options.Layers - 1);

    /// <inheritdoc/>
    public override string Describe() => $"encoder of {Encoder.Options.Layers} × {Encoder.Cell.Name} 2 × {Encoder.HiddenSize}, decoder of {Decoder.Options.Layers} × {Decoder.Cell.Name} {Decoder.HiddenSize}, {_name} attention{(_feeds ? ", input feeding" : "")}";

    /// <inheritdoc/>
    protected override EncodedSources Encode(Tensor embedded, ReadOnlySpan<int> lengths)
    {
        var (output, state) = Encoder.Forward(embedded, default, lengths);
        return new EncodedSources(_attention.Remember(output, lengths), state.Join());
    }

    /// <inheritdoc/>
    public override DecodedSteps Decode(Tensor embedded, RecurrentState state, Tensor fed, AttentionMemory? memory)
    {
        AttentionMemory attended = memory!.Value;
        int rows = embedded.Shape[0], steps = embedded.Shape[1];
        Tensor context = default, weights = default, x = embedded;
        if (_asksBefore)
        {
            Tensor asking = state[Decoder.Options.Layers - 1];
            (context, weights) = Ask(asking.Reshape(rows, 1, asking.Shape[1]), attended);
            x = Tensor.Concat(2, embedded, context);
        }
        else if (_feeds)
        {
            x = Tensor.Concat(2, embedded, fed);
        }
        var (h, after) = Decoder.Forward(x, state);
        if (!_asksBefore) (context, weights) = Ask(h, attended);
        return new DecodedSteps(_dropout.Forward(_join.Forward(Tensor.Concat(2, h, context)).Tanh()), after, weights);

        (Tensor Context, Tensor Weights) Ask(Tensor queries, AttentionMemory of)
        {
            // Several rows may attend to the same sequence, as those of a beam do: they ask one after the other.
            int sequences = of.Values.Shape[0];
            var (found, spread) = _attention.Forward(queries.Reshape(sequences, rows * steps / sequences, queries.Shape[2]), of);
            return (found.Reshape(rows, steps, found.Shape[2]), spread.Reshape(rows, steps, spread.Shape[2]));
        }
    }

    private void CheckStates()
    {
        RecurrentState encoder = Encoder.NewState(1), decoder = Decoder.NewState(1);
        int states = decoder.Count / Decoder.Options.Layers;
        for (int i = 0; i < decoder.Count; i++)
        {
            int size = 2 * encoder.Values(i / states * 2 * states + i % states).Length;
            if (size != decoder.Values(i).Length) throw new BadUsageException(
                $"--cell {Decoder.Cell.Name}: its states in the encoder's two directions have {size} numbers together and the decoder's {decoder.Values(i).Length}, so that the decoder cannot begin with the encoder's. Choose another cell, such as lstm or gru.");
        }
    }
}
