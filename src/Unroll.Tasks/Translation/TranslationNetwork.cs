using Unroll.Cells;
using Unroll.Exchange;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tasks.Translation;

/// <summary>What an encoder made of sources: what the decoder attends to, if it does, and the state it begins with.</summary>
internal readonly record struct EncodedSources(AttentionMemory? Memory, RecurrentState State);

/// <summary>What a decoder makes of steps: features that the output layer reads [rows, steps, features], the state after them, and its attention
/// [rows, steps, positions] or none.</summary>
internal readonly record struct DecodedSteps(Tensor Features, RecurrentState State, Tensor Attention);

/// <summary>A network that reads one sequence and writes another: an encoder, a decoder and a softmax over the target's symbols.</summary>
internal abstract class TranslationNetwork : Module
{
    private readonly Embedding _source, _target;
    private readonly Dropout _embeddingDropout;
    private readonly float _smoothing;
    private readonly Tape _drawing = new() { Training = false };

    /// <summary>The parts that all such networks have.</summary>
    protected TranslationNetwork(int sourceSymbols, int targetSymbols, TaskSettings settings)
    {
        (SourceSymbols, TargetSymbols) = (sourceSymbols, targetSymbols);
        int features = settings.Whole(TranslationOptions.Embedding.Name);
        // Small enough that the logits of an output tied to it begin small.
        var initializer = Initializer.Uniform(0.1f);
        _target = Add("target", new Embedding(targetSymbols, features, initializer));
        _source = settings.Flag(TranslationOptions.Shared.Name) ? _target : Add("source", new Embedding(sourceSymbols, features, initializer));
        _embeddingDropout = new Dropout((float)settings.Number(CommonOptions.Dropout.Name));
        _smoothing = (float)settings.Number(TranslationOptions.LabelSmoothing.Name);
    }

    /// <summary>Symbols of the source.</summary>
    public int SourceSymbols { get; }

    /// <summary>Symbols of the target.</summary>
    public int TargetSymbols { get; }

    /// <summary>The recurrent layers of the encoder.</summary>
    public abstract Recurrent Encoder { get; }

    /// <summary>The recurrent layers of the decoder.</summary>
    public abstract Recurrent Decoder { get; }

    /// <summary>Whether the decoder can take only one step at a time.</summary>
    public abstract bool IsStepByStep { get; }

    /// <summary>Features of a step's output that the next step reads; 0 for none.</summary>
    public abstract int Fed { get; }

    /// <summary>What attends to the encoder's output; null without.</summary>
    protected virtual Attention? Attention => null;

    /// <summary>The layers in words.</summary>
    public abstract string Describe();

    /// <summary>Reads sources.</summary>
    /// <param name="embedded">Their symbols' vectors, [rows, steps, features].</param>
    /// <param name="lengths">Steps of each.</param>
    protected abstract EncodedSources Encode(Tensor embedded, ReadOnlySpan<int> lengths);

    /// <summary>Takes steps of the decoder: all of a sequence, or one where it goes step by step.</summary>
    /// <param name="embedded">The vectors of the symbols read, [rows, steps, features].</param>
    /// <param name="state">The state before.</param>
    /// <param name="fed">The features of the step before, [rows, 1, fed]; no tensor where nothing is fed.</param>
    /// <param name="memory">What to attend to; each of its sequences serves as many rows side by side as there are rows for each.</param>
    public abstract DecodedSteps Decode(Tensor embedded, RecurrentState state, Tensor fed, AttentionMemory? memory);

    /// <summary>The softmax's weight [symbols, features] and bias [symbols].</summary>
    protected abstract (Tensor Weight, Tensor Bias) Output { get; }

    /// <summary>The weight of the output that is the target's embedding.</summary>
    protected Tensor Tied => _target.Weight.Tensor;

    /// <summary>Reads sources.</summary>
    /// <param name="symbols">Their symbols, [rows, steps].</param>
    /// <param name="lengths">Steps of each, [rows].</param>
    public EncodedSources Encode(ReadOnlySpan<int> symbols, ReadOnlySpan<int> lengths) =>
        Encode(_embeddingDropout.Forward(_source.Forward(symbols, [lengths.Length, symbols.Length / lengths.Length])), lengths);

    /// <summary>The vectors of target symbols.</summary>
    public Tensor Embed(ReadOnlySpan<int> symbols, Shape shape) => _embeddingDropout.Forward(_target.Forward(symbols, shape));

    /// <summary>The logits of features [.., features].</summary>
    public Tensor Logits(Tensor features) => features.MatMul(Output.Weight, transposeRight: true) + Output.Bias;

    /// <summary>The mean loss of a batch's target symbols, in nats; label smoothing acts while training only.</summary>
    /// <param name="batch">The pairs.</param>
    /// <param name="own">Scheduled sampling: how likely the decoder reads, instead of the symbol before, one that it draws itself.</param>
    public Tensor Loss(TranslationBatch batch, double own = 0)
    {
        EncodedSources encoded = Encode(batch.Source, batch.SourceLengths);
        Tensor features = IsStepByStep || own > 0 ? StepByStep(batch, encoded, own)
            : Decode(Embed(batch.Inputs, [batch.Count, batch.TargetSteps]), encoded.State, default, encoded.Memory).Features;
        return Likelihood.Categorical(features, Output.Weight, Output.Bias, batch.Targets, smoothing: Tape.Current is { Training: true } ? _smoothing : 0);
    }

    /// <summary>The encoder, which reads sources once, and the decoder, which takes steps: given the state before them, and what the encoder made.</summary>
    public IReadOnlyList<ForwardPass> ForwardPasses()
    {
        PassSize time = IsStepByStep ? 1 : "time";
        PassInput lengths = PassInput.Lengths("source_lengths", "batch", "source_time", least: 1);
        IEnumerable<PassInput> values = Attention is null ? [] : [PassInput.Numbers("memory", "batch", "source_time", Encoder.OutputSize), lengths];
        IEnumerable<PassInput> keys = Attention?.KeySize is { } size ? [PassInput.Numbers("keys", "batch", "source_time", size)] : [];
        IEnumerable<PassInput> fed = Fed > 0 ? [PassInput.Numbers("fed", "batch", 1, Fed)] : [];
        return
        [
            new ForwardPass("encoder", [PassInput.Whole("source", SourceSymbols, "batch", "source_time"), lengths], ReadSource),
            new ForwardPass("decoder", [PassInput.Whole("symbols", TargetSymbols, "batch", time), .. values, .. keys, .. PassInput.States(Decoder, "batch"), .. fed], WriteTarget),
        ];
    }

    private IReadOnlyList<PassOutput> ReadSource(PassValues values)
    {
        (AttentionMemory? memory, RecurrentState state) = Encode(values.Whole("source"), values.Whole("source_lengths"));
        var outputs = new List<PassOutput>();
        if (memory is { } attended) outputs.Add(new("memory", attended.Values));
        if (memory is not null && Attention?.KeySize is not null) outputs.Add(new("keys", memory.Value.Keys));
        return [.. outputs, .. PassOutput.States(Decoder, state, suffix: "")];
    }

    private IReadOnlyList<PassOutput> WriteTarget(PassValues values)
    {
        int batch = values.Size("batch");
        AttentionMemory? memory = Attention is null ? null : Unroll.Layers.Attention.Restore(values.Numbers("memory"), values.Numbers(Attention.KeySize is null ? "memory" : "keys"), values.Whole("source_lengths"));
        DecodedSteps steps = Decode(Embed(values.Whole("symbols"), [batch, IsStepByStep ? 1 : values.Size("time")]), values.States(Decoder), Fed > 0 ? values.Numbers("fed") : default, memory);
        var outputs = new List<PassOutput> { new("logits", Logits(steps.Features)) };
        if (!steps.Attention.IsEmpty) outputs.Add(new("attention", steps.Attention));
        if (Fed > 0) outputs.Add(new("fed_next", steps.Features));
        return [.. outputs, .. PassOutput.States(Decoder, steps.State)];
    }

    private Tensor StepByStep(TranslationBatch batch, EncodedSources encoded, double own)
    {
        Tape? tape = Tape.Current;
        Tensor[] features = tape is null ? new Tensor[batch.TargetSteps] : tape.NextList(batch.TargetSteps);
        RecurrentState state = encoded.State;
        Tensor fed = Fed > 0 ? Tensor.Zeros([batch.Count, 1, Fed]) : default;
        for (int step = 0; step < features.Length; step++)
        {
            Span<int> read = batch.InputsAt(step);
            if (own > 0 && step > 0 && tape is not null) Draw(features[step - 1], own, tape.Random, read);
            DecodedSteps decoded = Decode(Embed(read, [batch.Count, 1]), state, fed, encoded.Memory);
            (features[step], state) = (decoded.Features, decoded.State);
            if (Fed > 0) fed = decoded.Features;
        }
        return Tensor.Concat(1, features);
    }

    /// <summary>Replaces some symbols by what the network itself would have written: Bengio, Vinyals, Jaitly &amp; Shazeer 2015, "Scheduled sampling for sequence prediction with
    /// recurrent neural networks". Gradients do not flow through what is drawn.</summary>
    private void Draw(Tensor features, double own, RandomState random, Span<int> read)
    {
        ReadOnlySpan<float> values = features.Span;
        _drawing.Begin(gradients: false);
        try
        {
            ReadOnlySpan<float> probabilities = Logits(Tensor.From(values, [read.Length, values.Length / read.Length])).Softmax().Span;
            for (int row = 0; row < read.Length; row++)
            {
                if (random.NextDouble() >= own) continue;
                double point = random.NextDouble();
                ReadOnlySpan<float> of = probabilities.Slice(row * TargetSymbols, TargetSymbols);
                int symbol = 0;
                while (symbol < of.Length - 1 && (point -= of[symbol]) >= 0) symbol++;
                read[row] = symbol;
            }
        }
        finally
        {
            _drawing.End();
        }
    }

    /// <summary>The recurrent layers that settings ask for.</summary>
    protected static Recurrent NewLayers(TaskSettings settings, int inputs, int hidden, bool bidirectional) =>
        new(CellCatalogue.Find(settings.Text(CommonOptions.Cell.Name)).Create(), inputs, hidden, CommonOptions.ToRecurrentOptions(settings) with { Bidirectional = bidirectional });
}
