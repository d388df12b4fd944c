using System.Text.Json.Nodes;
using Unroll.Cli.Measuring;
using Unroll.Tasks;
using Unroll.Tasks.Examples;
using Unroll.Tasks.Tagging;
using Unroll.Tensors;

namespace Unroll.Bench.Peers;

/// <summary>The network of the task <c>tag</c>: words and their characters in, a tag for each word out.</summary>
internal sealed class TagWork : SentenceWork
{
    private readonly Tape _tape = new() { Training = false };
    private readonly TagNetwork _network;
    private readonly TaggedSentences _sentences;
    private readonly TokenBatch _batch = new();
    private readonly CharacterBatch _characters = new();
    private readonly string[] _tags;
    private readonly float[] _drops;
    private readonly int[] _targets;

    private TagWork(JsonObject data, LayerShape shape, TaskSettings settings, TagNetwork network) : base(network, settings, data["words"]!.AsArray().Count, shape.Batch)
    {
        _network = network;
        _sentences = new TaggedSentences(new TaggedSentence[data["words"]!.AsArray().Count], Sequences("words"), Sequences("forms"), Sequences("spellings"), Sequences("tags"));
        _tags = [.. Enumerable.Range(0, (int)data["tag_count"]!).Select(tag => $"tag {tag}")];
        // As TagModel has it, for words that occur once.
        _drops = new float[shape.Input];
        Array.Fill(_drops, (float)(settings.Number(TagTask.WordDropout.Name) / (settings.Number(TagTask.WordDropout.Name) + 1)));
        _targets = new int[shape.Batch * shape.Time];

        TokenSequences Sequences(string name)
        {
            var sequences = new TokenSequences();
            foreach (int[] list in Lists(data, name))
            {
                foreach (int number in list) sequences.Add(number);
                sequences.End();
            }
            return sequences;
        }
    }

    /// <summary>Builds the network: the request's words, hidden units and tags, else the defaults.</summary>
    public static TagWork Create(JsonObject data, LayerShape shape)
    {
        TaskSettings settings = new TaskSettings(new TagTask().Options).Set(CommonOptions.Hidden.Name, $"{shape.Hidden}").Set(TagTask.Crf.Name, (string?)data["crf"] ?? TagTask.Off);
        return new TagWork(data, shape, settings, new TagNetwork(shape.Input, (int)data["characters"]!, (int)data["tag_count"]!, settings));
    }

    /// <inheritdoc/>
    protected override Tensor Loss(ReadOnlySpan<int> numbers)
    {
        Fill(numbers);
        if (Tape.Current is { Training: true } tape) _batch.Drop(_drops, 0, tape.Random);
        Span<int> targets = _targets.AsSpan(0, _batch.Count * _batch.Time);
        targets.Fill(-1);
        for (int i = 0; i < numbers.Length; i++) _sentences.Tags[numbers[i]].CopyTo(targets[(i * _batch.Time)..]);
        return _network.Loss(_network.Forward(_batch, _characters), _batch, targets);
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<int>[] Predict(int[] numbers)
    {
        var found = new int[numbers.Length][];
        var decoder = new TagDecoder(_tags, EntityScheme.None, _network.Crf);
        _tape.Begin(gradients: false);
        Fill(numbers);
        ReadOnlySpan<float> scores = _network.Forward(_batch, _characters).Span;
        for (int i = 0; i < found.Length; i++) found[i] = decoder.Best(scores.Slice(i * _batch.Time * _tags.Length, _batch.Lengths[i] * _tags.Length));
        _tape.End();
        return found;
    }

    private void Fill(ReadOnlySpan<int> numbers)
    {
        _batch.Fill(_sentences.Words, numbers);
        _characters.Fill(_sentences, numbers, _batch.Time);
    }
}
