namespace Unroll.Tasks.Tagging;

/// <summary>A sentence and the tag of each of its tokens; of a sentence to be tagged there are none.</summary>
internal sealed record TaggedSentence(string[] Words, string[] Tags);
