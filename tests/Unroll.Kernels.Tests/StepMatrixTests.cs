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
                Assert.Equal(step / chunk * matrix.ChunkStride + step % chunk * 2 * ProductTile.Block, matrix.At(step) - matrix.At(0));
            BufferPool.Return(memory);
        }
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
