namespace Unroll.Layers;

/// <summary>How <see cref="Attention"/> says how well a query q and a place of the memory m go together.</summary>
public enum AttentionScore
{
    /// <summary>q·m, both of the same size (Luong, Pham &amp; Manning 2015, "dot").</summary>
    Dot,
    /// <summary>q·W m (Luong et al. 2015, "general").</summary>
    General,
    /// <summary>v·tanh(W q + U m): Bahdanau, Cho &amp; Bengio 2015, and, as W q + U m is one matrix times q and m joined, the "concat" of Luong et al. 2015.</summary>
    Additive,
}
