using Unroll.Decoding;

namespace Unroll.Tasks;

/// <summary>A <see cref="TaskModel"/> that can be talked to.</summary>
public interface IConversationPartner
{
    /// <summary>Begins a conversation; several may go on at once, each on one thread at a time, over the same model.</summary>
    /// <param name="options">How replies are made.</param>
    /// <exception cref="BadUsageException">An option makes no sense.</exception>
    ConversationSession Begin(ReplyOptions options);
}

/// <summary>How replies are made.</summary>
public sealed record ReplyOptions
{
    /// <summary>How words are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = new(0);

    /// <summary>The most words of a reply.</summary>
    public int Length { get; init; } = 60;

    /// <summary>What chance is drawn from.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>A conversation that goes on: what was said is remembered from turn to turn.</summary>
public abstract class ConversationSession
{
    /// <summary>Hears what the user says and answers.</summary>
    /// <param name="text">What the user says.</param>
    /// <returns>The reply, a word at a time as it is made; the next turn begins once it has been read to its end.</returns>
    public abstract IEnumerable<string> Reply(string text);

    /// <summary>Hears a turn without answering: one that was said before.</summary>
    /// <param name="speaker">Who said it.</param>
    /// <param name="text">What was said.</param>
    /// <exception cref="BadInputException">The model does not know the speaker.</exception>
    public abstract void Hear(string speaker, string text);
}
