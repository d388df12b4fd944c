namespace Unroll.Decoding;

/// <summary>A sequence that <see cref="BeamSearch"/> found.</summary>
/// <param name="Symbols">Its symbols, without the one that begins it and without its end symbol.</param>
/// <param name="LogProbability">The natural logarithm of its probability, its end symbol included.</param>
/// <param name="Score">The log-probability with the length and coverage penalties.</param>
/// <param name="IsEnded">Whether it came to its end symbol, not to the maximum length.</param>
/// <param name="Attention">For every symbol, and for the end symbol where there is one, the attention to every position; null unless it was to be kept and the model has it.</param>
public sealed record Hypothesis(IReadOnlyList<int> Symbols, double LogProbability, double Score, bool IsEnded, IReadOnlyList<float[]>? Attention);
