using System.Text.Json.Nodes;
using Unroll.Cli.Measuring;
using Unroll.Decoding;
using Unroll.Tasks;
using Unroll.Tasks.Translation;
using Unroll.Tensors;

namespace Unroll.Bench.Peers;

/// <summary>The network of the task <c>translate</c> and its search. A translation gets as long as its reference: the bias of the end symbol rules it out, so that what the weights
/// happen to be does not decide how much there is to do.</summary>
internal sealed class TranslateWork : SentenceWork
{
    private const float Never = -1e4f;

    private readonly AttentionNetwork _network;
    private readonly TranslationPairs _pairs;
    private readonly TranslationBatch _batch = new();
    private readonly BeamOptions _search;

    private TranslateWork(JsonObject data, LayerShape shape, TaskSettings settings, AttentionNetwork network) : base(network, settings, data["sources"]!.AsArray().Count, shape.Batch)
    {
        _network = network;
        _pairs = new TranslationPairs(Lists(data, "sources"), Lists(data, "targets"), [], 0);
        _search = Translator.Options(new TaskSettings(TranslationOptions.Searching).Set(TranslationOptions.Beam.Name, $"{(int)data["beam"]!}"));
    }

    /// <summary>Builds the network: the request's symbols and hidden units, else the defaults.</summary>
    public static TranslateWork Create(JsonObject data, LayerShape shape)
    {
        TaskSettings settings = new TaskSettings(new TranslateTask().Options).Set(CommonOptions.Hidden.Name, $"{shape.Hidden}");
        return new TranslateWork(data, shape, settings, new AttentionNetwork(shape.Input, shape.Input, settings));
    }

    /// <inheritdoc/>
    protected override Tensor Loss(ReadOnlySpan<int> numbers)
    {
        _batch.Fill(_pairs, numbers);
        return _network.Loss(_batch);
    }

    /// <inheritdoc/>
    protected override void BeforePrediction()
    {
        Parameter bias = Network.Parameters.Single(parameter => parameter.Name == "output_bias");
        bias.Values[SubwordVocabulary.End] = Never;
        bias.Changed();
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<int>[] Predict(int[] numbers)
    {
        _batch.Fill(_pairs, numbers);
        int[] lengths = [.. numbers.Select(number => _pairs.Targets[number].Length)];
        IReadOnlyList<Hypothesis>[] found = BeamSearch.Run(new TranslationSession(_network, _batch.Source, _batch.SourceLengths), SubwordVocabulary.Begin, lengths, _search);
        return [.. found.Select(best => best[0].Symbols)];
    }
}
