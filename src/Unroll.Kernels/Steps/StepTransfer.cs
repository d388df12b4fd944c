namespace Unroll.Kernels;

/// <summary>Moves sequences between row-major [batch, time, features] and the blocked matrices of the steps. Sequences are sorted by length
/// inside, and a reversed one begins with its own last position, so that a step is a step for every sequence.</summary>
internal static unsafe class StepTransfer
{
    /// <summary>Where a sequence's step lies in time: the same place, or counted from its own end.</summary>
    private static int Position(int step, int length, bool reversed) => reversed ? length - 1 - step : step;

    /// <summary>Fills rows [firstRow, endRow) of a matrix.</summary>
    /// <param name="to">The matrix; columns beyond the features become zero.</param>
    /// <param name="slotShift">Added to the step.</param>
    /// <param name="from">[batch, time, stride].</param>
    /// <param name="time">Steps in <paramref name="from"/>.</param>
    /// <param name="features">Features.</param>
    /// <param name="stride">Floats from a position to the next.</param>
    /// <param name="order">For each row of the matrix its sequence.</param>
    /// <param name="lengths">For each row of the matrix its length.</param>
    /// <param name="reversed">Whether time runs backwards.</param>
    /// <param name="firstRow">First row to fill.</param>
    /// <param name="endRow">End of the rows to fill.</param>
    public static void Load(StepMatrix to, int slotShift, ReadOnlySpan<float> from, int time, int features, int stride, ReadOnlySpan<int> order, ReadOnlySpan<int> lengths, bool reversed, int firstRow, int endRow)
    {
        fixed (float* source = from)
            for (int row = firstRow; row < endRow; row++)
                for (int step = 0; step < lengths[row]; step++)
                {
                    float* x = source + ((nint)order[row] * time + Position(step, lengths[row], reversed)) * stride;
                    LoadRow(to.At(step + slotShift) + (nint)row * ProductTile.Block, to.BlockStride, x, features);
                }
    }

    /// <summary>Writes, or adds, rows [firstRow, endRow) of a matrix to row-major sequences; positions beyond a length become zero, or stay.</summary>
    public static void Store(StepMatrix from, StepOperand at, Span<float> to, int time, int features, int stride, ReadOnlySpan<int> order, ReadOnlySpan<int> lengths, bool reversed, bool add, int firstRow, int endRow)
    {
        fixed (float* target = to)
            for (int row = firstRow; row < endRow; row++)
            {
                for (int step = 0; step < lengths[row]; step++)
                {
                    float* y = target + ((nint)order[row] * time + Position(step, lengths[row], reversed)) * stride;
                    StoreRow(from.At(step + at.Shift) + at.Block * from.BlockStride + (nint)row * ProductTile.Block, from.BlockStride, y, features, add);
                }
                if (!add)
                    for (int position = lengths[row]; position < time; position++) new Span<float>(target + ((nint)order[row] * time + position) * stride, features).Clear();
            }
    }

    /// <summary>Fills rows [firstRow, endRow) at one step from [batch, features]; an empty source stands for zeros.</summary>
    public static void LoadRows(StepMatrix to, int step, ReadOnlySpan<float> from, int features, ReadOnlySpan<int> order, int firstRow, int endRow)
    {
        fixed (float* source = from)
            for (int row = firstRow; row < endRow; row++)
            {
                float* target = to.At(step) + (nint)row * ProductTile.Block;
                if (source == null)
                    for (int block = 0; block < to.Blocks; block++) new Span<float>(target + block * to.BlockStride, ProductTile.Block).Clear();
                else LoadRow(target, to.BlockStride, source + (nint)order[row] * features, features);
            }
    }

    /// <summary>Sets every step of rows [firstRow, endRow) to zero.</summary>
    public static void Clear(StepMatrix matrix, ReadOnlySpan<int> lengths, int firstRow, int endRow)
    {
        for (int row = firstRow; row < endRow; row++)
            for (int step = 0; step < lengths[row]; step++)
                for (int block = 0; block < matrix.Blocks; block++) matrix.Row(step, block, row).Clear();
    }

    /// <summary>Writes or adds one row at a step.</summary>
    public static void StoreRow(StepMatrix from, int step, int row, Span<float> to, bool add)
    {
        fixed (float* target = to) StoreRow(from.At(step) + (nint)row * ProductTile.Block, from.BlockStride, target, to.Length, add);
    }

    /// <summary>Fills one row at a step from <paramref name="features"/> floats.</summary>
    private static void LoadRow(float* to, nint blockStride, float* from, int features)
    {
        for (; features >= ProductTile.Block; features -= ProductTile.Block, from += ProductTile.Block, to += blockStride)
            Lane16.Copy(from, to);
        if (features == 0) return;
        for (int i = 0; i < ProductTile.Block; i++) to[i] = i < features ? from[i] : 0;
    }

    /// <summary>Writes or adds one row to <paramref name="features"/> floats.</summary>
    private static void StoreRow(float* from, nint blockStride, float* to, int features, bool add)
    {
        for (; features >= ProductTile.Block; features -= ProductTile.Block, to += ProductTile.Block, from += blockStride)
        {
            if (add) Lane16.Add(from, to);
            else Lane16.Copy(from, to);
        }
        for (int i = 0; i < features; i++) to[i] = add ? to[i] + from[i] : from[i];
    }

    /// <summary>Sixteen floats at a time, on any processor.</summary>
    private static class Lane16
    {
        public static void Copy(float* from, float* to)
        {
            if (System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated) Lane512.Store(to, Lane512.Load(from));
            else for (int i = 0; i < ProductTile.Block; i += Lane128.Count) Lane128.Store(to + i, Lane128.Load(from + i));
        }

        public static void Add(float* from, float* to)
        {
            for (int i = 0; i < ProductTile.Block; i += Lane128.Count) Lane128.Store(to + i, Lane128.Load(to + i) + Lane128.Load(from + i));
        }
    }
}
