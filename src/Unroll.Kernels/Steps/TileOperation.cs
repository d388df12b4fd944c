namespace Unroll.Kernels;

/// <summary>What one instruction of a tile program does, elementwise.</summary>
internal enum TileOperation
{
    // One operand.
    Copy, Sigmoid, Tanh, Relu, Exp, Log, Softplus, SquareRoot, Sine, Cosine, Absolute, Positive, Sign,

    // Two operands.
    Add, Subtract, Multiply, Divide, Maximum,
    /// <summary>a·b·(1 − b): an adjoint through a sigmoid whose value is b.</summary>
    SigmoidSlope,
    /// <summary>a·(1 − b²): an adjoint through a hyperbolic tangent whose value is b.</summary>
    TanhSlope,

    // Three operands: a·b + c.
    MultiplyAdd,
    /// <summary>c + a·(b − c), a gate's choice between two values.</summary>
    Interpolate,
}
