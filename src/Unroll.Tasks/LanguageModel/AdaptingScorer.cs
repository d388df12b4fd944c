using System.Globalization;
using Unroll.Data;
using Unroll.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Judges a language model that adapts to the text as it reads: by dynamic evaluation, a continuous cache, or both.</summary>
internal static class AdaptingScorer
{
    private const string Group = "Adapting to the text";

    private static readonly TaskOption Dynamic = new("dynamic", OptionKind.Choice, "learn from the text after judging it: by gradient descent, or with steps divided by the gradients' root mean squares on the training text")
    {
        Default = "none",
        Choices = ["none", "sgd", "rms"],
        Group = Group,
    };

    private static readonly TaskOption Rate = new("dynamic-rate", OptionKind.Number, "step size of that (default: sgd 0.1, rms 0.002)") { Minimum = 0, Group = Group };

    private static readonly TaskOption Decay = new("dynamic-decay", OptionKind.Number, "how much weights are drawn back to the trained ones at a step (default: sgd 0.002, rms 0.02)") { Minimum = 0, Maximum = 1, Group = Group };

    private static readonly TaskOption Steps = new("dynamic-steps", OptionKind.Whole, "symbols between two steps (default: 5)") { Minimum = 1, Maximum = 4096, Group = Group };

    private static readonly TaskOption CacheSize = new("cache", OptionKind.Whole, "remember what followed each of the last N places, and expect it again where the features are alike; 0 for no cache")
    {
        Default = "0",
        Minimum = 0,
        Maximum = 1 << 20,
        Group = Group,
    };

    private static readonly TaskOption Theta = new("cache-theta", OptionKind.Number, "how much alike features count (default: 0.3)") { Minimum = 0, Group = Group };

    private static readonly TaskOption Lambda = new("cache-lambda", OptionKind.Number, "the cache's share of the probability (default: 0.1)") { Minimum = 0, Maximum = 1, Group = Group };

    /// <summary>Batches that the gradients' mean squares are taken over at most, and sequences in each.</summary>
    private const int MostBatches = 1000, SquareStreams = 100;

    /// <summary>The options of evaluation.</summary>
    public static IReadOnlyList<TaskOption> Options { get; } = [Dynamic, Rate, Decay, Steps, CacheSize, Theta, Lambda];

    /// <summary>Whether settings ask for it.</summary>
    /// <exception cref="BadUsageException">Options do not go together.</exception>
    public static bool IsAsked(TaskSettings settings)
    {
        bool learns = settings.Text(Dynamic.Name) != "none", remembers = settings.Whole(CacheSize.Name) > 0;
        Needs(learns, "--dynamic sgd or rms", Rate, Decay, Steps);
        Needs(remembers, "--cache N", Theta, Lambda);
        if ((learns || remembers) && settings.Whole(LanguageModelTask.EvaluationBatch.Name) > 1) throw new BadUsageException(
            $"--batch {settings.Text(LanguageModelTask.EvaluationBatch.Name)}: a model that adapts to the text reads it as one sequence. Leave --batch out.");
        return learns || remembers;

        void Needs(bool isThere, string what, params ReadOnlySpan<TaskOption> options)
        {
            foreach (TaskOption option in options)
                if (!isThere && settings.IsGiven(option.Name)) throw new BadUsageException($"--{option.Name} {settings.Text(option.Name)}: it belongs to {what}, which is not given. Add that, or leave it out.");
        }
    }

    /// <summary>The metrics on a text. The model is afterwards as it was.</summary>
    /// <param name="network">The model.</param>
    /// <param name="vocabulary">Its symbols.</param>
    /// <param name="symbols">The text, two symbols or more.</param>
    /// <param name="settings">The values of <see cref="Options"/>.</param>
    /// <param name="training">Reads the text the model was trained on; asked only where it is needed.</param>
    /// <param name="cancellation">Stops it.</param>
    public static Dictionary<string, double> Score(LanguageModelNetwork network, Vocabulary vocabulary, ReadOnlySpan<int> symbols, TaskSettings settings, Func<int[]> training, CancellationToken cancellation)
    {
        string kind = settings.Text(Dynamic.Name);
        int steps = (int)Value(settings, Steps, 5), size = settings.Whole(CacheSize.Name);
        DynamicEvaluation? dynamic = kind == "none" ? null : new DynamicEvaluation(network, Value(settings, Rate, kind == "sgd" ? 0.1 : 0.002), Value(settings, Decay, kind == "sgd" ? 0.002 : 0.02),
            kind == "rms" ? Squares(network, training(), steps, cancellation) : null);
        var reader = new SymbolReader(network)
        {
            Cache = size == 0 ? null : new ContinuousCache(size, network.Recurrent.OutputSize, Value(settings, Theta, 0.3), Value(settings, Lambda, 0.1)),
            Dynamic = dynamic,
            DynamicSteps = steps,
        };
        double nats = 0;
        long correct = 0;
        try
        {
            reader.Read(symbols, (_, symbol, probabilities) =>
            {
                nats -= Math.Log(probabilities[symbol]);
                if (TensorPrimitives.IndexOfMax(probabilities) == symbol) correct++;
            }, cancellation);
        }
        finally
        {
            dynamic?.Restore();
        }
        return LanguageModelScorer.Metrics(vocabulary, nats, correct, symbols.Length - 1, symbols[1..]);
    }

    /// <summary>The mean squares of the gradients on a text, in sequences as long as those after which the model learns.</summary>
    internal static GradientSquares Squares(LanguageModelNetwork network, int[] text, int steps, CancellationToken cancellation)
    {
        int streams = Math.Clamp((text.Length - 1) / steps, 1, SquareStreams);
        var cut = new SymbolStreams(text, streams, Math.Clamp(text.Length - 1, 1, steps));
        int[] inputs = new int[streams * cut.Sequence], targets = new int[inputs.Length];
        var squares = new GradientSquares();
        var state = new CarriedState(network.Recurrent, streams);
        var tape = new Tape { Training = false };
        network.ClearGradients();
        for (int i = 0; i < Math.Min(cut.StepsPerEpoch, MostBatches); i++)
        {
            cancellation.ThrowIfCancellationRequested();
            cut.Fill(i, inputs, targets);
            tape.Begin();
            try
            {
                (Tensor loss, _, var next) = network.Loss(inputs, targets, streams, state.Value);
                tape.Backward(loss);
                state.Keep(next);
            }
            finally
            {
                tape.End();
            }
            squares.Add(network.Parameters);
        }
        return squares;
    }

    private static double Value(TaskSettings settings, TaskOption option, double otherwise) =>
        settings.Find(option.Name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
