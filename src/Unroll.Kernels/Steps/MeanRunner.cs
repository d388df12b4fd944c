using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Runs the part of a stage that gives one number for each row: means over features, and what is computed from them alone.</summary>
internal static unsafe class MeanRunner
{
    /// <summary>Runs the means and the uniform tiles of a stage over steps [first, end). A mean reads every feature group, so threads that share groups share
    /// out the rows here and meet before anyone reads the result: each row's sum is taken by one thread, in one order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(StepStage stage, StepFrame frame, int first, int end, StepRunner.Part part, TeamBarrier? barrier)
        where T : struct, ILane<T>
    {
        if (stage.Means.Length + stage.Uniform.Length == 0) return;
        int count = part.EndRow - part.FirstRow;
        var rows = part.Count == 1 ? part
            : new StepRunner.Part(part.Origin, part.FirstRow + count * part.Number / part.Count, part.FirstRow + count * (part.Number + 1) / part.Count, 0, 1);
        foreach (var mean in stage.Means) Mean<T>(mean, frame, first, end, rows);
        foreach (var tile in stage.Uniform) TileRunner.Run<T>(tile, frame, first, end, rows, 0, 1);
        barrier?.Wait();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mean<T>(MeanPass pass, StepFrame frame, int first, int end, StepRunner.Part part)
        where T : struct, ILane<T>
    {
        var (from, to) = (frame.Matrices[pass.From.Matrix], frame.Matrices[pass.To.Matrix]);
        int blocks = (pass.Size + ProductTile.Block - 1) / ProductTile.Block;
        for (int step = first; step < end;)
        {
            var (steps, firstRow, rows) = StepRunner.Rows(frame, step, end, part, pass.Shift);
            float* x = from.At(step + pass.From.Shift) + pass.From.Block * from.BlockStride + from.RowOffset(firstRow);
            float* y = to.At(step + pass.To.Shift) + to.RowOffset(firstRow);
            for (int row = 0; row < rows; row++, x += ProductTile.Block, y += ProductTile.Block)
            {
                var mean = T.Splat(Sum<T>(x, from.BlockStride, blocks) / pass.Size);
                for (int i = 0; i < ProductTile.Block; i += T.Count) T.Store(y + i, mean);
            }
            step += steps;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum<T>(float* x, nint blockStride, int blocks) where T : struct, ILane<T>
    {
        var sum = T.Zero;
        for (int block = 0; block < blocks; block++, x += blockStride)
            for (int i = 0; i < ProductTile.Block; i += T.Count) sum += T.Load(x + i);
        return T.Sum(sum);
    }
}
