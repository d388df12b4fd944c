namespace Unroll.Tensors;

/// <summary>Shapes that do not fit together. The message names the operation, the shapes found and the mend.</summary>
public sealed class ShapeException : UnrollException
{
    /// <summary>Creates the error with a one-line message.</summary>
    public ShapeException(string message) : base(message) { }
}
