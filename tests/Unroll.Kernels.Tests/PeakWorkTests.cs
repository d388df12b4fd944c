namespace Unroll.Kernels.Tests;

[Collection(OneAfterAnother.Name)]
public sealed class PeakWorkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void The_peak_is_a_speed_on_any_number_of_threads(int threads)
    {
        using var _ = new WithThreads(threads);
        Assert.InRange(PeakWork.Measure(TimeSpan.Zero), 1e3, 1e18);
    }
}
