namespace Unroll.Tasks.Classification;

/// <summary>A text and its label.</summary>
/// <param name="Label">The label; null where it is to be found.</param>
/// <param name="Text">The text.</param>
/// <param name="Where">Where it stands, for messages.</param>
internal sealed record LabelledText(string? Label, string Text, string Where);
