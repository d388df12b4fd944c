using Unroll.Cells;
using Unroll.Equations;

namespace Unroll.Tests.Equations;

/// <summary>The reference itself: its symbolic derivative against central differences of its own forward pass, in double precision.</summary>
public class CellEvaluatorTests
{
    public static TheoryData<string> Cells => [.. CellCatalogue.All.Select(variant => variant.Name)];

    [Theory]
    [MemberData(nameof(Cells))]
    public void Gradient_of_every_input_state_and_parameter_matches_central_differences(string name)
    {
        var random = new Random(7);
        for (int trial = 0; trial < 3; trial++)
        {
            int batch = 4, steps = 5, inputSize = 1 + random.Next(4), hidden = 1 + random.Next(5);
            CheckGradient(CellCatalogue.Find(name).Create(), random, batch, steps, inputSize, hidden, [random.Next(1, 6), 0, 5, random.Next(1, 6)]);
        }
    }

    internal static void CheckGradient(Cell cell, Random random, int batch, int steps, int inputSize, int hidden, int[] lengths)
    {
        var equations = cell.Build(inputSize, hidden);
        var evaluator = new CellEvaluator(equations);
        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 2 - 1)];
        for (int p = 0; p < evaluator.Parameters.Length; p++) evaluator.Parameters[p] = Numbers(evaluator.Parameters[p].Length);
        var x = Enumerable.Range(0, steps).Select(_ => Numbers(batch * inputSize)).ToArray();
        var initial = equations.States.Select(s => Numbers(batch * s.Previous.Size)).ToArray();
        var outputGradient = Enumerable.Range(0, steps).Select(_ => Numbers(batch * equations.OutputValue!.Size)).ToArray();
        var finalGradient = equations.States.Select(s => Numbers(batch * s.Previous.Size)).ToArray();

        double Loss()
        {
            var (output, final) = evaluator.Forward(x, batch, initial, lengths);
            double sum = 0;
            for (int t = 0; t < steps; t++) for (int i = 0; i < output[t].Length; i++) sum += output[t][i] * outputGradient[t][i];
            for (int s = 0; s < final.Length; s++) for (int i = 0; i < final[s].Length; i++) sum += final[s][i] * finalGradient[s][i];
            return sum;
        }

        Loss();
        var (dx, d0, dp) = evaluator.Backward(outputGradient, finalGradient);
        void Check(double[] values, double[] gradient, string what)
        {
            const double Step = 1e-5;
            for (int i = 0; i < values.Length; i++)
            {
                double kept = values[i];
                values[i] = kept + Step;
                double up = Loss();
                values[i] = kept - Step;
                double down = Loss();
                values[i] = kept;
                double expected = (up - down) / (2 * Step);
                double error = Math.Abs(gradient[i] - expected) / Math.Max(1, Math.Abs(expected));
                Assert.True(error <= 1e-6, $"{cell.Name}: ∂L/∂{what}[{i}] is {gradient[i]}, central differences give {expected}");
            }
        }

        for (int t = 0; t < steps; t++) Check(x[t], dx[t], $"x{t}");
        for (int s = 0; s < initial.Length; s++) Check(initial[s], d0[s], equations.States[s].Name);
        for (int p = 0; p < dp.Length; p++) Check(evaluator.Parameters[p], dp[p], equations.Stores[p].Name);
    }

    [Fact]
    public void Equations_read_like_the_slide()
    {
        Assert.Equal(["i = σ(W_i xₜ + U_i hₜ₋₁ + b_i)", "f = σ(W_f xₜ + U_f hₜ₋₁ + b_f)", "g = tanh(W_g xₜ + U_g hₜ₋₁ + b_g)",
            "o = σ(W_o xₜ + U_o hₜ₋₁ + b_o)", "cₜ = f ⊙ cₜ₋₁ + i ⊙ g", "hₜ = o ⊙ tanh(cₜ)", "yₜ = hₜ"], new Lstm().Equations);
        Assert.Equal("ĥ = tanh(W_n xₜ + U_n (r ⊙ hₜ₋₁) + b_n)", new Gru(ResetGate.BeforeProduct).Equations[2]);
        Assert.Equal("ĥ = tanh(W_n xₜ + b_n + r ⊙ (U_n hₜ₋₁ + b′_n))", new Gru().Equations[2]);
        Assert.Equal("hₜ = (1 − z) ⊙ ĥ + z ⊙ hₜ₋₁", new Gru().Equations[3]);
        Assert.Equal("h_t = (1 - z) \\odot h_{t-1} + z \\odot \\hat{h}", new Gru(update: UpdateGate.Writes).Latex[3]);
        Assert.Equal(["hₜ = W_h xₜ + U_h hₜ₋₁ + b_h", "yₜ = hₜ"], new Elman(Activation.Identity).Equations);
    }

    private sealed class Broken(Action<CellEquations> define) : Cell
    {
        protected override void Define(CellEquations cell) => define(cell);
    }

    private static void Refused(string message, Action<CellEquations> define) =>
        Assert.Equal(message, Assert.Throws<EquationException>(() => new Broken(define).Build(3, 4)).Message);

    [Fact]
    public void Mistakes_are_reported_with_the_equation()
    {
        Refused("Broken: the state h is never given its next value; add Next(h, …).", cell => cell.State("h"));
        Refused("Broken: no state is declared; a recurrent cell has at least one, cell.State(\"h\").", cell => { });
        Refused("Broken: xₜ + hₜ₋₁: the sizes differ, 3 and 4; make them equal.", cell => _ = cell.Input + cell.State("h"));
        Refused("Broken: the next h is read before it exists; write Next(h, …) first.", cell => cell.NextOf(cell.State("h")));
        Refused("Broken: the name h is used twice; give each state, gate and vector its own.", cell => { cell.State("h"); cell.State("h"); });
        Refused("Broken: h = W_a xₜ + b_a: the state has size 4, its next value 5; make them equal.",
            cell => cell.Next(cell.State("h"), cell.Affine("a", 5, true, ParameterStart.Default, cell.Input)));
        Refused("Broken: Next(xₜ, …): not a state; pass what cell.State(…) returned.", cell => cell.Next(cell.Input, cell.Input));
        Refused("Broken: the scalar α meets vectors of sizes 3 and 4; declare one for each.", cell =>
        {
            var rate = cell.Scalar("α", 1);
            _ = rate * cell.Input;
            _ = rate * cell.State("h");
        });
        Refused("Broken: Start(\"U_a\", …): there is no matrix U_a; the matrices so far are W_a.", cell =>
        {
            cell.Affine("a", cell.Input);
            cell.Start("U_a", ParameterStart.Identity);
        });
        Refused("Broken: Transposed(\"U_a\", …): there is no matrix U_a; the matrices so far are W_a.", cell =>
        {
            cell.Affine("a", cell.Input);
            cell.Transposed("U_a", cell.Input);
        });
        Refused("Broken: W_aᵀ xₜ: the matrix has 4 rows, the vector 3 features; make them equal.", cell =>
        {
            cell.Affine("a", cell.Input);
            cell.Transposed("W_a", cell.Input);
        });
        Refused("Broken: the matrix W_a cannot start as Ones; choose Identity or Zeros.", cell =>
        {
            cell.Affine("a", cell.Input);
            cell.Start("W_a", ParameterStart.Ones);
        });
        Refused("Broken: the gate a multiplies nothing; give Affine(\"a\", …) at least one vector, such as x or h.", cell => cell.Affine("a"));
    }

    [Fact]
    public void Sizes_below_one_are_refused() =>
        Assert.Equal("Lstm: the hidden size is 0; it must be at least 1.", Assert.Throws<BadUsageException>(() => new Lstm().Build(3, 0)).Message);
}
