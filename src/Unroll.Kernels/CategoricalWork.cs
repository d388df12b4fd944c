using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>The loss −Σ q·log softmax(x) of the rows of a matrix, and its gradient, where q gives 1 − smoothing to the target and the rest to all classes alike. A row is computed by one
/// thread, in an order that depends on its length alone.</summary>
internal sealed unsafe class CategoricalWork : TeamWork
{
    /// <summary>Elements that are worth a thread of their own.</summary>
    private const long ElementsPerThread = 1 << 13;

    [ThreadStatic] private static CategoricalWork? cached;
    private float* logits, losses, maxima, factors, gradient;
    private int* targets;
    private int rows, columns, ignore;
    private float scale, smoothing;

    /// <summary>Computes the loss of every row that counts.</summary>
    /// <param name="logits">[rows, columns].</param>
    /// <param name="targets">[rows]: the class of each row, less than <paramref name="columns"/>, or <paramref name="ignore"/>.</param>
    /// <param name="ignore">The target of rows that do not count; nothing is written for those.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <param name="smoothing">What all classes share.</param>
    /// <param name="losses">[rows]: receives log Σ e^(x − max) − Σ q·(x − max).</param>
    /// <param name="maxima">[rows]: receives the largest logit.</param>
    /// <param name="factors">[rows]: receives 1 / Σ e^(x − max).</param>
    public static void Losses(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, int ignore, int columns, float smoothing, Span<float> losses, Span<float> maxima,
        Span<float> factors) => (cached ??= new()).Start(logits, targets, ignore, columns, smoothing, losses, maxima, factors, [], 0);

    /// <summary>gradient += scale·(softmax(x) − q) for every row that counts.</summary>
    /// <param name="logits">[rows, columns].</param>
    /// <param name="targets">[rows]: as given to <see cref="Losses"/>.</param>
    /// <param name="ignore">The target of rows that do not count.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <param name="smoothing">As given to <see cref="Losses"/>.</param>
    /// <param name="maxima">[rows]: from <see cref="Losses"/>.</param>
    /// <param name="factors">[rows]: from <see cref="Losses"/>.</param>
    /// <param name="scale">What the loss of each row is multiplied by.</param>
    /// <param name="gradient">[rows, columns].</param>
    public static void AddGradient(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, int ignore, int columns, float smoothing, Span<float> maxima, Span<float> factors,
        float scale, Span<float> gradient) => (cached ??= new()).Start(logits, targets, ignore, columns, smoothing, [], maxima, factors, gradient, scale);

    /// <summary>x = scale·(softmax(x) − q), in place; zero for rows that do not count.</summary>
    /// <param name="logits">[rows, columns]: becomes its gradient.</param>
    /// <param name="targets">[rows]: as given to <see cref="Losses"/>.</param>
    /// <param name="ignore">The target of rows that do not count.</param>
    /// <param name="columns">Numbers in a row.</param>
    /// <param name="smoothing">As given to <see cref="Losses"/>.</param>
    /// <param name="maxima">[rows]: from <see cref="Losses"/>.</param>
    /// <param name="factors">[rows]: from <see cref="Losses"/>.</param>
    /// <param name="scale">What the loss of each row is multiplied by.</param>
    public static void ToGradient(Span<float> logits, ReadOnlySpan<int> targets, int ignore, int columns, float smoothing, Span<float> maxima, Span<float> factors, float scale) =>
        (cached ??= new()).Start(logits, targets, ignore, columns, smoothing, [], maxima, factors, logits, scale);

    private void Start(ReadOnlySpan<float> logits, ReadOnlySpan<int> targets, int ignore, int columns, float smoothing, Span<float> losses, Span<float> maxima,
        Span<float> factors, Span<float> gradient, float scale)
    {
        (rows, this.columns, this.ignore, this.smoothing, this.scale) = (targets.Length, columns, ignore, smoothing, scale);
        bool backward = losses.IsEmpty;
        if (logits.Length < (long)rows * columns || maxima.Length < rows || factors.Length < rows || (backward ? gradient.Length < logits.Length : losses.Length < rows))
            throw new ArgumentException($"{rows} rows of {columns} do not fit the spans given.", nameof(logits));
        foreach (int target in targets)
            if (target != ignore && (uint)target >= (uint)columns)
                throw new ArgumentOutOfRangeException(nameof(targets), target, $"targets are classes from 0 to {columns - 1}, or {ignore} for rows that do not count.");
        if (rows == 0) return;
        fixed (float* px = logits, pl = losses, pm = maxima, pf = factors, pg = gradient)
        fixed (int* pt = targets)
        {
            this.logits = px;
            this.losses = pl;
            this.maxima = pm;
            this.factors = pf;
            this.gradient = pg;
            this.targets = pt;
            ThreadTeam.Run(this, (int)Math.Clamp((long)rows * columns / ElementsPerThread, 1, Math.Min(rows, ThreadTeam.Available)));
            this.logits = this.losses = this.maxima = this.factors = this.gradient = null;
            this.targets = null;
        }
    }

    /// <inheritdoc/>
    public override void Run(int part, int parts)
    {
        int first = (int)((long)rows * part / parts), last = (int)((long)rows * (part + 1) / parts);
        switch (Simd.Lanes)
        {
            case 16: Run<Lane512>(first, last); break;
            case 8: Run<Lane256>(first, last); break;
            case 4: Run<Lane128>(first, last); break;
            default: Run<Lane1>(first, last); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<T>(int first, int last) where T : struct, ILane<T>
    {
        for (int row = first; row < last; row++)
        {
            if (targets[row] == ignore)
            {
                if (gradient == logits) new Span<float>(gradient + (nint)row * columns, columns).Clear();
                continue;
            }
            if (gradient == null) Loss<T>(row);
            else AddGradient<T>(row);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Loss<T>(int row) where T : struct, ILane<T>
    {
        float* x = logits + (nint)row * columns;
        float max = Reduction.Max<T>(x, columns), sum = Reduction.SumScalar<T, ExpDifferenceReduction>(x, max, columns);
        maxima[row] = max;
        factors[row] = 1 / sum;
        float found = x[targets[row]] - max;
        if (smoothing > 0) found = (1 - smoothing) * found + smoothing * (Reduction.Sum<T, SumReduction>(x, x, columns) / columns - max);
        losses[row] = VectorMath.Log(sum) - found;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddGradient<T>(int row) where T : struct, ILane<T>
    {
        const int Piece = 64;
        float* x = logits + (nint)row * columns;
        float* to = gradient + (nint)row * columns;
        float* e = stackalloc float[Piece];
        float max = maxima[row], factor = factors[row] * scale, shared = smoothing / columns / factors[row];
        for (nint i = 0; i < columns; i += Piece)
        {
            nint count = Math.Min(Piece, columns - i);
            Elementwise.BinaryScalar<T, ExpDifferenceOperator>(x + i, max, e, count);
            if (smoothing > 0) Elementwise.BinaryScalar<T, SubtractOperator>(e, shared, e, count);
            if (to == x) Elementwise.BinaryScalar<T, MultiplyOperator>(e, factor, to + i, count);
            else Elementwise.TernaryScalar<T, MultiplyAddOperator>(e, factor, to + i, to + i, count);
        }
        to[targets[row]] -= scale * (1 - smoothing);
    }
}
