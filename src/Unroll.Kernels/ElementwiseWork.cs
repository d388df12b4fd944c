namespace Unroll.Kernels;

/// <summary>Elementwise loops over spans: chooses the vector width and shares long spans out over the team. Parts meet at multiples of a cache line.</summary>
internal abstract unsafe class ElementwiseWork : TeamWork
{
    /// <summary>Elements that are worth a thread of their own.</summary>
    private const int ElementsPerThread = 1 << 14;
    private const int Line = 16;

    /// <summary>The sources and the destination.</summary>
    protected float* X, Y, Z, Destination;

    /// <summary>The scalar of scalar loops.</summary>
    protected float Scalar;

    private nint count;

    /// <summary>Applies the operation to elements from <paramref name="first"/> on.</summary>
    protected abstract void Run(nint first, nint length);

    /// <inheritdoc/>
    public sealed override void Run(int part, int parts)
    {
        nint lines = (count + Line - 1) / Line;
        nint first = lines * part / parts * Line, last = Math.Min(count, lines * (part + 1) / parts * Line);
        if (last > first) Run(first, last - first);
    }

    /// <summary>Runs over the whole spans.</summary>
    protected void Start(int length)
    {
        count = length;
        ThreadTeam.Run(this, Math.Clamp(length / ElementsPerThread, 1, ThreadTeam.Available));
        X = Y = Z = Destination = null;
    }

    /// <summary>Refuses operands of another length than the destination.</summary>
    protected static void Check(int operand, int destination)
    {
        if (operand != destination) throw new ArgumentException($"the operands of an elementwise loop must have equal lengths; found {operand} and {destination}.");
    }
}

internal sealed unsafe class UnaryWork<TOperator> : ElementwiseWork where TOperator : struct, IUnaryOperator
{
    [ThreadStatic] private static UnaryWork<TOperator>? cached;

    public static void Run(ReadOnlySpan<float> x, Span<float> destination)
    {
        Check(x.Length, destination.Length);
        var work = cached ??= new();
        fixed (float* px = x, pd = destination)
        {
            work.X = px;
            work.Destination = pd;
            work.Start(destination.Length);
        }
    }

    protected override void Run(nint first, nint length)
    {
        switch (Simd.Lanes)
        {
            case 16: Elementwise.Unary<Lane512, TOperator>(X + first, Destination + first, length); break;
            case 8: Elementwise.Unary<Lane256, TOperator>(X + first, Destination + first, length); break;
            case 4: Elementwise.Unary<Lane128, TOperator>(X + first, Destination + first, length); break;
            default: Elementwise.Unary<Lane1, TOperator>(X + first, Destination + first, length); break;
        }
    }
}

internal sealed unsafe class BinaryWork<TOperator> : ElementwiseWork where TOperator : struct, IBinaryOperator
{
    [ThreadStatic] private static BinaryWork<TOperator>? cached;

    public static void Run(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> destination)
    {
        Check(x.Length, destination.Length);
        Check(y.Length, destination.Length);
        var work = cached ??= new();
        fixed (float* px = x, py = y, pd = destination)
        {
            work.X = px;
            work.Y = py;
            work.Destination = pd;
            work.Start(destination.Length);
        }
    }

    protected override void Run(nint first, nint length)
    {
        switch (Simd.Lanes)
        {
            case 16: Elementwise.Binary<Lane512, TOperator>(X + first, Y + first, Destination + first, length); break;
            case 8: Elementwise.Binary<Lane256, TOperator>(X + first, Y + first, Destination + first, length); break;
            case 4: Elementwise.Binary<Lane128, TOperator>(X + first, Y + first, Destination + first, length); break;
            default: Elementwise.Binary<Lane1, TOperator>(X + first, Y + first, Destination + first, length); break;
        }
    }
}

internal sealed unsafe class BinaryScalarWork<TOperator> : ElementwiseWork where TOperator : struct, IBinaryOperator
{
    [ThreadStatic] private static BinaryScalarWork<TOperator>? cached;

    public static void Run(ReadOnlySpan<float> x, float y, Span<float> destination)
    {
        Check(x.Length, destination.Length);
        var work = cached ??= new();
        fixed (float* px = x, pd = destination)
        {
            work.X = px;
            work.Scalar = y;
            work.Destination = pd;
            work.Start(destination.Length);
        }
    }

    protected override void Run(nint first, nint length)
    {
        switch (Simd.Lanes)
        {
            case 16: Elementwise.BinaryScalar<Lane512, TOperator>(X + first, Scalar, Destination + first, length); break;
            case 8: Elementwise.BinaryScalar<Lane256, TOperator>(X + first, Scalar, Destination + first, length); break;
            case 4: Elementwise.BinaryScalar<Lane128, TOperator>(X + first, Scalar, Destination + first, length); break;
            default: Elementwise.BinaryScalar<Lane1, TOperator>(X + first, Scalar, Destination + first, length); break;
        }
    }
}

internal sealed unsafe class TernaryWork<TOperator> : ElementwiseWork where TOperator : struct, ITernaryOperator
{
    [ThreadStatic] private static TernaryWork<TOperator>? cached;

    public static void Run(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, Span<float> destination)
    {
        Check(x.Length, destination.Length);
        Check(y.Length, destination.Length);
        Check(z.Length, destination.Length);
        var work = cached ??= new();
        fixed (float* px = x, py = y, pz = z, pd = destination)
        {
            work.X = px;
            work.Y = py;
            work.Z = pz;
            work.Destination = pd;
            work.Start(destination.Length);
        }
    }

    protected override void Run(nint first, nint length)
    {
        switch (Simd.Lanes)
        {
            case 16: Elementwise.Ternary<Lane512, TOperator>(X + first, Y + first, Z + first, Destination + first, length); break;
            case 8: Elementwise.Ternary<Lane256, TOperator>(X + first, Y + first, Z + first, Destination + first, length); break;
            case 4: Elementwise.Ternary<Lane128, TOperator>(X + first, Y + first, Z + first, Destination + first, length); break;
            default: Elementwise.Ternary<Lane1, TOperator>(X + first, Y + first, Z + first, Destination + first, length); break;
        }
    }
}

internal sealed unsafe class TernaryScalarWork<TOperator> : ElementwiseWork where TOperator : struct, ITernaryOperator
{
    [ThreadStatic] private static TernaryScalarWork<TOperator>? cached;

    public static void Run(ReadOnlySpan<float> x, float y, ReadOnlySpan<float> z, Span<float> destination)
    {
        Check(x.Length, destination.Length);
        Check(z.Length, destination.Length);
        var work = cached ??= new();
        fixed (float* px = x, pz = z, pd = destination)
        {
            work.X = px;
            work.Scalar = y;
            work.Z = pz;
            work.Destination = pd;
            work.Start(destination.Length);
        }
    }

    protected override void Run(nint first, nint length)
    {
        switch (Simd.Lanes)
        {
            case 16: Elementwise.TernaryScalar<Lane512, TOperator>(X + first, Scalar, Z + first, Destination + first, length); break;
            case 8: Elementwise.TernaryScalar<Lane256, TOperator>(X + first, Scalar, Z + first, Destination + first, length); break;
            case 4: Elementwise.TernaryScalar<Lane128, TOperator>(X + first, Scalar, Z + first, Destination + first, length); break;
            default: Elementwise.TernaryScalar<Lane1, TOperator>(X + first, Scalar, Z + first, Destination + first, length); break;
        }
    }
}
