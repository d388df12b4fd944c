namespace Unroll.Equations;

/// <summary>A mistake in a cell's equations. The message gives the cell, the equation's own text, what was found and the mend.</summary>
public sealed class EquationException : UnrollException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">One line: what was found, where, and what to do.</param>
    public EquationException(string message) : base(message)
    {
    }
}
