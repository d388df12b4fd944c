namespace Unroll.Kernels;

/// <summary>The arguments of one matrix product; the object is kept per thread and used again.</summary>
internal abstract unsafe class ProductWork : TeamWork;

/// <summary>One matrix product: a grid of parts, each of which packs what it needs, pass by pass over k.</summary>
/// <typeparam name="T">The vector to compute with.</typeparam>
internal sealed unsafe class ProductWork<T> : ProductWork where T : struct, ILane<T>
{
    // A pass holds RightColumns packed columns (half of a 2 MB second-level cache, less on smaller ones) and LeftRows packed rows.
    private const int RightColumns = 768;
    private const int LeftRows = 168;

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
        if (lastRow - firstRow <= T.TileRows && !transposeB) RunInPlace(firstRow, lastRow, firstColumn, lastColumn);
        else RunPacked(firstRow, lastRow, firstColumn, lastColumn);
    }

    private void RunPacked(int firstRow, int lastRow, int firstColumn, int lastColumn)
    {
        int depth = Math.Min(k, PackedProduct.DepthOfPass), width = 2 * T.Count;
        int rows = Math.Min(LeftRows, lastRow - firstRow), columns = Math.Min(RightColumns, lastColumn - firstColumn);
        var left = BufferPool.Rent((int)Packing.LeftSize(rows, depth));
        var right = BufferPool.Rent((int)Packing.RightSize(depth, columns, T.Count));
        for (int j = firstColumn; j < lastColumn; j += RightColumns)
        {
            int columnsHere = Math.Min(RightColumns, lastColumn - j);
            for (int p = 0; p < k; p += PackedProduct.DepthOfPass)
            {
                int pass = Math.Min(PackedProduct.DepthOfPass, k - p);
                var start = p > 0 || accumulate ? TileStart.Destination : TileStart.Zero;
                Packing.PackRight<T>(transposeB, pass, columnsHere, transposeB ? b + j * ldb + p : b + p * ldb + j, ldb, right.Pointer);
                for (int i = firstRow; i < lastRow; i += LeftRows)
                {
                    int rowsHere = Math.Min(LeftRows, lastRow - i);
                    Packing.PackLeft<T>(transposeA, rowsHere, pass, transposeA ? a + p * lda + i : a + i * lda + p, lda, left.Pointer);
                    PackedProduct.Run<T>(rowsHere, columnsHere, pass, left.Pointer, (nint)rowsHere * ProductTile.Block, right.Pointer, (nint)pass * width, width,
                        c + i * ldc + j, ProductTile.Block, ldc, start, null);
                }
            }
        }
        BufferPool.Return(right);
        BufferPool.Return(left);
    }

    /// <summary>Few rows: each element of b is used once, so b is read where it lies; only columns beyond the last whole panel are packed.</summary>
    private void RunInPlace(int firstRow, int lastRow, int firstColumn, int lastColumn)
    {
        int rows = lastRow - firstRow, depth = Math.Min(k, PackedProduct.DepthOfPass), width = 2 * T.Count;
        int whole = firstColumn + (lastColumn - firstColumn) / width * width;
        var left = BufferPool.Rent((int)Packing.LeftSize(rows, depth));
        var right = BufferPool.Rent(depth * width);
        for (int p = 0; p < k; p += PackedProduct.DepthOfPass)
        {
            int pass = Math.Min(PackedProduct.DepthOfPass, k - p);
            var start = p > 0 || accumulate ? TileStart.Destination : TileStart.Zero;
            Packing.PackLeft<T>(transposeA, rows, pass, transposeA ? a + p * lda + firstRow : a + firstRow * lda + p, lda, left.Pointer);
            PackedProduct.Run<T>(rows, whole - firstColumn, pass, left.Pointer, (nint)rows * ProductTile.Block, b + p * ldb + firstColumn, width, ldb,
                c + firstRow * ldc + firstColumn, ProductTile.Block, ldc, start, null);
            if (whole == lastColumn) continue;
            Packing.PackRight<T>(false, pass, lastColumn - whole, b + p * ldb + whole, ldb, right.Pointer);
            PackedProduct.Run<T>(rows, lastColumn - whole, pass, left.Pointer, (nint)rows * ProductTile.Block, right.Pointer, (nint)pass * width, width,
                c + firstRow * ldc + whole, ProductTile.Block, ldc, start, null);
        }
        BufferPool.Return(right);
        BufferPool.Return(left);
    }
}
