using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Steps [<see cref="First"/>, <see cref="End"/>) of what the matrices hold, which begins at step <see cref="Origin"/> of the sequences, and rows
/// [<see cref="FirstRow"/>, <see cref="EndRow"/>).</summary>
internal readonly record struct StepRange(int Origin, int First, int End, int FirstRow, int EndRow);

/// <summary>Moves sequences between row-major [batch, time, features] and the blocked matrices of the steps.</summary>
internal static unsafe class StepTransfer
{
    /// <summary>Fills a matrix's rows from [batch, time, stride]; columns beyond the features become zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Load<T>(StepMatrix to, ReadOnlySpan<float> from, int features, int stride, SequenceOrder sequences, StepRange range)
        where T : struct, ILane<T>
    {
        fixed (float* source = from)
            for (int row = range.FirstRow; row < range.EndRow; row++)
            {
                int end = Math.Min(range.End, sequences.Lengths[row] - range.Origin);
                nint offset = to.RowOffset(row);
                for (int step = range.First; step < end; step++)
                    LoadRow<T>(to.At(step) + offset, to.BlockStride, source + sequences.Position(row, range.Origin + step) * stride, features);
            }
    }

    /// <summary>Writes a matrix's rows to [batch, time, stride], or adds them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Store<T>(StepMatrix from, StepOperand at, Span<float> to, int features, int stride, SequenceOrder sequences, StepRange range, bool add)
        where T : struct, ILane<T>
    {
        fixed (float* target = to)
            for (int row = range.FirstRow; row < range.EndRow; row++)
            {
                int end = Math.Min(range.End, sequences.Lengths[row] - range.Origin);
                nint offset = at.Block * from.BlockStride + from.RowOffset(row);
                for (int step = range.First; step < end; step++)
                    StoreRow<T>(from.At(step + at.Shift) + offset, from.BlockStride,
                        target + sequences.Position(row, range.Origin + step) * stride, features, add);
            }
    }

    /// <summary>Sets the positions beyond each row's length to zero in [batch, time, stride].</summary>
    public static void ClearBeyond(Span<float> to, int features, int stride, SequenceOrder sequences, int firstRow, int endRow)
    {
        for (int row = firstRow; row < endRow; row++)
            for (int position = sequences.Lengths[row]; position < sequences.Time; position++)
                to.Slice((sequences.Order[row] * sequences.Time + position) * stride, features).Clear();
    }

    /// <summary>Fills rows [firstRow, endRow) at one step from [batch, features]; an empty source stands for zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadRows<T>(StepMatrix to, int step, ReadOnlySpan<float> from, int features, SequenceOrder sequences, int firstRow, int endRow)
        where T : struct, ILane<T>
    {
        fixed (float* source = from)
            for (int row = firstRow; row < endRow; row++)
            {
                float* target = to.At(step) + to.RowOffset(row);
                if (source == null) ClearRow<T>(target, to.BlockStride, to.Blocks);
                else LoadRow<T>(target, to.BlockStride, source + (nint)sequences.Order[row] * features, features);
            }
    }

    /// <summary>Writes one row at a step to [batch, features], or adds it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreRow<T>(StepMatrix from, int step, int row, Span<float> to, int features, SequenceOrder sequences, bool add)
        where T : struct, ILane<T>
    {
        fixed (float* target = to)
            StoreRow<T>(from.At(step) + from.RowOffset(row), from.BlockStride, target + (nint)sequences.Order[row] * features, features, add);
    }

    /// <summary>Copies rows [firstRow, endRow) at one step of a matrix to a step of another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyRows(StepMatrix from, int fromStep, StepMatrix to, int toStep, int firstRow, int endRow)
    {
        int floats = Math.Max(0, endRow - firstRow) * ProductTile.Block;
        float* source = from.At(fromStep) + from.RowOffset(firstRow), target = to.At(toStep) + to.RowOffset(firstRow);
        for (int block = 0; block < to.Blocks; block++)
            new ReadOnlySpan<float>(source + block * from.BlockStride, floats).CopyTo(new Span<float>(target + block * to.BlockStride, floats));
    }

    /// <summary>Sets a range of a matrix to zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Clear<T>(StepMatrix matrix, SequenceOrder sequences, StepRange range)
        where T : struct, ILane<T>
    {
        for (int row = range.FirstRow; row < range.EndRow; row++)
        {
            int end = Math.Min(range.End, sequences.Lengths[row] - range.Origin);
            nint offset = matrix.RowOffset(row);
            for (int step = range.First; step < end; step++) ClearRow<T>(matrix.At(step) + offset, matrix.BlockStride, matrix.Blocks);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ClearRow<T>(float* row, nint blockStride, int blocks)
        where T : struct, ILane<T>
    {
        for (int block = 0; block < blocks; block++, row += blockStride)
            for (int i = 0; i < ProductTile.Block; i += T.Count) T.Store(row + i, T.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LoadRow<T>(float* to, nint blockStride, float* from, int features)
        where T : struct, ILane<T>
    {
        for (; features >= ProductTile.Block; features -= ProductTile.Block, from += ProductTile.Block, to += blockStride)
            for (int i = 0; i < ProductTile.Block; i += T.Count) T.Store(to + i, T.Load(from + i));
        if (features == 0) return;
        for (int i = 0; i < ProductTile.Block; i++) to[i] = i < features ? from[i] : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StoreRow<T>(float* from, nint blockStride, float* to, int features, bool add)
        where T : struct, ILane<T>
    {
        for (; features >= ProductTile.Block; features -= ProductTile.Block, to += ProductTile.Block, from += blockStride)
            for (int i = 0; i < ProductTile.Block; i += T.Count) T.Store(to + i, add ? T.Load(to + i) + T.Load(from + i) : T.Load(from + i));
        for (int i = 0; i < features; i++) to[i] = add ? to[i] + from[i] : from[i];
    }
}
