using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Unroll.Kernels;

namespace Unroll.Bench;

/// <summary>One matrix product, c[M, N] = a·b, and the share of the processor's measured peak that it reaches on one thread.</summary>
[Config(typeof(Columns))]
public class MatrixProductBenchmark
{
    private float[] _a = [], _b = [], _c = [];

    /// <summary>Sizes M × N × K: square, a projection over all steps, a weight gradient, one step of a small batch, an output layer, batch 1.</summary>
    [Params("512x512x512", "2500x512x128", "128x512x2500", "50x512x128", "2500x65x128", "1x2048x512")]
    public string Shape { get; set; } = "";

    /// <summary>Which operands are stored transposed: N or T for the left, then for the right.</summary>
    [Params("NN", "NT", "TN")]
    public string Transposed { get; set; } = "";

    private (int M, int N, int K) Size => Shape.Split('x').Select(int.Parse).ToArray() is [var m, var n, var k] ? (m, n, k) : default;

    /// <summary>Fills the operands.</summary>
    [GlobalSetup]
    public void Setup()
    {
        ThreadTeam.Threads = 1;
        var random = new Random(1);
        var (m, n, k) = Size;
        _a = [.. Enumerable.Range(0, m * k).Select(_ => random.NextSingle())];
        _b = [.. Enumerable.Range(0, k * n).Select(_ => random.NextSingle())];
        _c = new float[m * n];
    }

    /// <summary>The product.</summary>
    [Benchmark]
    public void Multiply()
    {
        var (m, n, k) = Size;
        bool transposeA = Transposed[0] == 'T', transposeB = Transposed[1] == 'T';
        MatrixProduct.Multiply(transposeA, transposeB, m, n, k, _a, transposeA ? m : k, _b, transposeB ? k : n, _c, n, false);
    }

    private sealed class Columns : ManualConfig
    {
        public Columns() => AddColumn(new ShareOfPeak());
    }

    private sealed class ShareOfPeak : IColumn
    {
        private double _peak;

        public string Id => nameof(ShareOfPeak);
        public string ColumnName => "Share of peak";
        public bool AlwaysShow => true;
        public ColumnCategory Category => ColumnCategory.Custom;
        public int PriorityInCategory => 0;
        public bool IsNumeric => true;
        public UnitType UnitType => UnitType.Dimensionless;
        public string Legend => "Floating-point operations a second over those of fused multiply-adds on registers alone, one thread";
        public bool IsAvailable(Summary summary) => true;
        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;
        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
        {
            if (summary[benchmarkCase]?.ResultStatistics is not { } statistics) return "?";
            ThreadTeam.Threads = 1;
            if (_peak == 0) _peak = PeakWork.Measure(TimeSpan.FromSeconds(1)) / 1e9;
            double operations = 2 * ((string)benchmarkCase.Parameters[nameof(Shape)]).Split('x').Select(double.Parse).Aggregate(1.0, (x, y) => x * y);
            return $"{operations / statistics.Median / _peak:P1}";
        }
    }
}
