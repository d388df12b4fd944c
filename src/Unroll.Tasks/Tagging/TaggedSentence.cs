namespace Unroll.Tasks.Tagging;

/// <summary>A sentence and its tags.</summary>
/// <param name="Words">Its tokens.</param>
/// <param name="Tags">The tag of each; null where they are to be found.</param>
/// <param name="File">Where it stands, for messages.</param>
/// <param name="Line">The line of its first token; the others follow.</param>
internal sealed record TaggedSentence(string[] Words, string[]? Tags, string File, int Line)
{
    /// <summary>Where a token stands.</summary>
    public string Where(int token) => $"{File}, line {Line + token}";
}
