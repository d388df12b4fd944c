using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

/// <summary>Every operation against the slow reference: values, and gradients against central differences of the reference in double.</summary>
public sealed class OperationTests
{
    /// <summary>Operations whose gradients are tested in other classes, because they are not built from plain operands.</summary>
    private static readonly string[] TestedElsewhere = ["RecurrentOperation"];

    static OperationTests() => OperationCall.WorkPerPart = 1 << 9;

    public static TheoryData<string> Names => [.. OperationCases.All.Select(entry => entry.Name)];

    [Fact]
    public void Every_operation_has_a_gradient_case()
    {
        var operations = typeof(Operation).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Operation)) && !type.IsAbstract).ToArray();
        var covered = OperationCases.All.Select(entry => entry.Operation).ToHashSet();
        Assert.NotEmpty(operations);
        Assert.Empty(operations.Where(type => !covered.Contains(type) && !TestedElsewhere.Contains(type.Name)).Select(type => type.Name));
    }

    [Theory, MemberData(nameof(Names))]
    public void Values_and_gradients_match_the_reference(string name)
    {
        OperationCase entry = OperationCases.All.Single(candidate => candidate.Name == name);
        var random = new RandomState(7).Fork(name);
        foreach (Size size in entry.Sizes)
            for (int round = 0; round < (size == Size.Large ? 2 : 15); round++)
                Check(entry.Draw(random, size), random, $"{name}, {size}, round {round}");
    }

    [Theory, MemberData(nameof(Names))]
    public void The_number_of_threads_does_not_change_a_bit(string name)
    {
        OperationCase entry = OperationCases.All.Single(candidate => candidate.Name == name);
        var random = new RandomState(8).Fork(name);
        int threads = ThreadTeam.Threads;
        try
        {
            for (int round = 0; round < 4; round++)
            {
                Arrangement arrangement = entry.Draw(random, Size.Large);
                float[] weights = Weights(arrangement, random);
                ThreadTeam.Threads = 1;
                var (value, gradients) = Run(arrangement, weights);
                for (int count = 2; count <= 3; count++)
                {
                    ThreadTeam.Threads = count;
                    var (again, gradientsAgain) = Run(arrangement, weights);
                    Assert.Equal(value, again);
                    Assert.Equal(gradients, gradientsAgain);
                }
            }
        }
        finally
        {
            ThreadTeam.Threads = threads;
        }
    }

    private static float[] Weights(Arrangement arrangement, RandomState random) =>
        [.. arrangement.Slow(arrangement.Inputs).Values.Select(_ => 2 * random.NextSingle() - 1)];

    /// <summary>The result, and the gradients of its weighted sum.</summary>
    private static (float[] Value, float[][] Gradients) Run(Arrangement arrangement, float[] weights)
    {
        var tape = new Tape();
        tape.Begin();
        Tensor[] inputs = [.. arrangement.Inputs.Select((input, i) => i == arrangement.Constant ? input.ToTensor() : tape.Watch(input.ToTensor()))];
        Tensor value = arrangement.Fast(inputs);
        Assert.Equal(arrangement.Slow(arrangement.Inputs).Shape, value.Shape.ToArray());
        tape.Backward((value * Tensor.From(weights, value.Shape)).Sum());
        tape.End();
        return (value.ToArray(), [.. inputs.Select((input, i) => i == arrangement.Constant ? [] : tape.Gradient(input).ToArray())]);
    }

    private static void Check(Arrangement arrangement, RandomState random, string where)
    {
        float[] weights = Weights(arrangement, random);
        var (value, gradients) = Run(arrangement, weights);
        double[] expected = arrangement.Slow(arrangement.Inputs).Values;
        Compare([.. value.Select(x => (double)x)], expected, Scale(expected), $"{where}: value");
        for (int input = 0; input < gradients.Length; input++)
        {
            if (input == arrangement.Constant) continue;
            double[] numbers = arrangement.Inputs[input].Values;
            Assert.Equal(numbers.Length, gradients[input].Length);
            // Large operands are sampled: a difference costs two evaluations of the whole.
            int[] places = numbers.Length <= 300 ? [.. Enumerable.Range(0, numbers.Length)] : [.. Enumerable.Range(0, 8).Select(_ => random.NextInt(numbers.Length))];
            double[] differences = [.. places.Select(place => Difference(arrangement, weights, numbers, place))];
            Compare([.. places.Select(place => (double)gradients[input][place])], differences,
                Math.Max(Scale(differences), Scale([.. gradients[input].Select(x => (double)x)])), $"{where}: gradient of operand {input}");
        }
    }

    private static double Difference(Arrangement arrangement, float[] weights, double[] numbers, int place)
    {
        const double Step = 1e-5;
        double kept = numbers[place];
        numbers[place] = kept + Step;
        double[] above = arrangement.Slow(arrangement.Inputs).Values;
        numbers[place] = kept - Step;
        double[] below = arrangement.Slow(arrangement.Inputs).Values;
        numbers[place] = kept;
        double sum = 0;
        for (int i = 0; i < weights.Length; i++) sum += weights[i] * (above[i] - below[i]);
        return sum / (2 * Step);
    }

    private static double Scale(double[] values) => values.Length == 0 ? 0 : values.Max(Math.Abs);

    /// <summary>Within 1e-5 of the largest number expected; and within a rounding or two of the operands, which are of size 1 and may cancel.</summary>
    private static void Compare(double[] actual, double[] expected, double scale, string where)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(actual[i] - expected[i]) <= 1e-5 * scale + 5e-7, $"{where}: at {i} expected {expected[i]}, found {actual[i]}; the largest is {scale}.");
    }
}
