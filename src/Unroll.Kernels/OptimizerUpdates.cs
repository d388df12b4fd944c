using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>How an optimizer changes one parameter, given its gradient; up to two numbers of state per parameter. The fields hold the coefficients.</summary>
internal interface IUpdate
{
    /// <summary>Numbers of state per parameter: 0, 1 or 2.</summary>
    static abstract int States { get; }

    /// <summary>Updates the parameter and its state in place.</summary>
    void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>;
}

/// <summary>p ← p − η·(g + λ·p).</summary>
internal readonly struct SgdUpdate(float rate, float weightDecay) : IUpdate
{
    public static int States { [MethodImpl(Operators.Inline)] get => 0; }

    [MethodImpl(Operators.Inline)]
    public void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>
    {
        gradient = T.MultiplyAdd(T.Splat(weightDecay), parameter, gradient);
        parameter = T.MultiplyAdd(T.Splat(-rate), gradient, parameter);
    }
}

/// <summary>p ← p − η·(g + λ·p); a ← a + (p − a)/n.</summary>
internal readonly struct AsgdUpdate(float rate, float weightDecay, float share) : IUpdate
{
    public static int States { [MethodImpl(Operators.Inline)] get => 1; }

    [MethodImpl(Operators.Inline)]
    public void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>
    {
        gradient = T.MultiplyAdd(T.Splat(weightDecay), parameter, gradient);
        parameter = T.MultiplyAdd(T.Splat(-rate), gradient, parameter);
        first = T.MultiplyAdd(T.Splat(share), parameter - first, first);
    }
}

/// <summary>v ← μ·v + g + λ·p; p ← p − η·v.</summary>
internal readonly struct MomentumUpdate(float rate, float momentum, float weightDecay) : IUpdate
{
    public static int States { [MethodImpl(Operators.Inline)] get => 1; }

    [MethodImpl(Operators.Inline)]
    public void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>
    {
        gradient = T.MultiplyAdd(T.Splat(weightDecay), parameter, gradient);
        first = T.MultiplyAdd(T.Splat(momentum), first, gradient);
        parameter = T.MultiplyAdd(T.Splat(-rate), first, parameter);
    }
}

/// <summary>v ← μ·v + g + λ·p; p ← p − η·(g + λ·p + μ·v).</summary>
internal readonly struct NesterovUpdate(float rate, float momentum, float weightDecay) : IUpdate
{
    public static int States { [MethodImpl(Operators.Inline)] get => 1; }

    [MethodImpl(Operators.Inline)]
    public void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>
    {
        gradient = T.MultiplyAdd(T.Splat(weightDecay), parameter, gradient);
        first = T.MultiplyAdd(T.Splat(momentum), first, gradient);
        parameter = T.MultiplyAdd(T.Splat(-rate), T.MultiplyAdd(T.Splat(momentum), first, gradient), parameter);
    }
}

/// <summary>s ← α·s + (1 − α)·g²; p ← p − η·g / (√s + ε).</summary>
internal readonly struct RmsPropUpdate(float rate, double decay, float epsilon, float weightDecay) : IUpdate
{
    private readonly float kept = (float)decay, fresh = (float)(1 - decay);

    public static int States { [MethodImpl(Operators.Inline)] get => 1; }

    [MethodImpl(Operators.Inline)]
    public void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>
    {
        gradient = T.MultiplyAdd(T.Splat(weightDecay), parameter, gradient);
        first = T.MultiplyAdd(T.Splat(kept), first, T.Splat(fresh) * gradient * gradient);
        parameter = T.MultiplyAdd(T.Splat(-rate), gradient / (T.Sqrt(first) + T.Splat(epsilon)), parameter);
    }
}

/// <summary>s ← s + g²; p ← p − η·g / (√s + ε).</summary>
internal readonly struct AdagradUpdate(float rate, float epsilon, float weightDecay) : IUpdate
{
    public static int States { [MethodImpl(Operators.Inline)] get => 1; }

    [MethodImpl(Operators.Inline)]
    public void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>
    {
        gradient = T.MultiplyAdd(T.Splat(weightDecay), parameter, gradient);
        first = T.MultiplyAdd(gradient, gradient, first);
        parameter = T.MultiplyAdd(T.Splat(-rate), gradient / (T.Sqrt(first) + T.Splat(epsilon)), parameter);
    }
}

/// <summary>m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; p ← κ·p − (η / (1 − β₁ᵗ))·m / (√(v / (1 − β₂ᵗ)) + ε), where the decay λ joins the gradient (Adam)
/// or shrinks the parameter by κ = 1 − η·λ (AdamW).</summary>
internal readonly struct AdamUpdate : IUpdate
{
    private readonly float beta1Complement, beta2, beta2Complement, stepSize, inverseRootCorrection, epsilon, coupledDecay, shrink;

    public AdamUpdate(double rate, double beta1, double beta2, double epsilon, double weightDecay, bool decoupled, long step)
    {
        beta1Complement = (float)(1 - beta1);
        this.beta2 = (float)beta2;
        beta2Complement = (float)(1 - beta2);
        stepSize = (float)(rate / (1 - Math.Pow(beta1, step)));
        inverseRootCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        this.epsilon = (float)epsilon;
        coupledDecay = decoupled ? 0 : (float)weightDecay;
        shrink = decoupled ? (float)(1 - rate * weightDecay) : 1;
    }

    public static int States { [MethodImpl(Operators.Inline)] get => 2; }

    [MethodImpl(Operators.Inline)]
    public void Apply<T>(T gradient, ref T parameter, ref T first, ref T second) where T : struct, ILane<T>
    {
        gradient = T.MultiplyAdd(T.Splat(coupledDecay), parameter, gradient);
        first = T.MultiplyAdd(T.Splat(beta1Complement), gradient - first, first);
        second = T.MultiplyAdd(T.Splat(beta2), second, T.Splat(beta2Complement) * gradient * gradient);
        T root = T.MultiplyAdd(T.Sqrt(second), T.Splat(inverseRootCorrection), T.Splat(epsilon));
        parameter = T.MultiplyAdd(T.Splat(-stepSize), first / root, T.Splat(shrink) * parameter);
    }
}
