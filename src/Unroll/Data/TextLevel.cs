namespace Unroll.Data;

/// <summary>What one symbol of a text is.</summary>
public enum TextLevel
{
    /// <summary>A Unicode scalar value (a character as UTF-8 counts them, whatever its width).</summary>
    Char,

    /// <summary>A word, a run of punctuation or a line break, each with the space before it: see <see cref="WordTokens"/>.</summary>
    Word,

    /// <summary>A byte; any file can be read at this level.</summary>
    Byte,

    /// <summary>What white space separates, as in texts that someone cut into tokens already; every line end is the token <c>&lt;eos&gt;</c>.</summary>
    Token,
}
