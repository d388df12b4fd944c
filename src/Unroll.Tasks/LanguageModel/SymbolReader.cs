using Unroll.Losses;
using Unroll.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Told of each symbol after the first.</summary>
/// <param name="position">Its place in the text, from 1.</param>
/// <param name="symbol">Which it is.</param>
/// <param name="probabilities">What every symbol's probability was.</param>
internal delegate void SymbolJudge(int position, int symbol, ReadOnlySpan<double> probabilities);

/// <summary>Reads a text as one sequence and tells the probability that every symbol had; perhaps adapting to the text as it goes.</summary>
/// <param name="network">The model.</param>
internal sealed class SymbolReader(LanguageModelNetwork network)
{
    private const int MostLogits = 1 << 21, MostSteps = 64;

    private readonly Tape _tape = new() { Training = false };
    private readonly CarriedState _state = new(network.Recurrent, 1);
    private readonly double[] _probabilities = new double[network.Symbols];

    /// <summary>A memory of what was read, or null.</summary>
    public ContinuousCache? Cache { get; init; }

    /// <summary>What learns from what was read, or null.</summary>
    public DynamicEvaluation? Dynamic { get; init; }

    /// <summary>Symbols that are read with the same weights.</summary>
    public int DynamicSteps { get; init; } = 5;

    /// <summary>Reads from a state of zeros.</summary>
    /// <param name="symbols">The text.</param>
    /// <param name="judge">Told of every symbol but the first.</param>
    /// <param name="cancellation">Stops it.</param>
    public void Read(ReadOnlySpan<int> symbols, SymbolJudge judge, CancellationToken cancellation)
    {
        _state.Clear();
        int steps = Dynamic is null ? Math.Clamp(MostLogits / network.Symbols, 1, MostSteps) : DynamicSteps;
        for (int from = 0; from + 1 < symbols.Length; from += steps)
        {
            cancellation.ThrowIfCancellationRequested();
            int length = Math.Min(steps, symbols.Length - 1 - from);
            ReadOnlySpan<int> targets = symbols.Slice(from + 1, length);
            _tape.Begin(gradients: Dynamic is not null);
            try
            {
                (Tensor logits, Tensor features, var next) = network.Forward(symbols.Slice(from, length), 1, _state.Value);
                for (int i = 0; i < length; i++) Judge(logits.Span.Slice(i * network.Symbols, network.Symbols), Row(features, i), targets[i], from + 1 + i, judge);
                if (Dynamic is not null) _tape.Backward(Likelihood.Categorical(logits, targets));
                _state.Keep(next);
            }
            finally
            {
                _tape.End();
            }
            Dynamic?.Learn();
        }
    }

    private ReadOnlySpan<float> Row(Tensor features, int row) => features.Span.Slice(row * network.Recurrent.OutputSize, network.Recurrent.OutputSize);

    private void Judge(ReadOnlySpan<float> logits, ReadOnlySpan<float> features, int target, int position, SymbolJudge judge)
    {
        Span<double> probabilities = _probabilities;
        TensorPrimitives.ConvertTruncating(logits, probabilities);
        TensorPrimitives.Subtract(probabilities, TensorPrimitives.Max<double>(probabilities), probabilities);
        TensorPrimitives.Exp(probabilities, probabilities);
        TensorPrimitives.Divide(probabilities, TensorPrimitives.Sum<double>(probabilities), probabilities);
        Cache?.Mix(features, probabilities);
        judge(position, target, probabilities);
        Cache?.Add(features, target);
    }
}
