using System.Runtime.CompilerServices;

namespace Unroll.Kernels;

/// <summary>Runs elementwise work: all instructions on a tile while it is in the first-level cache. A tile is some rows of a feature group or,
/// where there are few rows, some groups of a row.</summary>
internal static unsafe class TileRunner
{
    /// <summary>Lines of 16 numbers in a tile: some 512 lanes, so that a dozen operands fit the first-level cache.</summary>
    private const int TileLines = 32;
    /// <summary>Below so many rows a tile goes over groups.</summary>
    public const int ThinRows = 8;

    /// <summary>Runs a pass over steps [first, end) and groups [firstGroup, endGroup) of a part.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="frame">The matrices.</param>
    /// <param name="first">First step.</param>
    /// <param name="end">End of the steps.</param>
    /// <param name="part">The part.</param>
    /// <param name="firstGroup">First group.</param>
    /// <param name="endGroup">End of the groups.</param>
    /// <param name="order">Which way time runs, where a step reads what its neighbour has made; null where steps have nothing to do with each other.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(TilePass pass, StepFrame frame, int first, int end, StepRunner.Part part, int firstGroup, int endGroup, StepOrder? order = null)
        where T : struct, ILane<T>
    {
        const int TileFloats = TileLines * ProductTile.Block;
        int memory = pass.Operands.Length, count = memory + pass.Scratch, groups = endGroup - firstGroup;
        byte* bytes = stackalloc byte[pass.Scratch * TileFloats * sizeof(float) + 64];
        float* scratch = (float*)(((nint)bytes + 63) & ~(nint)63);
        float** at = stackalloc float*[count];
        float** tile = stackalloc float*[count];
        nint* groupStep = stackalloc nint[count];
        nint* rowStep = stackalloc nint[count];
        nint* lineStep = stackalloc nint[count];
        for (int i = memory; i < count; i++)
        {
            tile[i] = scratch + (i - memory) * TileFloats;
            lineStep[i] = ProductTile.Block;
        }
        for (int next = first; next < end;)
        {
            int step = order == StepOrder.Backward ? first + end - 1 - next : next;
            var (steps, firstRow, rows) = StepRunner.Rows(frame, step, order is null ? end : step + 1, part, pass.Shift);
            bool isThin = rows < ThinRows && rows < groups;
            int lines = isThin ? groups : rows, others = isThin ? rows : groups;
            int chunks = (lines + TileLines - 1) / TileLines;
            for (int i = 0; i < memory; i++)
            {
                var operand = pass.Operands[i];
                if (operand.IsRowVector)
                {
                    at[i] = frame.RowVectors[~operand.Matrix]!.Pointer;
                    (groupStep[i], rowStep[i]) = (ProductTile.Block, 0);
                }
                else
                {
                    var matrix = frame.Matrices[operand.Matrix];
                    // A matrix of one block serves every group: its features are all equal.
                    groupStep[i] = matrix.Blocks == 1 ? 0 : matrix.BlockStride;
                    rowStep[i] = ProductTile.Block;
                    at[i] = matrix.At(step + operand.Shift) + operand.Block * matrix.BlockStride + matrix.RowOffset(firstRow);
                }
                at[i] += firstGroup * groupStep[i];
                lineStep[i] = isThin ? groupStep[i] : rowStep[i];
            }
            for (int other = 0; other < others; other++)
                for (int chunk = 0, line = 0; chunk < chunks; chunk++)
                {
                    int endLine = (int)((long)lines * (chunk + 1) / chunks);
                    for (int i = 0; i < memory; i++) tile[i] = at[i] + other * (isThin ? rowStep[i] : groupStep[i]) + line * lineStep[i];
                    foreach (ref readonly var instruction in pass.Instructions.AsSpan())
                    {
                        int y = instruction.Y, a = instruction.A, b = instruction.B, c = instruction.C;
                        TileLoops.Run<T>(instruction.Operation, endLine - line, tile[y], lineStep[y], tile[a], lineStep[a], tile[b], lineStep[b], tile[c], lineStep[c]);
                    }
                    // Zeros beyond the real features, so that no product ever multiplies what an equation makes of padding.
                    int real = pass.Size - (firstGroup + (isThin ? endLine - 1 : other)) * ProductTile.Block;
                    if (real < ProductTile.Block)
                        foreach (int stored in pass.Stored)
                        {
                            if (isThin) ClearColumns(tile[stored] + (endLine - 1 - line) * lineStep[stored], 1, real);
                            else ClearColumns(tile[stored], endLine - line, real);
                        }
                    line = endLine;
                }
            next += steps;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ClearColumns(float* tile, int rows, int real)
    {
        for (int row = 0; row < rows; row++, tile += ProductTile.Block)
            for (int i = real; i < ProductTile.Block; i++) tile[i] = 0;
    }
}
