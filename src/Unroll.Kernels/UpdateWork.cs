using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>The loop over parameters of every optimizer.</summary>
internal static unsafe class UpdateLoop
{
    /// <summary>Updates <paramref name="count"/> parameters and their state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, TUpdate>(in TUpdate update, float* parameters, float* gradient, float* first, float* second, float gradientScale, nint count)
        where T : struct, ILane<T> where TUpdate : struct, IUpdate
    {
        var rule = update;
        T scale = T.Splat(gradientScale);
        nint i = 0;
        for (; i <= count - T.Count; i += T.Count) Step(in rule, scale, parameters + i, gradient + i, first + i, second + i);
        nint rest = count - i;
        if (rest == 0) return;
        float* pad = stackalloc float[4 * 16];
        Elementwise.Copy(parameters + i, pad, rest);
        Elementwise.Copy(gradient + i, pad + 16, rest);
        if (TUpdate.States > 0) Elementwise.Copy(first + i, pad + 32, rest);
        if (TUpdate.States > 1) Elementwise.Copy(second + i, pad + 48, rest);
        Step(in rule, scale, pad, pad + 16, pad + 32, pad + 48);
        Elementwise.Copy(pad, parameters + i, rest);
        if (TUpdate.States > 0) Elementwise.Copy(pad + 32, first + i, rest);
        if (TUpdate.States > 1) Elementwise.Copy(pad + 48, second + i, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<T, TUpdate>(in TUpdate rule, T scale, float* parameter, float* gradient, float* first, float* second)
        where T : struct, ILane<T> where TUpdate : struct, IUpdate
    {
        T p = T.Load(parameter), a = TUpdate.States > 0 ? T.Load(first) : default, b = TUpdate.States > 1 ? T.Load(second) : default;
        rule.Apply(T.Load(gradient) * scale, ref p, ref a, ref b);
        T.Store(parameter, p);
        if (TUpdate.States > 0) T.Store(first, a);
        if (TUpdate.States > 1) T.Store(second, b);
    }
}

/// <summary>Shares an optimizer's loop out over the team.</summary>
internal sealed unsafe class UpdateWork<TUpdate> : ElementwiseWork where TUpdate : struct, IUpdate
{
    [ThreadStatic] private static UpdateWork<TUpdate>? cached;
    private TUpdate update;

    public static void Run(in TUpdate update, Span<float> parameters, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, float gradientScale)
    {
        Check(gradient.Length, parameters.Length);
        if (TUpdate.States > 0) Check(first.Length, parameters.Length);
        if (TUpdate.States > 1) Check(second.Length, parameters.Length);
        var work = cached ??= new();
        work.update = update;
        work.Scalar = gradientScale;
        fixed (float* p = parameters, g = gradient, a = first, b = second)
        {
            work.Destination = p;
            work.X = g;
            work.Y = a;
            work.Z = b;
            work.Start(parameters.Length);
        }
    }

    protected override void Run(nint first, nint length)
    {
        switch (Simd.Lanes)
        {
            case 16: UpdateLoop.Run<Lane512, TUpdate>(in update, Destination + first, X + first, Y + first, Z + first, Scalar, length); break;
            case 8: UpdateLoop.Run<Lane256, TUpdate>(in update, Destination + first, X + first, Y + first, Z + first, Scalar, length); break;
            case 4: UpdateLoop.Run<Lane128, TUpdate>(in update, Destination + first, X + first, Y + first, Z + first, Scalar, length); break;
            default: UpdateLoop.Run<Lane1, TUpdate>(in update, Destination + first, X + first, Y + first, Z + first, Scalar, length); break;
        }
    }
}
