namespace Unroll.Tasks.Conversation;

/// <summary>What one side says before the other does.</summary>
/// <param name="Speaker">Who says it.</param>
/// <param name="Text">What is said.</param>
internal sealed record Turn(string Speaker, string Text);

/// <summary>A conversation.</summary>
/// <param name="Turns">Its turns in order.</param>
/// <param name="Where">Where it stands, for messages.</param>
internal sealed record Dialogue(IReadOnlyList<Turn> Turns, string Where);
