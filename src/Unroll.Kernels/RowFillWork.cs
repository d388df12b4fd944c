namespace Unroll.Kernels;

/// <summary>Copies a row to every row of a matrix; threads share out the rows.</summary>
internal sealed unsafe class RowFillWork : TeamWork
{
    /// <summary>Elements that are worth a thread of their own.</summary>
    private const long ElementsPerThread = 1 << 16;

    [ThreadStatic] private static RowFillWork? cached;
    private float* row;
    private float* matrix;
    private int rows, columns;

    /// <summary>matrix[i, j] = row[j].</summary>
    /// <param name="row">[columns].</param>
    /// <param name="rows">Rows of the matrix.</param>
    /// <param name="matrix">[rows, columns].</param>
    /// <exception cref="ArgumentException">The matrix has another size.</exception>
    public static void Run(ReadOnlySpan<float> row, int rows, Span<float> matrix)
    {
        if (matrix.Length != (long)rows * row.Length) throw new ArgumentException($"{rows} rows of {row.Length} do not fit {matrix.Length} numbers.", nameof(matrix));
        var work = cached ??= new();
        fixed (float* from = row, to = matrix)
        {
            work.row = from;
            work.matrix = to;
            (work.rows, work.columns) = (rows, row.Length);
            ThreadTeam.Run(work, (int)Math.Clamp(matrix.Length / ElementsPerThread, 1, ThreadTeam.Available));
            work.row = work.matrix = null;
        }
    }

    /// <inheritdoc/>
    public override void Run(int part, int parts)
    {
        int first = (int)((long)rows * part / parts), end = (int)((long)rows * (part + 1) / parts);
        var from = new ReadOnlySpan<float>(row, columns);
        for (int i = first; i < end; i++) from.CopyTo(new Span<float>(matrix + (nint)i * columns, columns));
    }
}
