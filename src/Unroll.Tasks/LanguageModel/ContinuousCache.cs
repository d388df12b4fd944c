using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Remembers what followed which features in the text read last, and lets words that followed like ones be likelier:
/// p(w) = (1 − λ)·p_model(w) + λ·p_cache(w), p_cache(w) ∝ Σ exp(θ h·hᵢ) over the places i in the cache that w followed.
/// Grave, Joulin &amp; Usunier 2017, "Improving neural language models with a continuous cache".</summary>
/// <param name="size">Places remembered.</param>
/// <param name="features">The length of h.</param>
/// <param name="theta">θ: how much alike counts.</param>
/// <param name="lambda">λ: the cache's share.</param>
internal sealed class ContinuousCache(int size, int features, double theta, double lambda)
{
    private readonly float[] _features = new float[checked(size * features)];
    private readonly int[] _followers = new int[size];
    private readonly double[] _weights = new double[size];
    private int _count, _next;

    /// <summary>Mixes what the cache expects into the model's probabilities. An empty cache changes nothing.</summary>
    /// <param name="h">The features the probabilities were made of.</param>
    /// <param name="probabilities">Of every symbol.</param>
    public void Mix(ReadOnlySpan<float> h, Span<double> probabilities)
    {
        if (_count == 0) return;
        Span<double> weights = _weights.AsSpan(0, _count);
        for (int i = 0; i < _count; i++) weights[i] = theta * TensorPrimitives.Dot(h, _features.AsSpan(i * features, features));
        TensorPrimitives.Subtract(weights, TensorPrimitives.Max<double>(weights), weights);
        TensorPrimitives.Exp(weights, weights);
        double scale = lambda / TensorPrimitives.Sum<double>(weights);
        TensorPrimitives.Multiply(probabilities, 1 - lambda, probabilities);
        for (int i = 0; i < _count; i++) probabilities[_followers[i]] += scale * weights[i];
    }

    /// <summary>Remembers a place; the oldest is forgotten where there is no room.</summary>
    /// <param name="h">Its features.</param>
    /// <param name="follower">The symbol that followed.</param>
    public void Add(ReadOnlySpan<float> h, int follower)
    {
        h.CopyTo(_features.AsSpan(_next * features, features));
        _followers[_next] = follower;
        _next = (_next + 1) % size;
        _count = Math.Min(_count + 1, size);
    }
}
