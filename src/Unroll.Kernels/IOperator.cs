namespace Unroll.Kernels;

/// <summary>An elementwise operation on one number, written once for every vector width; <see cref="Elementwise"/> drives it.</summary>
internal interface IUnaryOperator
{
    static abstract T Invoke<T>(T x) where T : struct, ILane<T>;
}

/// <summary>An elementwise operation on two numbers.</summary>
internal interface IBinaryOperator
{
    static abstract T Invoke<T>(T x, T y) where T : struct, ILane<T>;
}

/// <summary>An elementwise operation on three numbers.</summary>
internal interface ITernaryOperator
{
    static abstract T Invoke<T>(T x, T y, T z) where T : struct, ILane<T>;
}

/// <summary>One term of a sum; <see cref="Reduction"/> drives it.</summary>
internal interface IReductionOperator
{
    /// <summary>A value of x that adds nothing, for the places beyond the last element (where y is zero).</summary>
    static abstract float Padding { get; }

    /// <summary>The sum with one more term.</summary>
    static abstract T Add<T>(T sum, T x, T y) where T : struct, ILane<T>;
}
