using System.Diagnostics;
using System.Text.Json;
using Unroll.Cells;
using Unroll.Equations;

namespace Unroll.Tests.Equations;

/// <summary>The PyTorch modules that cells are printed as: PyTorch computes what the double-precision evaluator does, and TorchScript what PyTorch does.</summary>
public sealed class TorchTextTests
{
    private const int Batch = 3, Steps = 4, Inputs = 5, Hidden = 6;

    private const int NoTorch = 77;
    // Reads cells.json beside the modules; prints a line of JSON for each cell: what it computes, as flat lists.
    private const string Script = """
        import importlib, json, sys
        try:
            import torch
        except ImportError:
            sys.exit(77)
        sys.path.insert(0, sys.argv[1])
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
        for case in json.load(open(sys.argv[1] + "/cells.json")):
            module = getattr(importlib.import_module(case["file"]), case["name"])()
            own = dict(module.named_parameters())
            assert list(own) == list(case["parameters"]), f"{case['name']} has {list(own)}, expected {list(case['parameters'])}"
            for name, values in case["parameters"].items():
                with torch.no_grad():
                    own[name].copy_(torch.tensor(values).reshape(own[name].shape))
            inputs = [torch.tensor(case["x"], requires_grad=True)] + [torch.tensor(state, requires_grad=True) for state in case["states"]]
            weights = [torch.tensor(values) for values in case["gradients"]]
            results = module(*inputs)
            gradients = torch.autograd.grad(sum((result * weight).sum() for result, weight in zip(results, weights)), inputs + list(own.values()), allow_unused=True)
            scripted = torch.jit.script(module)(*inputs)
            difference = max((a - b).abs().max().item() for a, b in zip(scripted, results))
            print(json.dumps({"values": [(torch.zeros_like(of) if value is None else value).flatten().tolist() for value, of in zip((*results, *gradients), (*results, *inputs, *own.values()))], "scripted": difference}), flush=True)
        """;

    [Fact]
    public void The_modules_compute_what_the_evaluator_does_with_the_same_gradients()
    {
        using var folder = new TemporaryFolder();
        Cell[] cells = [.. CellCatalogue.All.Select(variant => variant.Create()), .. Own];
        var random = new Random(3);
        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 2 - 1)];
        double[][] Rows(double[] all, int size) => [.. all.Chunk(size)];
        var cases = new List<object>();
        var expected = new List<double[][]>();
        foreach (var (index, cell) in cells.Index())
        {
            var equations = cell.Build(Inputs, Hidden);
            File.WriteAllText(folder.File($"cell{index}.py"), cell.PyTorch(Inputs, Hidden));
            var evaluator = new CellEvaluator(equations);
            for (int p = 0; p < evaluator.Parameters.Length; p++) evaluator.Parameters[p] = Numbers(evaluator.Parameters[p].Length);
            int outputs = equations.OutputValue!.Size;
            double[][] x = [.. Enumerable.Range(0, Steps).Select(_ => Numbers(Batch * Inputs))], dy = [.. x.Select(_ => Numbers(Batch * outputs))];
            double[][] states = [.. equations.States.Select(state => Numbers(Batch * state.Previous.Size))], dStates = [.. states.Select(state => Numbers(state.Length))];
            var (output, final) = evaluator.Forward(x, Batch, states, [Steps, Steps, Steps]);
            var (dx, dInitial, dParameters) = evaluator.Backward(dy, dStates);
            // [time][batch · features] as [batch, time, features].
            double[][][] ByBatch(double[][] steps, int size) => [.. Enumerable.Range(0, Batch).Select(row => steps.Select(step => step[(row * size)..((row + 1) * size)]).ToArray())];
            double[] Flat(double[][] steps, int size) => [.. ByBatch(steps, size).SelectMany(row => row).SelectMany(step => step)];
            cases.Add(new Dictionary<string, object>
            {
                ["file"] = $"cell{index}",
                ["name"] = TorchText.ClassName(equations),
                ["parameters"] = equations.Stores.Zip(evaluator.Parameters).ToDictionary(pair => pair.First.Name.Replace('′', '_'), pair => pair.Second),
                ["x"] = ByBatch(x, Inputs),
                ["states"] = states.Zip(equations.States, (state, equation) => Rows(state, equation.Previous.Size)).ToArray(),
                ["gradients"] = dStates.Zip(equations.States, (state, equation) => (object)Rows(state, equation.Previous.Size)).Prepend(ByBatch(dy, outputs)).ToArray(),
            });
            expected.Add([Flat(output, outputs), .. final, Flat(dx, Inputs), .. dInitial, .. dParameters]);
        }
        File.WriteAllText(folder.File("cells.json"), JsonSerializer.Serialize(cases));
        File.WriteAllText(folder.File("check.py"), Script);
        (int status, string printed, string error) = new[] { "/usr/bin/python3", "python3" }.Select(python => Run(python, folder.File("check.py"), folder.Path)).FirstOrDefault(run => run.Status != NoTorch, (Status: NoTorch, Printed: "", Error: ""));
        Assert.SkipWhen(status == NoTorch, "no python3 with torch here");
        string[] lines = printed.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(status == 0, $"{(lines.Length < cells.Length ? cells[lines.Length].Name + "\n" + File.ReadAllText(folder.File($"cell{lines.Length}.py")) : "")}\n{error}");
        foreach (var (cell, line, exact) in cells.Zip(lines, expected))
        {
            using var answer = JsonDocument.Parse(line);
            double[][] found = answer.RootElement.GetProperty("values").Deserialize<double[][]>()!;
            Assert.Equal(exact.Select(values => values.Length), found.Select(values => values.Length));
            for (int k = 0; k < exact.Length; k++)
                for (int i = 0; i < exact[k].Length; i++)
                    Assert.True(Math.Abs(exact[k][i] - found[k][i]) <= 1e-9 * Math.Max(1, exact[k].Max(Math.Abs)), $"{cell.Name}: result {k}[{i}] is {found[k][i]} in PyTorch, {exact[k][i]} here\n{cell.PyTorch(Inputs, Hidden)}");
            Assert.True(answer.RootElement.GetProperty("scripted").GetDouble() < 1e-12, $"{cell.Name}: TorchScript computes something else");
        }
    }

    [Fact]
    public void A_cell_reads_in_PyTorch_as_its_equations_do()
    {
        string text = new Gru(ResetGate.BeforeProduct).PyTorch(3, 4);
        Assert.Contains("""
                    U_rz = self.weight_hh[:8].t()
                    U_n = self.weight_hh[8:].t()
                    x = x.transpose(0, 1)  # the steps first
                    Wx_rz, Wx_n = F.linear(x, self.weight_ih, self.bias_ih).split([8, 4], -1)
                    outputs = []
                    for Wx_rz_t, Wx_n_t in zip(Wx_rz.unbind(0), Wx_n.unbind(0)):
                        a_r, a_z = torch.addmm(Wx_rz_t, h, U_rz).chunk(2, -1)
                        r = torch.sigmoid(a_r)
                        z = torch.sigmoid(a_z)
                        ĥ = torch.tanh(torch.addmm(Wx_n_t, r * h, U_n))
                        h_t = (1 - z) * ĥ + z * h
                        outputs.append(h_t)
                        h = h_t
                    return torch.stack(outputs, 1), h
            """, text, StringComparison.Ordinal);
        Assert.Contains("self.weight_hh = Parameter(torch.empty(12, 4).uniform_(-k, k))  # U_r, U_z, U_n\n", text, StringComparison.Ordinal);
        Assert.Contains("s = norm_xi + b_i", new LstmLayerNorm().PyTorch(3, 4), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_operation_of_equations_has_its_name_in_PyTorch() =>
        Assert.Equal(["SigmoidSlope", "TanhSlope", "Sign"], ElementwiseOperation.All.Where(operation => operation.Torch is null).Select(operation => operation.Name));

    /// <summary>What no cell of the catalogue does.</summary>
    private static IEnumerable<Cell> Own =>
    [
        new OwnCell("Names that Python keeps", cell =>
        {
            var (x, h) = (cell.Input, cell.State("lambda"));
            cell.Next(h, Tanh(cell.Let("in", cell.Affine("is", x, h)) + cell.Let("x", Sigmoid(cell.Affine("1", x)))) * cell.Let("h′", Softplus(h)));
        }),
        new OwnCell("Every function", cell =>
        {
            var (x, h, c) = (cell.Input, cell.State("h"), cell.State("c", cell.InputSize));
            var a = cell.Affine("a", x, h, c);
            cell.Next(h, Relu(a) + Exp(Max(a, h) * -0.5) / (1 + Sqrt(1 + a * a)) - Log(2 + Abs(a)) - (h - Max(a, 0.25 * cell.Vector("v"))) - -h);
            cell.Next(c, x);
            cell.Output(cell.Affine("y", cell.HiddenSize, true, ParameterStart.Default, Tanh(x), cell.NextOf(h)));
        }),
        new OwnCell("Means and vectors in the place of states", cell =>
        {
            var (h, c, d) = (cell.State("h"), cell.State("c"), cell.State("d"));
            var m = cell.Let("m", Mean(Sigmoid(cell.Affine("m", cell.Input, h))));
            cell.Next(d, Mean(Tanh(cell.Affine("q", cell.Input))) * cell.Scalar("ρ", 2));
            cell.Next(c, cell.Vector("v"));
            cell.Next(h, Tanh(cell.Affine("h", m, c)) + d * m);
            cell.Output(m);
        }),
        new OwnCell("Norms of several products", cell =>
        {
            var (x, h) = (cell.Input, cell.State("h"));
            Expression Product(string gate, Expression vector) => cell.Affine(gate, cell.HiddenSize, false, ParameterStart.Default, vector);
            var (a, b, d) = (Product("a", h), Product("b", Tanh(h)), Product("d", h));
            var mixed = cell.LayerNorm("m", d, b, a);
            var ofX = cell.LayerNorm("x", Product("p", x), Product("q", x));
            cell.Next(h, Tanh(mixed[0] * mixed[2] + mixed[1] + ofX[1] + cell.Bias("h") + cell.LayerNorm("s", h + a)));
        }),
        new OwnCell("Transposes and shared matrices", cell =>
        {
            var (x, h) = (cell.Input, cell.State("h"));
            var p = cell.Affine("p", 4, true, ParameterStart.Default, x);
            var z = Sigmoid(cell.Transposed("W_p", p));
            cell.Next(h, Tanh(cell.Affine("h", cell.HiddenSize, true, ParameterStart.Default, z, x, h)) + cell.Transposed("U_g", Tanh(cell.Affine("g", h))) * (1 - cell.Affine("e", h, x)));
        }),
        new OwnCell("Nothing of the input", cell =>
        {
            var (h, c) = (cell.State("h"), cell.State("c"));
            cell.Next(h, Tanh(cell.Affine("h", c)));
            cell.Next(c, h);
            cell.Output(h);
        }),
    ];

    private sealed class OwnCell(string name, Action<CellEquations> define) : Cell
    {
        public override string Name => name;

        protected override void Define(CellEquations cell) => define(cell);
    }

    private static Expression Sigmoid(Expression x) => Expression.Of(ElementwiseOperation.Sigmoid, x);
    private static Expression Tanh(Expression x) => Expression.Of(ElementwiseOperation.Tanh, x);
    private static Expression Relu(Expression x) => Expression.Of(ElementwiseOperation.Relu, x);
    private static Expression Exp(Expression x) => Expression.Of(ElementwiseOperation.Exp, x);
    private static Expression Log(Expression x) => Expression.Of(ElementwiseOperation.Log, x);
    private static Expression Softplus(Expression x) => Expression.Of(ElementwiseOperation.Softplus, x);
    private static Expression Sqrt(Expression x) => Expression.Of(ElementwiseOperation.SquareRoot, x);
    private static Expression Abs(Expression x) => Expression.Of(ElementwiseOperation.Absolute, x);
    private static Expression Max(Expression a, Expression b) => Expression.Of(ElementwiseOperation.Maximum, a, b);
    private static Expression Mean(Expression x) => x.Owner.Mean(x);

    private static (int Status, string Printed, string Error) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string printed = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, printed, error.Result);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (NoTorch, "", "");
        }
    }
}
