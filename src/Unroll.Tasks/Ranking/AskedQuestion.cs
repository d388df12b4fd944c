namespace Unroll.Tasks.Ranking;

/// <summary>A question and the sentences that may answer it.</summary>
/// <param name="Text">The question.</param>
/// <param name="Candidates">The sentences, in the order they are given.</param>
internal sealed record AskedQuestion(string Text, IReadOnlyList<AnswerCandidate> Candidates);

/// <summary>A sentence that may answer a question.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="IsRight">Whether it does; null where that is to be found.</param>
internal sealed record AnswerCandidate(string Text, bool? IsRight);
