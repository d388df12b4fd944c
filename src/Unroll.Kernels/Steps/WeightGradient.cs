using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>One matrix whose gradient is wanted: dW[rows, columns] += Σ over steps and rows of (∂L/∂a)ᵀ·v; with a bias, db += Σ ∂L/∂a.</summary>
/// <param name="Adjoint">Where ∂L/∂a lies.</param>
/// <param name="Vector">Where v lies; ignored if <see cref="Columns"/> is 0 (a bias alone).</param>
/// <param name="Rows">Features of a.</param>
/// <param name="Columns">Features of v.</param>
/// <param name="Weights">Number of the gradient that dW is part of, and its first float.</param>
/// <param name="WeightOffset">First float of dW in that gradient.</param>
/// <param name="Bias">Number of the gradient that db is part of, or −1.</param>
/// <param name="BiasOffset">First float of db.</param>
/// <param name="IsGathered">Whether the adjoint lies in memory as its sum over the steps, row by row, instead of once for each.</param>
internal sealed record GradientPass(StepOperand Adjoint, StepOperand Vector, int Rows, int Columns, int Weights, int WeightOffset, int Bias, int BiasOffset, bool IsGathered = false);

/// <summary>Weight gradients of many steps. A part of the work is a range of 16-row stripes of the gradients, so that no sum is ever split
/// between threads. The sums gather in tiles of their own, adjacent in memory, and are added to the row-major gradients at the end.</summary>
internal static unsafe class WeightGradient
{
    /// <summary>Rows of the operands taken at a time, at most and at least, and the floats of the right operand that these should make: it then
    /// stays in the second-level cache.</summary>
    private const int MostRows = 256, LeastRows = 128, CachedFloats = 256 * 1024;
    /// <summary>Stripes taken at a time: what they read of the left operand stays in the second-level cache too.</summary>
    private const int GroupStripes = 16;
    private const int Vectors = 3;
    private const int MostRuns = 512;

    /// <summary>How many stripes all passes have.</summary>
    public static int Stripes(GradientPass[] passes)
    {
        int stripes = 0;
        foreach (var pass in passes) stripes += StripesOf(pass);
        return stripes;
    }

    /// <summary>Floats in which the sums of all passes gather.</summary>
    public static int SumFloats(GradientPass[] passes)
    {
        int floats = 0;
        foreach (var pass in passes) floats = checked(floats + StripesOf(pass) * StripeFloats(pass));
        return floats;
    }

    /// <summary>Adds stripes [first, end) over steps [0, steps) of what the matrices hold, which begins at step <paramref name="origin"/> of the
    /// sequences, to the gradients.</summary>
    /// <param name="passes">The gradients.</param>
    /// <param name="frame">The matrices.</param>
    /// <param name="sums"><see cref="SumFloats"/> floats, of which each stripe uses its own.</param>
    /// <param name="gradients">The gradients, row-major; those not set are not wanted.</param>
    /// <param name="origin">First step.</param>
    /// <param name="steps">Steps.</param>
    /// <param name="first">First stripe.</param>
    /// <param name="end">End of the stripes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(GradientPass[] passes, StepFrame frame, Buffer<float> sums, PinnedSpans gradients, int origin, int steps, int first, int end)
        where T : struct, ILane<T>
    {
        int* rows = stackalloc int[MostRuns];
        int stripe = 0, offset = 0;
        foreach (var pass in passes)
        {
            int stripes = StripesOf(pass);
            int from = Math.Max(first - stripe, 0), to = Math.Min(end - stripe, stripes);
            float* sum = sums.Pointer + offset;
            stripe += stripes;
            offset += stripes * StripeFloats(pass);
            bool wantsBias = pass.Bias >= 0 && gradients[pass.Bias] != null, wantsMatrix = pass.Columns > 0 && gradients[pass.Weights] != null;
            if (from >= to || !wantsBias && !wantsMatrix) continue;
            int length = pass.IsGathered ? Math.Min(steps, 1) : steps;
            int chunk = pass.IsGathered ? 1 : frame.Extent.Chunk, ranges = frame.Extent.Ranges, runs = (length + chunk - 1) / chunk * ranges;
            int most = Math.Clamp(CachedFloats / Math.Max(1, StripeFloats(pass) / ProductTile.Block), LeastRows, MostRows);
            for (int run = 0; run < runs;)
            {
                bool isFirst = run == 0;
                int step = run / ranges * chunk, range = run % ranges, count = 0;
                for (int total = 0; run < runs && total < most && count < MostRuns; run++)
                    total += rows[count++] = chunk > 1 ? Math.Min(chunk, length - run * chunk) * frame.Extent.Batch : Active(frame, origin + run / ranges, run % ranges);
                var adjoint = frame.Matrices[pass.Adjoint.Matrix];
                float* a = adjoint.At(step + pass.Adjoint.Shift) + pass.Adjoint.Block * adjoint.BlockStride + range * adjoint.RunStride;
                for (int group = from; group < to; group += GroupStripes)
                {
                    int last = Math.Min(group + GroupStripes, to);
                    if (wantsMatrix) Group<T>(pass, frame, a, adjoint, step, range, rows, count, sum, group, last, isFirst, last == to ? count : 0);
                    // After the tiles, which have brought these rows into the cache.
                    for (int s = group; wantsBias && s < last; s += SumStripes)
                        SumColumns<T>(a + s * adjoint.BlockStride, adjoint, Math.Min(SumStripes, last - s), rows, count,
                            gradients[pass.Bias] + pass.BiasOffset + s * ProductTile.Block, pass.Rows - s * ProductTile.Block);
                }
            }
            for (int s = from; wantsMatrix && s < to; s++) Add<T>(pass, sum + s * StripeFloats(pass), s, gradients[pass.Weights] + pass.WeightOffset);
        }
    }

    /// <summary>The tiles of some stripes over some runs of rows. Each tile asks for a line a row of what comes after it: the left operand of the next stripe, or a vector
    /// of the right operand that the next tiles share. The processor's own prefetcher starts anew at every run, which costs more than the tiles wait for anything else.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Group<T>(GradientPass pass, StepFrame frame, float* a, StepMatrix adjoint, int step, int range, int* rows, int runs, float* sum, int from, int to, bool isFirst, nint nextRuns)
        where T : struct, ILane<T>
    {
        var vector = frame.Matrices[pass.Vector.Matrix];
        float* b = vector.At(step + pass.Vector.Shift) + pass.Vector.Block * vector.BlockStride + range * vector.RunStride;
        int tileRows = TileRows<T>(), vectors = VectorsOf<T>(pass);
        float** at = stackalloc float*[Vectors];
        for (int v = 0, count; v < vectors; v += count)
        {
            count = VectorsAt(v, vectors);
            for (int i = 0; i < count; i++) at[i] = VectorOf<T>(b, vector, v + i);
            bool isLast = v + count == vectors;
            int nextVector = isLast ? 0 : v + count, nextCount = VectorsAt(nextVector, vectors);
            float* nextB = isLast ? b + nextRuns * vector.RunStride : b;
            int width = count * T.Count;
            for (int s = from; s < to; s++)
            {
                float* left = a + s * adjoint.BlockStride, c = sum + s * StripeFloats(pass) + v * T.Count * ProductTile.Block;
                for (int row = 0, end = Math.Min(ProductTile.Block, pass.Rows - s * ProductTile.Block); row < end; row += tileRows)
                {
                    bool wantsVector = row > 0 && s - from < nextCount;
                    Tile<T>(count, left + row, adjoint.RunStride, at, vector.RunStride, rows, runs, c + row * width, width, isFirst,
                        wantsVector ? VectorOf<T>(nextB, vector, nextVector + s - from) : left + adjoint.BlockStride, wantsVector ? vector.RunStride : adjoint.RunStride);
                }
            }
        }
    }

    /// <summary>Rows of a range that take part in a step.</summary>
    private static int Active(StepFrame frame, int step, int range)
    {
        int rows = frame.Sequences.Active[step];
        return frame.Extent.Bounds is { } bounds ? Math.Clamp(rows - bounds[range], 0, bounds[range + 1] - bounds[range]) : rows;
    }

    private static float* VectorOf<T>(float* b, StepMatrix matrix, int vector) where T : struct, ILane<T>
    {
        int column = vector * T.Count;
        return b + column / ProductTile.Block * matrix.BlockStride + column % ProductTile.Block;
    }

    /// <summary>Adds a stripe's sums to the gradient.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<T>(GradientPass pass, float* sum, int stripe, float* gradient)
        where T : struct, ILane<T>
    {
        int vectors = VectorsOf<T>(pass), rows = Math.Min(ProductTile.Block, pass.Rows - stripe * ProductTile.Block);
        float* to = gradient + (nint)stripe * ProductTile.Block * pass.Columns;
        for (int v = 0, count; v < vectors; v += count)
        {
            count = VectorsAt(v, vectors);
            int width = count * T.Count, columns = Math.Min(width, pass.Columns - v * T.Count);
            for (int row = 0; row < rows; row++)
            {
                float* from = sum + v * T.Count * ProductTile.Block + row * width, target = to + (nint)row * pass.Columns + v * T.Count;
                int i = 0;
                for (; i + T.Count <= columns; i += T.Count) T.Store(target + i, T.Load(target + i) + T.Load(from + i));
                for (; i < columns; i++) target[i] += from[i];
            }
        }
    }

    // 8 = 3 + 3 + 2, 4 = 2 + 2.
    private static int VectorsAt(int v, int vectors) => vectors - v == 4 ? 2 : Math.Min(vectors - v, Vectors);

    private static int VectorsOf<T>(GradientPass pass) where T : struct, ILane<T> => (pass.Columns + T.Count - 1) / T.Count;

    private static int TileRows<T>() where T : struct, ILane<T> => T.TileRows >= 14 ? 8 : 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<T>(int vectors, float* a, nint aRun, float** b, nint bRun, int* rows, int runs, float* c, nint cStride, bool fromZero,
        float* ahead, nint aheadRun)
        where T : struct, ILane<T>
    {
        if (T.TileRows >= 14)
            switch (vectors)
            {
                case 1: OuterTile.Run<T, Rows8, Rows1>(a, aRun, b, bRun, rows, runs, c, cStride, fromZero, ahead, aheadRun); break;
                case 2: OuterTile.Run<T, Rows8, Rows2>(a, aRun, b, bRun, rows, runs, c, cStride, fromZero, ahead, aheadRun); break;
                default: OuterTile.Run<T, Rows8, Rows3>(a, aRun, b, bRun, rows, runs, c, cStride, fromZero, ahead, aheadRun); break;
            }
        else
            switch (vectors)
            {
                case 1: OuterTile.Run<T, Rows4, Rows1>(a, aRun, b, bRun, rows, runs, c, cStride, fromZero, ahead, aheadRun); break;
                case 2: OuterTile.Run<T, Rows4, Rows2>(a, aRun, b, bRun, rows, runs, c, cStride, fromZero, ahead, aheadRun); break;
                default: OuterTile.Run<T, Rows4, Rows3>(a, aRun, b, bRun, rows, runs, c, cStride, fromZero, ahead, aheadRun); break;
            }
    }

    /// <summary>Stripes summed together: independent chains hide the latency of an addition.</summary>
    private const int SumStripes = 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns<T>(float* a, StepMatrix adjoint, int stripes, int* rows, int runs, float* sum, int columns)
        where T : struct, ILane<T>
    {
        float* total = stackalloc float[SumStripes * ProductTile.Block];
        columns = Math.Min(columns, stripes * ProductTile.Block);
        for (int i = 0; i < SumStripes * ProductTile.Block; i++) total[i] = i < columns ? sum[i] : 0;
        // Stripes that are missing are read in the place of the first and forgotten.
        nint second = stripes > 1 ? adjoint.BlockStride : 0, third = stripes > 2 ? 2 * adjoint.BlockStride : 0, fourth = stripes > 3 ? 3 * adjoint.BlockStride : 0;
        for (int lane = 0; lane < ProductTile.Block; lane += T.Count)
        {
            T x = T.Load(total + lane), y = T.Load(total + 16 + lane), z = T.Load(total + 32 + lane), w = T.Load(total + 48 + lane);
            float* start = a + lane;
            for (int run = 0; run < runs; run++, start += adjoint.RunStride)
            {
                float* end = start + (nint)rows[run] * ProductTile.Block;
                for (float* row = start; row < end; row += ProductTile.Block)
                {
                    x += T.Load(row);
                    y += T.Load(row + second);
                    z += T.Load(row + third);
                    w += T.Load(row + fourth);
                }
            }
            T.Store(total + lane, x);
            T.Store(total + 16 + lane, y);
            T.Store(total + 32 + lane, z);
            T.Store(total + 48 + lane, w);
        }
        for (int i = 0; i < columns; i++) sum[i] = total[i];
    }

    private static int StripesOf(GradientPass pass) => (pass.Rows + ProductTile.Block - 1) / ProductTile.Block;

    // Enough for whole vectors of any width.
    private static int StripeFloats(GradientPass pass) => (pass.Columns + ProductTile.Block - 1) / ProductTile.Block * ProductTile.Block * ProductTile.Block;
}
