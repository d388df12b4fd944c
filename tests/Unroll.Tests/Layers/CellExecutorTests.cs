using System.Runtime.InteropServices;
using Unroll.Cells;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;
using BufferPool = Unroll.Kernels.BufferPool;

namespace Unroll.Tests.Layers;

/// <summary>The fast path against the double-precision evaluator, over random shapes, lengths, vector widths and thread counts.</summary>
public class CellExecutorTests
{
    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(variant => variant.Name)];

    public static TheoryData<string, int> CellsAndWidths()
    {
        var data = new TheoryData<string, int>();
        foreach (var variant in CellCatalogue.All)
            foreach (int lanes in new[] { 1, 4, 8, 16 })
                if (lanes <= Simd.Choose(null)) data.Add(variant.Name, lanes);
        return data;
    }

    [Trait("Vectors", "all widths at once")]
    [Theory]
    [MemberData(nameof(CellsAndWidths))]
    public void Outputs_states_and_gradients_match_the_evaluator(string name, int lanes)
    {
        var random = new Random(lanes);
        int[][] shapes = [[1, 1, 1, 1], [3, 4, 5, 7], [2, 3, 16, 16], [5, 3, 20, 33], [17, 4, 3, 40], [70, 2, 9, 12], [3, 9, 40, 24], [1, 70, 4, 18]];
        foreach (int[] s in shapes) Compare(CellCatalogue.Find(name).Create(), random, s, lanes);
    }

    /// <summary>Full and ragged sequences, in either direction.</summary>
    internal static void Compare(Cell cell, Random random, int[] shape, int lanes)
    {
        foreach (bool ragged in new[] { false, true })
            Compare(cell, new Trial(random, shape[0], shape[1], shape[2], shape[3], ragged, random.Next(2) == 1), lanes);
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Any_number_of_threads_gives_the_same_bits(string name) => CompareThreads(CellCatalogue.Find(name).Create());

    internal static void CompareThreads(Cell cell)
    {
        var shapes = new[] { (B: 40, T: 12, I: 24, H: 72), (B: 2, T: 20, I: 64, H: 100), (B: 1, T: 40, I: 30, H: 96) };
        int before = ThreadTeam.Threads;
        try
        {
            foreach (var (b, t, i, h) in shapes)
                foreach (bool ragged in new[] { false, true })
                {
                    var expected = new float[]?[3];
                    foreach (int threads in new[] { 1, 2, 3, 5, 12 })
                    {
                        ThreadTeam.Threads = threads;
                        var trial = new Trial(new Random(5), b, t, i, h, ragged, false);
                        // Windows of one step, and windows that several steps of some rows fit in but not of all rows.
                        foreach (var (mode, windowFloats) in new[] { CellSchedule.CachedFloats, 1, 40_000 }.Index())
                        {
                            float[] all = trial.RunFast(cell, 0, windowFloats: windowFloats, recompute: mode > 0).SelectMany(x => x).ToArray();
                            ref float[]? first = ref expected[mode];
                            first ??= all;
                            int same = MemoryMarshal.AsBytes<float>(first).CommonPrefixLength(MemoryMarshal.AsBytes<float>(all)) / sizeof(float);
                            Assert.True(same == first.Length && same == all.Length, $"value {same} of {first.Length} differs with {threads} threads");
                        }
                    }
                }
        }
        finally
        {
            ThreadTeam.Threads = before;
        }
    }

    [Theory]
    [InlineData("lstm")]
    [InlineData("gru-before")]
    public void Memory_is_what_the_plan_says(string name)
    {
        var cell = CellCatalogue.Find(name).Create();
        Parameter[] parameters = [.. cell.Build(40, 24).Stores.Select(s => new Parameter(s.Name, [s.Count], ParameterKind.Weight, Initializer.Uniform(1)))];
        var executor = new CellExecutor(cell, 40, 24, parameters) { WindowFloats = 5000 };
        foreach (var (training, recompute) in new[] { (true, false), (true, true), (false, false) })
            foreach (var (batch, time) in new[] { (1, 1000), (7, 200), (50, 30), (0, 5), (4, 0) })
            {
                var workspace = executor.Rent();
                workspace.Begin(training, batch, time, [], false, recompute);
                long sums = executor.Plan(training).GradientSumFloats * sizeof(float);
                Assert.Equal(executor.WorkingBytes(batch, time, training, recompute), workspace.Bytes + sums);
                workspace.Release();
            }
        // Without a backward pass memory does not grow with time, and with steps computed again hardly.
        Assert.Equal(executor.WorkingBytes(8, 1000, false, false), executor.WorkingBytes(8, 100_000, false, false));
        Assert.True(executor.WorkingBytes(1, 100_000, true, true) < executor.WorkingBytes(1, 100_000, true, false) / 50);
    }

    private static void Compare(Cell cell, Trial trial, int lanes)
    {
        var fast = trial.RunFast(cell, lanes);
        var exact = trial.RunExact(cell);
        Assert.Equal(exact.Length, fast.Length);
        for (int k = 0; k < exact.Length; k++)
        {
            Assert.Equal(exact[k].Length, fast[k].Length);
            double scale = Math.Max(1, exact[k].Select(Math.Abs).DefaultIfEmpty().Max());
            for (int i = 0; i < exact[k].Length; i++)
                Assert.True(Math.Abs(exact[k][i] - fast[k][i]) <= 1e-5 * scale, $"{cell.Name} {trial} lanes {lanes}: result {k}[{i}] is {fast[k][i]}, expected {exact[k][i]}");
        }
        // Inference keeps less and must say the same; so must small windows.
        var inference = trial.RunFast(cell, lanes, training: false);
        for (int k = 0; k < inference.Length; k++) Assert.Equal(fast[k], inference[k]);
        var narrow = trial.RunFast(cell, lanes, training: false, windowFloats: 1);
        for (int k = 0; k < narrow.Length; k++) Assert.Equal(fast[k], narrow[k]);
        var windows = trial.RunFast(cell, lanes, windowFloats: 1);
        for (int k = 0; k < fast.Length; k++) Assert.Equal(fast[k], windows[k]);
        // Steps computed again: the same outputs; the weights' sums go over the segments from the last to the first.
        var again = trial.RunFast(cell, lanes, windowFloats: 1, recompute: true);
        for (int k = 0; k < fast.Length; k++)
        {
            if (k < inference.Length) Assert.Equal(fast[k], again[k]);
            double scale = Math.Max(1, exact[k].Select(Math.Abs).DefaultIfEmpty().Max());
            for (int i = 0; i < exact[k].Length; i++)
                Assert.True(Math.Abs(exact[k][i] - again[k][i]) <= 1e-5 * scale, $"{cell.Name} {trial} lanes {lanes}, recomputed: result {k}[{i}] is {again[k][i]}, expected {exact[k][i]}");
        }
    }

    /// <summary>One random problem, run either way. Results: y, final states, dx, initial-state gradients, parameter gradients.</summary>
    private sealed class Trial(Random random, int batch, int time, int inputSize, int hidden, bool ragged, bool reversed)
    {
        private readonly int seed = random.Next();
        private readonly int[] lengths = [.. Enumerable.Range(0, batch).Select(i => !ragged ? time : i == batch / 2 ? 0 : random.Next(time + 1))];

        public override string ToString() => $"B={batch} T={time} I={inputSize} H={hidden} lengths=[{string.Join(",", lengths)}] reversed={reversed}";

        private float[] Numbers(Random r, int count, double scale = 1) => [.. Enumerable.Range(0, count).Select(_ => (float)((r.NextDouble() * 2 - 1) * scale))];

        private (float[] X, float[][] Initial, float[] Dy, float[][] Final, float[][] Parameters) Data(CellEquations equations)
        {
            var r = new Random(seed);
            return (Numbers(r, batch * time * inputSize), [.. equations.States.Select(s => Numbers(r, batch * s.Previous.Size))],
                Numbers(r, batch * time * equations.OutputValue!.Size), [.. equations.States.Select(s => Numbers(r, batch * s.Previous.Size))],
                [.. equations.Stores.Select(p => Numbers(r, p.Count, 1 / Math.Sqrt(hidden)))]);
        }

        public float[][] RunFast(Cell cell, int lanes, bool training = true, int windowFloats = CellSchedule.CachedFloats, bool recompute = false)
        {
            var equations = cell.Build(inputSize, hidden);
            var (x, initial, dy, dFinal, values) = Data(equations);
            Parameter[] parameters = [.. equations.Stores.Select(s => new Parameter(s.Name, [s.Count], ParameterKind.Weight, Initializer.Uniform(1)))];
            for (int p = 0; p < values.Length; p++)
            {
                values[p].CopyTo(parameters[p].Values);
                parameters[p].Changed();
            }
            var executor = new CellExecutor(cell, inputSize, hidden, parameters, lanes) { WindowFloats = windowFloats };
            int output = equations.OutputValue!.Size;
            float[] Pinned(float[] from)
            {
                float[] to = GC.AllocateUninitializedArray<float>(from.Length, pinned: true);
                from.CopyTo(to, 0);
                return to;
            }

            float[] pinnedX = Pinned(x), pinnedDy = Pinned(dy);
            float[][] pinnedInitial = [.. initial.Select(Pinned)], pinnedFinal = [.. dFinal.Select(Pinned)];
            float[] y = Pinned(Enumerable.Repeat(float.NaN, batch * time * output).ToArray());
            float[][] final = [.. equations.States.Select(s => Pinned(Enumerable.Repeat(float.NaN, batch * s.Previous.Size).ToArray()))];
            float[] dx = Pinned(new float[x.Length]);
            float[][] d0 = [.. initial.Select(i => Pinned(new float[i.Length]))];
            float[][] dp = [.. values.Select(p => Pinned(new float[p.Length]))];
            for (int round = 0; round < 2; round++)
            {
                // The second round runs on used memory.
                BufferPool.Poison = true;
                var workspace = executor.Rent();
                workspace.Begin(training, batch, time, ragged ? lengths : [], reversed, recompute);
                workspace.SetInput(pinnedX);
                workspace.SetOutput(y, output, 0);
                for (int s = 0; s < initial.Length; s++)
                {
                    workspace.SetInitial(s, pinnedInitial[s]);
                    workspace.SetFinal(s, final[s]);
                    workspace.SetFinalGradient(s, pinnedFinal[s]);
                    Array.Clear(d0[s]);
                    workspace.SetInitialGradient(s, d0[s]);
                }
                workspace.Forward();
                if (training)
                {
                    // Added to zeros first, then written over anything.
                    Array.Fill(dx, round == 0 ? 0 : float.NaN);
                    var targets = new PinnedSpans(dp.Length);
                    for (int p = 0; p < dp.Length; p++)
                    {
                        Array.Clear(dp[p]);
                        targets.Set(p, dp[p]);
                    }
                    workspace.SetOutputGradient(pinnedDy);
                    workspace.Backward(targets, dx, add: round == 0);
                }
                workspace.Release();
            }
            // The workspace has seen addresses alone: what is not returned must have lived until here.
            GC.KeepAlive((pinnedX, pinnedDy, pinnedInitial, pinnedFinal, d0));
            return training ? [y, .. final, dx, .. d0, .. dp] : [y, .. final];
        }

        public double[][] RunExact(Cell cell)
        {
            var equations = cell.Build(inputSize, hidden);
            var (x, initial, dy, dFinal, values) = Data(equations);
            var evaluator = new CellEvaluator(equations);
            for (int p = 0; p < values.Length; p++) evaluator.Parameters[p] = [.. values[p].Select(v => (double)v)];
            int output = equations.OutputValue!.Size;
            double[][] Steps(float[] from, int size) => [.. Enumerable.Range(0, time).Select(t =>
            {
                var step = new double[batch * size];
                for (int b = 0; b < batch; b++)
                    if (t < lengths[b])
                        for (int f = 0; f < size; f++) step[b * size + f] = from[(b * time + (reversed ? lengths[b] - 1 - t : t)) * size + f];
                return step;
            })];
            double[] Sequences(double[][] steps, int size)
            {
                var to = new double[batch * time * size];
                for (int b = 0; b < batch; b++)
                    for (int t = 0; t < lengths[b]; t++)
                        for (int f = 0; f < size; f++) to[(b * time + (reversed ? lengths[b] - 1 - t : t)) * size + f] = steps[t][b * size + f];
                return to;
            }

            double[][] Doubles(float[][] from) => [.. from.Select(f => f.Select(v => (double)v).ToArray())];
            var (y, final) = evaluator.Forward(Steps(x, inputSize), batch, Doubles(initial), lengths);
            final = [.. final.Select(f => (double[])f.Clone())];
            var (dx, d0, dp) = evaluator.Backward(Steps(dy, output), Doubles(dFinal));
            return [Sequences(y, output), .. final, Sequences(dx, inputSize), .. d0, .. dp];
        }
    }
}
