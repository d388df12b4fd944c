using Unroll.Cells;
using Unroll.Exchange;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Conversation;

/// <summary>The hierarchical recurrent encoder–decoder: one network reads the words of a turn, a second one the turns of a conversation, and a third one writes the words of the next turn, given
/// at every step what the second remembers. Sordoni et al. 2015, "A hierarchical recurrent encoder-decoder for generative context-aware query suggestion"; Serban et al. 2016, "Building end-to-end
/// dialogue systems using generative hierarchical neural network models".</summary>
internal sealed class ConversationNetwork : Module
{
    private readonly Embedding _embedding;
    private readonly Dropout _dropout, _outputDropout;
    private readonly Recurrent _reader;
    private readonly Linear _output;
    private readonly string _cell;

    /// <summary>Builds the layers that settings ask for.</summary>
    public ConversationNetwork(int words, TaskSettings settings)
    {
        _cell = settings.Text(CommonOptions.Cell.Name);
        int features = settings.Whole(TokenEncoder.Features.Name), hidden = settings.Whole(CommonOptions.Hidden.Name), context = settings.Whole(ConversationTask.Context.Name);
        RecurrentOptions options = CommonOptions.ToRecurrentOptions(settings);
        _embedding = Add("embedding", new Embedding(words, features, Initializer.Normal(0.1f)));
        _dropout = Add("dropout", new Dropout((float)settings.Number(TokenEncoder.EmbeddingDropout.Name)));
        _reader = Add("reader", new Recurrent(NewCell(), features, hidden, options with { Layers = 1 }));
        Context = Add("context", new Recurrent(NewCell(), _reader.OutputSize, context, options with { Layers = 1 }));
        Writer = Add("writer", new Recurrent(NewCell(), features + Context.OutputSize, hidden, options));
        _outputDropout = Add("output_dropout", new Dropout((float)settings.Number(CommonOptions.Dropout.Name)));
        _output = Add("output", new Linear(Writer.OutputSize, words));
        Summary = $"embedding {words:N0} × {features}; {_cell} {hidden} reads a turn, {_cell} {context} the conversation, {Writer.Options.Layers} × {_cell} {hidden} writes; linear → {words:N0}; {ParameterCount:N0} parameters";
    }

    /// <summary>What reads the turns of a conversation.</summary>
    public Recurrent Context { get; }

    /// <summary>What writes a turn.</summary>
    public Recurrent Writer { get; }

    /// <summary>How many words there are.</summary>
    public int Words => _output.Weight.Shape[0];

    /// <summary>The layers in words.</summary>
    public string Summary { get; }

    /// <summary>How the layers keep their matrices.</summary>
    public void KeepWeights(WeightFormat format) => _reader.InferenceWeights = Context.InferenceWeights = Writer.InferenceWeights = format;

    /// <summary>The mean negative log-likelihood of all words and ends of turns, the first turn's given nothing, each later one's given those before it.</summary>
    public Tensor Loss(DialogueBatch batch)
    {
        Tensor x = Embed(batch.Words.Tokens, [batch.Words.Count, batch.Words.Time]);
        Tensor heard = Heard(x, batch.Words.Lengths);
        // A turn is read whole before it is remembered, and what is remembered before a turn is what it is written from.
        Tensor turns = heard.Gather(batch.TurnAt, [batch.Count, batch.Time]);
        Tensor remembered = Context.Forward(turns, default, batch.Lengths).Output;
        Tensor nothing = Tensor.Zeros([batch.Count, 1, Context.OutputSize]);
        Tensor before = batch.Time == 1 ? nothing : Tensor.Concat(1, nothing, remembered.Slice(1, 0, batch.Time - 1));
        Tensor given = before.Reshape(batch.Count * batch.Time, Context.OutputSize).Gather(batch.Places, [batch.Words.Count, batch.Words.Time]);
        Tensor written = Writer.Forward(Tensor.Concat(2, x, given), default, batch.Words.Lengths).Output;
        Tensor asked = written.Reshape(batch.Words.Count * batch.Words.Time, Writer.OutputSize).Gather(batch.Rows, [batch.Judged]);
        return Likelihood.Categorical(_outputDropout.Forward(asked), _output.Weight.Tensor, _output.Bias!.Tensor, batch.Targets);
    }

    /// <summary>Reads turns, one of each conversation, and remembers them.</summary>
    /// <param name="words">The speaker and the words of each, [conversations, time].</param>
    /// <param name="lengths">Words of each, [conversations].</param>
    /// <param name="memory">What is remembered of the turns before.</param>
    /// <returns>What the next turns are written from [conversations, features], and what is remembered now.</returns>
    public (Tensor Given, RecurrentState Memory) Hear(ReadOnlySpan<int> words, ReadOnlySpan<int> lengths, RecurrentState memory)
    {
        int count = lengths.Length;
        Tensor heard = Heard(Embed(words, [count, words.Length / count]), lengths);
        (Tensor given, RecurrentState next) = Context.Forward(heard.Reshape(count, 1, _reader.OutputSize), memory);
        return (given.Reshape(count, Context.OutputSize), next);
    }

    /// <summary>Writes one more word.</summary>
    /// <param name="words">The words before, [rows].</param>
    /// <param name="given">What is remembered, [rows, features].</param>
    /// <param name="state">The writer's state.</param>
    /// <returns>Logits of the next words [rows, words], and the writer's state.</returns>
    public (Tensor Logits, RecurrentState State) Write(ReadOnlySpan<int> words, Tensor given, RecurrentState state)
    {
        (Tensor output, RecurrentState next) = Writer.Forward(Tensor.Concat(2, Embed(words, [words.Length, 1]), given.Reshape(words.Length, 1, Context.OutputSize)), state);
        return (_output.Forward(output.Reshape(words.Length, Writer.OutputSize)), next);
    }

    /// <summary>What hears a turn, and what writes a word.</summary>
    public IReadOnlyList<ForwardPass> ForwardPasses() =>
    [
        new ForwardPass("hear", [PassInput.Whole("words", Words, "batch", "time"), PassInput.Lengths("lengths", "batch", "time", least: 1), .. PassInput.States(Context, "batch", "memory_")], values =>
        {
            (Tensor given, RecurrentState memory) = Hear(values.Whole("words"), values.Whole("lengths"), values.States(Context, "memory_"));
            return [new PassOutput("given", given), .. PassOutput.States(Context, memory, "memory_")];
        }),
        new ForwardPass("write", [PassInput.Whole("word", Words, "batch"), PassInput.Numbers("given", "batch", Context.OutputSize), .. PassInput.States(Writer, "batch")], values =>
        {
            (Tensor logits, RecurrentState state) = Write(values.Whole("word"), values.Numbers("given"), values.States(Writer));
            return [new PassOutput("logits", logits), .. PassOutput.States(Writer, state)];
        }),
    ];

    private Cell NewCell() => CellCatalogue.Find(_cell).Create();

    private Tensor Embed(ReadOnlySpan<int> words, Shape shape) => _dropout.Forward(_embedding.Forward(words, shape));

    /// <summary>[turns, features]: what the reader puts out after each turn's last word.</summary>
    private Tensor Heard(Tensor x, ReadOnlySpan<int> lengths) => _reader.Last(_reader.Forward(x, default, lengths).Output, lengths);
}
