using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Unroll.Kernels;

/// <summary>The arguments of one matrix product; the object is kept per thread and used again.</summary>
internal abstract unsafe class ProductWork : TeamWork
{
    // Each thread keeps what it packs into: no two threads meet at the pool's lock, the panels stay in that core's cache, and which thread packs
    // when does not decide how many buffers there are.
    [ThreadStatic] private static Buffer<float>? left, right;

    /// <summary>Where this thread packs rows of the left matrix; the values are undefined, and live until the next call.</summary>
    protected static float* LeftPanels(long floats) => BufferPool.AtLeast(ref left, floats);

    /// <summary>Where this thread packs columns of the right matrix; the values are undefined, and live until the next call.</summary>
    protected static float* RightPanels(long floats) => BufferPool.AtLeast(ref right, floats);
}

/// <summary>One matrix product: a grid of parts, each of which packs what it needs, pass by pass over k.</summary>
/// <typeparam name="T">The vector to compute with.</typeparam>
internal sealed unsafe class ProductWork<T> : ProductWork where T : struct, ILane<T>
{
    // A pass holds at most so many packed columns and rows: together less than half of a 2 MB second-level cache.
    private const int RightColumns = 768;
    private const int LeftRows = 168;

    // Where b is used once, so many of its rows are taken at a time in the order in which they lie.
    private const int DepthInPlace = 32;

    private bool transposeA, transposeB, accumulate;
    private int m, n, k, gridRows, gridColumns;
    private nint lda, ldb, ldc;
    private float* a;
    private float* b;
    private float* c;

    public void Multiply(bool transposeA, bool transposeB, int m, int n, int k, float* a, nint lda, float* b, nint ldb, float* c, nint ldc, bool accumulate)
    {
        (this.transposeA, this.transposeB, this.accumulate) = (transposeA, transposeB, accumulate);
        (this.m, this.n, this.k, this.lda, this.ldb, this.ldc) = (m, n, k, lda, ldb, ldc);
        this.a = a;
        this.b = b;
        this.c = c;
        (gridRows, gridColumns) = MatrixProduct.Grid(m, n, MatrixProduct.PartsFor(m, n, k, ThreadTeam.Available), 2 * T.Count);
        ThreadTeam.Run(this, gridRows * gridColumns);
        this.a = this.b = this.c = null;
    }

    public override void Run(int part, int parts)
    {
        int panels = (n + 2 * T.Count - 1) / (2 * T.Count);
        int row = part / gridColumns, column = part % gridColumns;
        int firstRow = (int)((long)m * row / gridRows), lastRow = (int)((long)m * (row + 1) / gridRows);
        int firstColumn = (int)((long)panels * column / gridColumns) * 2 * T.Count;
        int lastColumn = Math.Min(n, (int)((long)panels * (column + 1) / gridColumns) * 2 * T.Count);
        int rows = lastRow - firstRow;
        if (rows > T.TileRows) RunPacked(firstRow, lastRow, firstColumn, lastColumn);
        else if (transposeB) RunPanelByPanel(firstRow, rows, firstColumn, lastColumn);
        else if (rows == 1) SingleRow.Run<T>(k, lastColumn - firstColumn, Left(firstRow, 0), transposeA ? lda : 1, b + firstColumn, ldb, c + firstRow * ldc + firstColumn, accumulate);
        else RunInPlace(firstRow, rows, firstColumn, lastColumn);
    }

    private float* Left(int row, int depth) => transposeA ? a + depth * lda + row : a + row * lda + depth;

    private float* Right(int depth, int column) => transposeB ? b + column * ldb + depth : b + depth * ldb + column;

    /// <summary>Many rows: pass by pass over k, packed columns of b stay in the second-level cache and serve every group of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunPacked(int firstRow, int lastRow, int firstColumn, int lastColumn)
    {
        int width = 2 * T.Count;
        int depth = EvenShare(k, PackedProduct.DepthOfPass, ProductTile.Block), rows = EvenShare(lastRow - firstRow, LeftRows, 1);
        int columns = EvenShare(lastColumn - firstColumn, RightColumns, width);
        float* left = LeftPanels(Packing.LeftSize(rows, depth)), right = RightPanels(Packing.RightSize(depth, columns, T.Count));
        for (int j = firstColumn; j < lastColumn; j += columns)
        {
            int columnsHere = Math.Min(columns, lastColumn - j);
            for (int p = 0; p < k; p += depth)
            {
                int pass = Math.Min(depth, k - p);
                Packing.PackRight<T>(transposeB, pass, columnsHere, Right(p, j), ldb, right);
                for (int i = firstRow; i < lastRow; i += rows)
                {
                    int rowsHere = Math.Min(rows, lastRow - i);
                    Packing.PackLeft<T>(transposeA, rowsHere, pass, Left(i, p), lda, left);
                    PackedProduct.Run<T>(rowsHere, columnsHere, pass, left, (nint)rowsHere * ProductTile.Block, right, (nint)pass * width, width,
                        c + i * ldc + j, ProductTile.Block, ldc, StartAt(p), null);
                }
            }
        }
    }

    /// <summary>Few rows: each element of b is used once, so b is read where it lies; only columns beyond the last whole panel are packed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunInPlace(int firstRow, int rows, int firstColumn, int lastColumn)
    {
        int width = 2 * T.Count, whole = firstColumn + (lastColumn - firstColumn) / width * width;
        float* left = PackLeft(firstRow, rows), right = RightPanels(DepthInPlace * width);
        for (int p = 0; p < k; p += DepthInPlace)
        {
            int pass = Math.Min(DepthInPlace, k - p);
            float* leftHere = left + (nint)p * rows;
            for (int j = firstColumn; j < whole; j += width)
            {
                float* panel = Right(p, j), destination = c + firstRow * ldc + j;
                if (j + width < whole) Prefetch(panel + width, pass, ldb);
                ProductTile.RunRows<T, Rows2>(rows, leftHere, (nint)rows * ProductTile.Block, pass, panel, ldb, destination, destination + T.Count, ldc, StartAt(p), null);
            }
            if (whole == lastColumn) continue;
            Packing.PackRight<T>(false, pass, lastColumn - whole, Right(p, whole), ldb, right);
            PackedProduct.Run<T>(rows, lastColumn - whole, pass, leftHere, (nint)rows * ProductTile.Block, right, (nint)pass * width, width,
                c + firstRow * ldc + whole, ProductTile.Block, ldc, StartAt(p), null);
        }
    }

    // The processor's own prefetcher does not follow as many rows at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Prefetch(float* panel, int rows, nint stride)
    {
        if (!Sse.IsSupported) return;
        for (int row = 0; row < rows; row++, panel += stride)
            for (int i = 0; i < 2 * T.Count; i += ProductTile.Block) Sse.Prefetch0(panel + i);
    }

    /// <summary>Few rows and a transposed b: one panel at a time goes through the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void RunPanelByPanel(int firstRow, int rows, int firstColumn, int lastColumn)
    {
        int width = 2 * T.Count, depth = Math.Min(k, PackedProduct.DepthOfPass);
        float* left = PackLeft(firstRow, rows), right = RightPanels(depth * width);
        for (int j = firstColumn; j < lastColumn; j += width)
        {
            int columnsHere = Math.Min(width, lastColumn - j);
            for (int p = 0; p < k; p += depth)
            {
                int pass = Math.Min(depth, k - p);
                Packing.PackRight<T>(true, pass, columnsHere, Right(p, j), ldb, right);
                PackedProduct.Run<T>(rows, columnsHere, pass, left + (nint)p * rows, (nint)rows * ProductTile.Block, right, 0, width,
                    c + firstRow * ldc + j, ProductTile.Block, ldc, StartAt(p), null);
            }
        }
    }

    private float* PackLeft(int firstRow, int rows)
    {
        float* left = LeftPanels(Packing.LeftSize(rows, k));
        Packing.PackLeft<T>(transposeA, rows, k, Left(firstRow, 0), lda, left);
        return left;
    }

    private TileStart StartAt(int depth) => depth > 0 || accumulate ? TileStart.Destination : TileStart.Zero;

    /// <summary>Splits a size into the fewest shares of at most <paramref name="most"/> and makes them equal, up to a multiple of <paramref name="unit"/>.</summary>
    private static int EvenShare(int size, int most, int unit)
    {
        int shares = (size + most - 1) / most;
        return ((size + shares - 1) / shares + unit - 1) / unit * unit;
    }
}
