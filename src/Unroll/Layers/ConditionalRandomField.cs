using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Layers;

/// <summary>A linear-chain conditional random field: a layer on top of scores that judges the tags of a sequence together, by how well each follows the one before.
/// <code>ln p(y | scores) = start[y₁] + Σₜ scores[t, yₜ] + Σₜ transitions[yₜ₋₁, yₜ] + end[y_T] − ln Z</code>
/// Parameters: transitions [tags, tags], start [tags], end [tags], all zero at first, so that training begins with each tag on its own.
/// Lafferty, McCallum &amp; Pereira 2001, "Conditional Random Fields"; on top of recurrent layers: Huang, Xu &amp; Yu 2015; Lample et al. 2016. The likeliest tags are
/// found by <c>ViterbiDecoder</c>.</summary>
public sealed class ConditionalRandomField : Module
{
    /// <summary>Creates the layer.</summary>
    /// <param name="tags">How many tags there are.</param>
    /// <exception cref="BadUsageException">There is no tag.</exception>
    public ConditionalRandomField(int tags)
    {
        if (tags < 1) throw new BadUsageException($"A conditional random field over {tags} tags makes no sense; give 1 or more.");
        Transitions = Add("transitions", [tags, tags], ParameterKind.Weight, Initializer.Zeros);
        Start = Add("start", [tags], ParameterKind.Bias, Initializer.Zeros);
        End = Add("end", [tags], ParameterKind.Bias, Initializer.Zeros);
    }

    /// <summary>What it is worth that one tag (row) is followed by another (column): [tags, tags].</summary>
    public Parameter Transitions { get; }

    /// <summary>What it is worth that a sequence begins with a tag: [tags].</summary>
    public Parameter Start { get; }

    /// <summary>What it is worth that a sequence ends with a tag: [tags].</summary>
    public Parameter End { get; }

    /// <summary>The loss: −ln p of the tags of every sequence, summed and divided by the number of tokens; 0 when there is none.</summary>
    /// <param name="scores">[batch, time, tags].</param>
    /// <param name="targets">The tag of every token [batch, time], row-major; any number beyond a sequence's length.</param>
    /// <param name="lengths">Tokens of each sequence [batch], zero allowed.</param>
    /// <returns>A scalar: mean nats per token.</returns>
    /// <exception cref="ShapeException">The shapes do not fit, or there is no such tag.</exception>
    public Tensor Loss(Tensor scores, ReadOnlySpan<int> targets, ReadOnlySpan<int> lengths) =>
        LinearChainCrf.Apply(scores, Transitions.Tensor, Start.Tensor, End.Tensor, targets, lengths);
}
