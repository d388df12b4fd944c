namespace Unroll;

/// <summary>What went wrong, for a person to read: one line that says what was found, what was expected and what to do.
/// Every exception that Unroll raises on purpose for its user derives from this; the command prints its message and nothing else.</summary>
public abstract class UnrollException : Exception
{
    /// <summary>An error with its one-line message and, where another exception led to it, that one.</summary>
    protected UnrollException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>Data or a file cannot be used: missing, empty, damaged, of another kind. The command's exit code is 3.</summary>
public sealed class BadInputException(string message, Exception? inner = null) : UnrollException(message, inner);

/// <summary>A value or a combination of options makes no sense. The command's exit code is 2.</summary>
public sealed class BadUsageException(string message, Exception? inner = null) : UnrollException(message, inner);

/// <summary>The work was asked for properly and failed while running: a full disk, a loss that is no longer a number.
/// The command's exit code is 1.</summary>
public sealed class RunFailedException(string message, Exception? inner = null) : UnrollException(message, inner);
