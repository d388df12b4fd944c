namespace Unroll.Data;

/// <summary>The part of a text that a model learns from, and the part that it is judged on.</summary>
/// <param name="Training">What the model learns from, UTF-8.</param>
/// <param name="Validation">What it is judged on, UTF-8; the training text again where the text is too short to spare any.</param>
/// <param name="IsShared">Whether validation is the training text itself.</param>
public sealed record TextSplit(ReadOnlyMemory<byte> Training, ReadOnlyMemory<byte> Validation, bool IsShared)
{
    /// <summary>How far the cut may move back to fall between two lines, in bytes.</summary>
    private const int LineReach = 4096;

    /// <summary>Keeps the last part of a text for validation. The cut falls after a line break where one is near, and never inside a
    /// character.</summary>
    /// <param name="utf8">The whole text, UTF-8 (or any bytes).</param>
    /// <param name="share">The share to keep, from 0 (none: validation is the training text) to below 1.</param>
    /// <exception cref="BadUsageException">The share is outside [0, 1).</exception>
    public static TextSplit Last(ReadOnlyMemory<byte> utf8, double share)
    {
        if (!(share is >= 0 and < 1)) throw new BadUsageException($"The share of the text kept for validation is {share}; expected 0 or more and below 1.");
        ReadOnlySpan<byte> bytes = utf8.Span;
        int cut = bytes.Length - (int)Math.Min(bytes.Length, bytes.Length * share);
        while (cut > 0 && cut < bytes.Length && (bytes[cut] & 0xC0) == 0x80) cut--;
        if (share > 0)
        {
            int from = Math.Max(0, cut - Math.Min(LineReach, (bytes.Length - cut) / 2));
            int line = bytes[from..cut].LastIndexOf((byte)'\n');
            if (line >= 0) cut = from + line + 1;
        }
        // A single symbol cannot be predicted from anything, so there is nothing to judge.
        return bytes.Length - cut < MinimumValidation || cut < MinimumValidation
            ? new TextSplit(utf8, utf8, true)
            : new TextSplit(utf8[..cut], utf8[cut..], false);
    }

    /// <summary>The fewest bytes worth judging a model on.</summary>
    private const int MinimumValidation = 16;
}
