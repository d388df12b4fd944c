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
internal sealed record GradientPass(StepOperand Adjoint, StepOperand Vector, int Rows, int Columns, int Weights, int WeightOffset, int Bias, int BiasOffset);

/// <summary>Weight gradients after the loop over time: one product over all steps and the whole batch. A part of the work is a range of
/// 16-row stripes of the gradients, so that no sum is ever split between threads.</summary>
internal static unsafe class WeightGradient
{
    /// <summary>Rows of the operands taken at a time: a's stripe and b's vectors then stay in the caches.</summary>
    private const int CacheRows = 256;
    private const int Vectors = 3;

    /// <summary>How many stripes all passes have.</summary>
    public static int Stripes(GradientPass[] passes)
    {
        int stripes = 0;
        foreach (var pass in passes) stripes += StripesOf(pass);
        return stripes;
    }

    /// <summary>Computes stripes [first, end) over steps [0, steps).</summary>
    public static void Run<T>(GradientPass[] passes, StepFrame frame, PinnedSpans gradients, int steps, int first, int end)
        where T : struct, ILane<T>
    {
        bool whole = frame.Chunk > 1;
        int runs = whole ? (steps + frame.Chunk - 1) / frame.Chunk : steps;
        const int MostRuns = 512;
        int* rows = stackalloc int[Math.Min(runs, MostRuns)];
        for (int run = 0; run < runs;)
        {
            // As many runs as make CacheRows.
            int count = 0, total = 0;
            while (run + count < runs && total < CacheRows && count < MostRuns)
            {
                rows[count] = whole ? Math.Min(frame.Chunk, steps - (run + count) * frame.Chunk) * frame.Batch : frame.ActiveRows[run + count];
                total += rows[count++];
            }
            Runs<T>(passes, frame, gradients, whole ? run * frame.Chunk : run, rows, count, first, end);
            run += count;
        }
    }

    private static void Runs<T>(GradientPass[] passes, StepFrame frame, PinnedSpans gradients, int step, int* rows, int runs, int first, int end)
        where T : struct, ILane<T>
    {
        int stripe = 0;
        foreach (var pass in passes)
        {
            int stripes = StripesOf(pass);
            int from = Math.Max(first - stripe, 0), to = Math.Min(end - stripe, stripes);
            stripe += stripes;
            if (from >= to) continue;
            var adjoint = frame.Matrices[pass.Adjoint.Matrix];
            float* a = adjoint.At(step + pass.Adjoint.Shift) + pass.Adjoint.Block * adjoint.BlockStride;
            if (pass.Bias >= 0 && gradients[pass.Bias] is var bias && bias != null)
                for (int s = from; s < to; s++)
                    SumColumns<T>(a + s * adjoint.BlockStride, adjoint.ChunkStride, rows, runs, bias + pass.BiasOffset + s * ProductTile.Block, Math.Min(ProductTile.Block, pass.Rows - s * ProductTile.Block));
            if (pass.Columns == 0 || gradients[pass.Weights] == null) continue;
            var vector = frame.Matrices[pass.Vector.Matrix];
            float* b = vector.At(step + pass.Vector.Shift) + pass.Vector.Block * vector.BlockStride;
            Matrix<T>(pass, a, adjoint, b, vector, rows, runs, gradients[pass.Weights] + pass.WeightOffset, from, to);
        }
    }

    private static void Matrix<T>(GradientPass pass, float* a, StepMatrix adjoint, float* b, StepMatrix vector, int* rows, int runs, float* weights, int from, int to)
        where T : struct, ILane<T>
    {
        int tileRows = T.TileRows >= 14 ? 8 : 4;
        int vectors = (pass.Columns + T.Count - 1) / T.Count;
        float** at = stackalloc float*[Vectors];
        float* edge = stackalloc float[8 * Vectors * ProductTile.Block];
        for (int v = 0; v < vectors;)
        {
            // 8 = 3 + 3 + 2, 4 = 2 + 2.
            int left = vectors - v, count = left == 4 ? 2 : Math.Min(left, Vectors);
            for (int i = 0; i < count; i++)
            {
                int column = (v + i) * T.Count;
                at[i] = b + column / ProductTile.Block * vector.BlockStride + column % ProductTile.Block;
            }
            int realColumns = Math.Min(count * T.Count, pass.Columns - v * T.Count);
            for (int row = from * ProductTile.Block; row < Math.Min(to * ProductTile.Block, pass.Rows); row += tileRows)
            {
                float* stripe = a + row / ProductTile.Block * adjoint.BlockStride + row % ProductTile.Block;
                float* c = weights + (nint)row * pass.Columns + v * T.Count;
                int realRows = Math.Min(tileRows, pass.Rows - row);
                if (realRows == tileRows && realColumns == count * T.Count)
                {
                    Tile<T>(count, stripe, adjoint.ChunkStride, at, vector.ChunkStride, rows, runs, c, pass.Columns);
                    continue;
                }
                // At the edges the tile reaches beyond the gradient: it works on a copy.
                int width = count * T.Count;
                new Span<float>(edge, tileRows * width).Clear();
                for (int r = 0; r < realRows; r++) new ReadOnlySpan<float>(c + (nint)r * pass.Columns, realColumns).CopyTo(new Span<float>(edge + r * width, realColumns));
                Tile<T>(count, stripe, adjoint.ChunkStride, at, vector.ChunkStride, rows, runs, edge, width);
                for (int r = 0; r < realRows; r++) new ReadOnlySpan<float>(edge + r * width, realColumns).CopyTo(new Span<float>(c + (nint)r * pass.Columns, realColumns));
            }
            v += count;
        }
    }

    private static void Tile<T>(int vectors, float* a, nint aRun, float** b, nint bRun, int* rows, int runs, float* c, nint cStride)
        where T : struct, ILane<T>
    {
        if (T.TileRows >= 14)
            switch (vectors)
            {
                case 1: OuterTile.Run<T, Rows8, Rows1>(a, aRun, b, bRun, rows, runs, c, cStride); break;
                case 2: OuterTile.Run<T, Rows8, Rows2>(a, aRun, b, bRun, rows, runs, c, cStride); break;
                default: OuterTile.Run<T, Rows8, Rows3>(a, aRun, b, bRun, rows, runs, c, cStride); break;
            }
        else
            switch (vectors)
            {
                case 1: OuterTile.Run<T, Rows4, Rows1>(a, aRun, b, bRun, rows, runs, c, cStride); break;
                case 2: OuterTile.Run<T, Rows4, Rows2>(a, aRun, b, bRun, rows, runs, c, cStride); break;
                default: OuterTile.Run<T, Rows4, Rows3>(a, aRun, b, bRun, rows, runs, c, cStride); break;
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns<T>(float* a, nint aRun, int* rows, int runs, float* sum, int columns)
        where T : struct, ILane<T>
    {
        float* total = stackalloc float[ProductTile.Block];
        for (int i = 0; i < ProductTile.Block; i++) total[i] = i < columns ? sum[i] : 0;
        for (int lane = 0; lane < ProductTile.Block; lane += T.Count)
        {
            var x = T.Load(total + lane);
            float* start = a + lane;
            for (int run = 0; run < runs; run++, start += aRun)
            {
                float* end = start + (nint)rows[run] * ProductTile.Block;
                for (float* row = start; row < end; row += ProductTile.Block) x += T.Load(row);
            }
            T.Store(total + lane, x);
        }
        for (int i = 0; i < columns; i++) sum[i] = total[i];
    }

    private static int StripesOf(GradientPass pass) => (pass.Rows + ProductTile.Block - 1) / ProductTile.Block;
}
