using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Layers;

/// <summary>
/// Attention: the mean of a memory's places, each weighted by how well it goes with a query: a = softmax(score(q, m₁), …, score(q, m_S)), context = Σᵢ aᵢ mᵢ.
/// Bahdanau, Cho &amp; Bengio 2015, "Neural machine translation by jointly learning to align and translate"; Luong, Pham &amp; Manning 2015, "Effective approaches to
/// attention-based neural machine translation". Parameters: query.weight [features, query size] and energy.weight [1, features] (additive), memory.weight
/// [features, memory size] (additive), [query size, memory size] (general).
/// <code>
/// AttentionMemory memory = attention.Remember(encoded, lengths);
/// (Tensor context, Tensor weights) = attention.Forward(queries, memory);
/// </code>
/// </summary>
public sealed class Attention : Module
{
    private readonly AttentionScore _score;
    private readonly Linear? _query, _memory, _energy;
    private readonly int _querySize, _memorySize;
    private readonly float _scale;

    /// <summary>Creates the layer.</summary>
    /// <param name="score">How a query and a place of the memory are compared.</param>
    /// <param name="querySize">Features of a query.</param>
    /// <param name="memorySize">Features of a place of the memory.</param>
    /// <param name="features">Of the additive score, the size of what is inside the tanh; the query's size when left out.</param>
    /// <param name="scale">What scores are multiplied by. Products of d features grow with d, until softmax gives everything to one place and no gradient is left: 1/√d keeps them from it
    /// (Vaswani et al. 2017, "Attention is all you need").</param>
    /// <exception cref="BadUsageException">A size is not positive, the sizes differ for the dot product, or the scale is not positive.</exception>
    public Attention(AttentionScore score, int querySize, int memorySize, int? features = null, float scale = 1)
    {
        if (querySize < 1 || memorySize < 1 || features < 1)
            throw new BadUsageException($"Attention of queries of {querySize} features to a memory of {memorySize} by {features ?? querySize} makes no sense; all are 1 or more.");
        if (score == AttentionScore.Dot && querySize != memorySize)
            throw new BadUsageException($"Attention: the dot product compares a query of {querySize} features with a memory of {memorySize}; make them equal, or choose the general or additive score.");
        if (!Enum.IsDefined(score)) throw new BadUsageException($"The attention score {score} does not exist; use Dot, General or Additive.");
        if (!(scale > 0 && float.IsFinite(scale))) throw new BadUsageException($"The scale of attention's scores is {scale}; it is above 0 and finite.");
        (_score, _querySize, _memorySize, _scale) = (score, querySize, memorySize, scale);
        if (score == AttentionScore.Dot) return;
        int inner = score == AttentionScore.General ? querySize : features ?? querySize;
        _memory = Add("memory", new Linear(memorySize, inner, bias: false));
        if (score == AttentionScore.General) return;
        _query = Add("query", new Linear(querySize, inner, bias: false));
        _energy = Add("energy", new Linear(inner, 1, bias: false));
    }

    /// <summary>Prepares a memory, once for all queries to it.</summary>
    /// <param name="values">[batch, places, memory size], for instance an encoder's output.</param>
    /// <param name="lengths">How many places of each count, 1 or more; all when left out.</param>
    /// <returns>The memory, valid as long as the values.</returns>
    /// <exception cref="ShapeException">The values or lengths do not fit.</exception>
    public AttentionMemory Remember(Tensor values, ReadOnlySpan<int> lengths = default) => RememberAtLeast(values, lengths, least: 0);

    /// <summary>Prepares a memory of which shorter sequences count as <paramref name="least"/> places long.</summary>
    internal AttentionMemory RememberAtLeast(Tensor values, ReadOnlySpan<int> lengths, int least)
    {
        Shape shape = values.Shape;
        if (shape.Rank != 3 || shape[2] != _memorySize)
            throw new ShapeException($"Attention: the memory is {shape}; it must be [batch, places, {_memorySize}].");
        return new AttentionMemory(values, _memory?.Forward(values) ?? values, Mask(shape, lengths, least));
    }

    /// <summary>A memory that was prepared elsewhere: its values, and what queries are compared with.</summary>
    internal static AttentionMemory Restore(Tensor values, Tensor keys, ReadOnlySpan<int> lengths) => new(values, keys, Mask(values.Shape, lengths, least: 0));

    /// <summary>Features of what queries are compared with where that is something else than the values; null where it is they.</summary>
    internal int? KeySize => _memory?.Weight.Shape[0];

    /// <summary>Attends.</summary>
    /// <param name="queries">[batch, queries, query size], for instance a decoder's outputs at all steps, or at one.</param>
    /// <param name="memory">What <see cref="Remember"/> of this layer made, for the same batch.</param>
    /// <returns>The contexts [batch, queries, memory size] and the weights [batch, queries, places]; those of places that do not count are 0.</returns>
    /// <exception cref="ShapeException">The queries do not fit.</exception>
    public (Tensor Context, Tensor Weights) Forward(Tensor queries, AttentionMemory memory)
    {
        Shape shape = queries.Shape, places = memory.Values.Shape;
        if (shape.Rank != 3 || shape[0] != places[0] || shape[2] != _querySize)
            throw new ShapeException($"Attention: the queries are {shape}; for a memory {places} they must be [{places[0]}, queries, {_querySize}].");
        Tensor scores;
        if (_score == AttentionScore.Additive)
        {
            int features = memory.Keys.Shape[2];
            Tensor inner = _query!.Forward(queries).Reshape(shape[0], shape[1], 1, features) + memory.Keys.Reshape(places[0], 1, places[1], features);
            scores = _energy!.Forward(inner.Tanh()).Reshape(shape[0], shape[1], places[1]);
        }
        else
        {
            scores = queries.MatMul(memory.Keys, transposeRight: true);
        }
        if (_scale != 1) scores *= _scale;
        Tensor weights = (memory.Mask.IsEmpty ? scores : scores + memory.Mask).Softmax();
        return (weights.MatMul(memory.Values), weights);
    }

    /// <summary>−∞ at the places that do not count, else 0: [batch, 1, places]; empty when all count.</summary>
    private static Tensor Mask(Shape shape, ReadOnlySpan<int> lengths, int least)
    {
        if (lengths.IsEmpty) return default;
        int batch = shape[0], places = shape[1];
        if (lengths.Length != batch)
            throw new ShapeException($"Attention: {lengths.Length} lengths for a memory {shape}; give one for each of its {batch} sequences.");
        for (int i = 0; i < batch; i++)
            if (Math.Max(least, lengths[i]) < 1 || lengths[i] > places) throw new ShapeException($"Attention: sequence {i} has length {lengths[i]}; in a memory {shape} it is 1 to {places}.");
        return LengthMask.Apply(lengths, places, within: 0, beyond: float.NegativeInfinity, least).Reshape(batch, 1, places);
    }
}
