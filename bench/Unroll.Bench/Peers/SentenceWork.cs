using System.Text.Json.Nodes;
using Unroll.Layers;
using Unroll.Optimizers;
using Unroll.Tasks;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Bench.Peers;

/// <summary>A task's own network, built with its defaults, on the sentences of a request (bench/peers/sentences.py): what the task does in training and in prediction, a pass over all
/// batches.</summary>
internal abstract class SentenceWork
{
    private readonly Tape _tape = new(new RandomState(1));
    private readonly TrainerOptions _options;
    private readonly Optimizer _optimizer;
    private readonly int[][] _batches;

    /// <summary>Draws the network's weights.</summary>
    /// <param name="network">The network.</param>
    /// <param name="settings">The options of its training.</param>
    /// <param name="count">How many sentences there are.</param>
    /// <param name="batch">How many go together.</param>
    protected SentenceWork(Module network, TaskSettings settings, int count, int batch)
    {
        Network = network;
        network.Initialize(new RandomState(1));
        _batches = [.. Enumerable.Range(0, count).Chunk(batch)];
        settings.Set(CommonOptions.Epochs.Name, "1");
        _options = CommonOptions.ToTrainerOptions(settings, _batches.Length);
        _optimizer = _options.Optimizer.Create();
    }

    /// <summary>The layers.</summary>
    protected Module Network { get; }

    /// <summary>The loss of some sentences, on the current tape.</summary>
    protected abstract Tensor Loss(ReadOnlySpan<int> numbers);

    /// <summary>What is found for some sentences, one after the other.</summary>
    protected abstract IReadOnlyList<int>[] Predict(int[] numbers);

    /// <summary>A training step for each batch, as the trainer takes it.</summary>
    public void Train()
    {
        foreach (int[] numbers in _batches)
        {
            Differentiate(numbers);
            _optimizer.Step(Network.Parameters, _options.Optimizer.LearningRate, _options.Clipping);
        }
    }

    /// <summary>Predictions for all sentences; the network is not to be trained after.</summary>
    public Action ToPredict()
    {
        BeforePrediction();
        return () =>
        {
            foreach (int[] numbers in _batches) Predict(numbers);
        };
    }

    /// <summary>Weights large enough that predictions differ, the loss and its gradients for the first batch without dropout, and what is predicted for all.</summary>
    public JsonObject Values()
    {
        var random = new RandomState(2);
        foreach (Parameter parameter in Network.Parameters)
        {
            foreach (ref float value in parameter.Values) value = random.NextSingle() - 0.5f;
            parameter.Changed();
        }
        _tape.Training = false;
        var values = new JsonObject { ["loss"] = new JsonArray(Differentiate(_batches[0])) };
        var parameters = new JsonObject();
        foreach (Parameter parameter in Network.Parameters)
        {
            values[$"d{parameter.Name}"] = Array(parameter.Gradient.ToArray());
            parameters[parameter.Name] = Array(parameter.Values.ToArray());
        }
        BeforePrediction();
        values["inference"] = Array(_batches.SelectMany(Predict).SelectMany(found => found));
        return new() { ["values"] = values, ["parameters"] = parameters };

        static JsonArray Array<T>(IEnumerable<T> numbers) => new([.. numbers.Select(number => JsonValue.Create(number))]);
    }

    /// <summary>What is done to weights before predictions are made with them.</summary>
    protected virtual void BeforePrediction()
    {
    }

    /// <summary>Sentences out of a request.</summary>
    protected static int[][] Lists(JsonObject data, string name) => [.. data[name]!.AsArray().Select(list => list!.AsArray().Select(number => (int)number!).ToArray())];

    private float Differentiate(int[] numbers)
    {
        _tape.Begin();
        Tensor loss = Loss(numbers);
        float value = loss.Item;
        _tape.Backward(loss);
        _tape.End();
        return value;
    }
}
