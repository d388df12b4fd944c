namespace Unroll.Kernels.Tests;

public sealed class StepMatrixTests
{
    [Fact]
    public unsafe void A_step_lies_in_its_chunk_after_the_steps_before_it()
    {
        for (int chunk = 1; chunk <= 64; chunk++)
        {
            var extent = new StepExtent(Steps: 3 * chunk + 1, Batch: 2, chunk, Window: chunk);
            var matrix = new StepMatrix();
            Buffer<float> memory = BufferPool.Rent(StepMatrix.Length(StepStorage.State, 3, extent));
            matrix.Bind(memory, StepStorage.State, 3, extent);
            for (int step = 0; step <= extent.Steps; step++)
                Assert.Equal(step / chunk * matrix.RunStride + step % chunk * 2 * ProductTile.Block, matrix.At(step) - matrix.At(0));
            BufferPool.Return(memory);
        }
    }

    [Fact]
    public unsafe void Ranges_of_rows_lie_apart_each_in_blocks_of_its_own()
    {
        int[] bounds = [0, 3, 3, 5];
        var extent = new StepExtent(Steps: 4, Batch: 5, Chunk: 1, Window: 4, bounds);
        var matrix = new StepMatrix();
        Buffer<float> memory = BufferPool.Rent(StepMatrix.Length(StepStorage.Time, 2, extent));
        matrix.Bind(memory, StepStorage.Time, 2, extent);
        Assert.Equal((3, 3), (extent.Ranges, extent.RangeRows));
        Assert.Equal(3 * ProductTile.Block, matrix.BlockStride);
        Assert.Equal(2 * matrix.BlockStride, matrix.RunStride);
        Assert.Equal(3 * matrix.RunStride, matrix.At(1) - matrix.At(0));
        (int Range, int Row)[] places = [(0, 0), (0, 1), (0, 2), (2, 0), (2, 1)];
        for (int row = 0; row < 5; row++)
            Assert.Equal(places[row].Range * matrix.RunStride + places[row].Row * ProductTile.Block, matrix.RowOffset(row));
        BufferPool.Return(memory);
    }

    [Fact]
    public unsafe void A_window_is_used_again_by_the_next()
    {
        var extent = new StepExtent(Steps: 100, Batch: 1, Chunk: 4, Window: 12);
        var matrix = new StepMatrix();
        Buffer<float> memory = BufferPool.Rent(StepMatrix.Length(StepStorage.Window, 2, extent));
        matrix.Bind(memory, StepStorage.Window, 2, extent);
        for (int step = 0; step < extent.Steps; step++) Assert.True(matrix.At(step) == matrix.At(step % 12), $"step {step}");
        BufferPool.Return(memory);
    }
}
