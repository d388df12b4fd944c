using System.Text.Json;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

[Collection(Alone.Name)]
public sealed class AdaptiveSoftmaxTests
{
    private const int Features = 10, Classes = 23;
    private static readonly int[] Cutoffs = [4, 9, 15];

    private static AdaptiveSoftmax Layer(bool headBias = false)
    {
        var layer = new AdaptiveSoftmax(Features, Classes, Cutoffs, divisor: 3, headBias);
        layer.Initialize(new RandomState(4));
        return layer;
    }

    private static float[] Draw(RandomState random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextGaussian())];

    /// <summary>The loss, and its gradients for x and for every parameter.</summary>
    private static (float Loss, float[][] Gradients) Run(AdaptiveSoftmax layer, Tensor x, int[] targets, int ignore = -1)
    {
        layer.ClearGradients();
        var tape = new Tape();
        tape.Begin();
        Tensor watched = tape.Watch(x), loss = layer.Loss(watched, targets, ignore);
        tape.Backward(loss);
        tape.End();
        return (loss.Item, [tape.Gradient(watched).ToArray(), .. layer.Parameters.Select(parameter => parameter.Gradient.ToArray())]);
    }

    /// <summary>The loss by the definition, in double precision; the numbers are x, then the parameters as the layer lists them.</summary>
    private static double Slow(double[][] numbers, bool headBias, int[] targets)
    {
        double sum = 0;
        int counted = 0, tail = headBias ? 3 : 2;
        for (int row = 0; row < targets.Length; row++)
        {
            if (targets[row] < 0) continue;
            counted++;
            double[] x = numbers[0][(row * Features)..((row + 1) * Features)], head = Product(numbers[1], x);
            if (headBias) head = [.. head.Zip(numbers[2], (logit, bias) => logit + bias)];
            int cluster = Cutoffs.Count(cutoff => targets[row] >= cutoff);
            sum -= LogSoftmax(head, cluster == 0 ? targets[row] : Cutoffs[0] + cluster - 1);
            if (cluster == 0) continue;
            int first = tail + 2 * (cluster - 1);
            sum -= LogSoftmax(Product(numbers[first + 1], Product(numbers[first], x)), targets[row] - Cutoffs[cluster - 1]);
        }
        return sum / Math.Max(1, counted);

        static double[] Product(double[] matrix, double[] vector) => [.. matrix.Chunk(vector.Length).Select(row => row.Zip(vector, (a, b) => a * b).Sum())];

        static double LogSoftmax(double[] logits, int which) => logits[which] - Math.Log(logits.Sum(Math.Exp));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loss_and_gradients_are_those_of_the_definition(bool headBias)
    {
        const int Rows = 40;
        var random = new RandomState(1);
        AdaptiveSoftmax layer = Layer(headBias);
        Tensor x = Tensor.From(Draw(random, Rows * Features), [Rows / 4, 4, Features]);
        int[] targets = [.. Enumerable.Range(0, Rows).Select(_ => random.NextInt(Classes + 1) - 1)];
        var (loss, gradients) = Run(layer, x, targets);

        double[][] numbers = [[.. x.ToArray().Select(value => (double)value)], .. layer.Parameters.Select(parameter => parameter.Values.ToArray().Select(value => (double)value).ToArray())];
        Assert.Equal(Slow(numbers, headBias, targets), loss, 1e-6);
        for (int i = 0; i < numbers.Length; i++)
        {
            for (int j = 0; j < numbers[i].Length; j++)
            {
                const double Step = 1e-5;
                double kept = numbers[i][j];
                numbers[i][j] = kept + Step;
                double above = Slow(numbers, headBias, targets);
                numbers[i][j] = kept - Step;
                double below = Slow(numbers, headBias, targets);
                numbers[i][j] = kept;
                Assert.Equal((above - below) / (2 * Step), gradients[i][j], 1e-6);
            }
        }
    }

    [Theory]
    [InlineData("plain", false)]
    [InlineData("head bias", true)]
    public void It_is_PyTorchs_layer(string name, bool headBias)
    {
        JsonElement golden = Goldens.Read("training.json").GetProperty("adaptive softmax").GetProperty(name);
        var layer = new AdaptiveSoftmax(8, 11, [3, 6], divisor: 2, headBias);
        Assert.Equal(golden.GetProperty("parameters").EnumerateObject().Select(parameter => parameter.Name), layer.Parameters.Select(parameter => parameter.Name));
        foreach (Parameter parameter in layer.Parameters) golden.GetProperty("parameters").GetProperty(parameter.Name).Singles().CopyTo(parameter.Values);
        Tensor x = Tensor.From(golden.GetProperty("x").Singles(), [2, 3, 8]);
        int[] targets = [.. golden.GetProperty("targets").EnumerateArray().Select(target => target.GetInt32())];

        var (loss, gradients) = Run(layer, x, targets);
        Assert.Equal(golden.GetProperty("loss").GetDouble(), loss, 1e-6);
        Tensor logs = layer.LogProbabilities(x);
        Assert.Equal([2, 3, 11], logs.Shape);
        Near(golden.GetProperty("log probabilities"), logs.ToArray());
        Near(golden.GetProperty("gradient"), gradients[0]);
        for (int i = 0; i < layer.Parameters.Count; i++) Near(golden.GetProperty("gradients").GetProperty(layer.Parameters[i].Name), gradients[i + 1]);

        static void Near(JsonElement expected, float[] actual) => Assert.All(expected.Doubles().Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-6));
    }

    [Fact]
    public void Probabilities_add_up_to_one_and_the_loss_is_their_logarithm_at_the_targets()
    {
        var random = new RandomState(2);
        AdaptiveSoftmax layer = Layer();
        Tensor x = Tensor.From(Draw(random, Classes * Features), [Classes, Features]);
        float[][] logs = [.. layer.LogProbabilities(x).ToArray().Chunk(Classes)];
        Assert.All(logs, row => Assert.Equal(1, row.Sum(log => Math.Exp(log)), 1e-6));
        for (int target = 0; target < Classes; target++)
        {
            Tensor row = x.Select(0, target);
            Assert.Equal(-logs[target][target], layer.Loss(row, [target]).Item, 1e-5f);
            Assert.Equal(logs[target], layer.LogProbabilities(row).ToArray(), (a, b) => Math.Abs(a - b) < 1e-5f);
        }
        Assert.Equal(-logs.Select((row, target) => row[target]).Average(), layer.Loss(x, [.. Enumerable.Range(0, Classes)]).Item, 1e-5f);
    }

    [Fact]
    public void Rows_that_do_not_count_have_no_influence()
    {
        AdaptiveSoftmax layer = Layer();
        Tensor x = Tensor.From(Draw(new RandomState(3), 3 * Features), [3, Features]);
        float second = layer.Loss(x.Select(0, 1), [20]).Item;
        Assert.Equal(second, layer.Loss(x, [-1, 20, -1]).Item);
        // A class that exists can be the one to leave out.
        Assert.Equal(second, layer.Loss(x, [5, 20, 5], ignore: 5).Item);

        var (loss, gradients) = Run(layer, x, [-1, -1, -1]);
        Assert.Equal(0, loss);
        Assert.All(gradients, gradient => Assert.All(gradient, value => Assert.Equal(0, value)));
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        const int Rows = 700, Wide = 64, Many = 5000;
        var random = new RandomState(5);
        var layer = new AdaptiveSoftmax(Wide, Many, [300, 1200]);
        layer.Initialize(random);
        Tensor x = Tensor.From(Draw(random, Rows * Wide), [Rows, Wide]);
        int[] targets = [.. Enumerable.Range(0, Rows).Select(_ => random.NextInt(Many))];
        int before = Parallelism.Threads;
        try
        {
            Parallelism.Threads = 1;
            var (loss, gradients) = Run(layer, x, targets);
            float[] logs = layer.LogProbabilities(x).ToArray();
            foreach (int threads in new[] { 2, 3, 5 })
            {
                Parallelism.Threads = threads;
                var (again, gradientsAgain) = Run(layer, x, targets);
                Assert.Equal(loss, again);
                Assert.Equal(gradients, gradientsAgain);
                Assert.Equal(logs, layer.LogProbabilities(x).ToArray());
            }
        }
        finally
        {
            Parallelism.Threads = before;
        }
    }

    [Fact]
    public void A_steady_step_allocates_nothing_whatever_the_targets()
    {
        AdaptiveSoftmax layer = Layer(headBias: true);
        float[] values = Draw(new RandomState(6), 50 * Features);
        int[] targets = new int[50];
        var random = new RandomState(7);
        var tape = new Tape();
        Assert.Equal(0, Allocation.OfSteadySteps(step =>
        {
            // At every third step some clusters are empty.
            for (int i = 0; i < targets.Length; i++) targets[i] = random.NextInt(step % 3 == 0 ? 7 : Classes);
            tape.Begin();
            Tensor x = Tensor.From(values, [50, Features]);
            tape.Backward(layer.Loss(x, targets) + layer.LogProbabilities(x).Mean());
            tape.End();
        }));
    }

    [Theory]
    [InlineData("features", 0, 5, 4f, new[] { 2 })]
    [InlineData("divisor", 8, 5, 0.5f, new[] { 2 })]
    [InlineData("divisor", 8, 5, float.NaN, new[] { 2 })]
    [InlineData("cutoffs", 8, 5, 4f, new int[0])]
    [InlineData("are 0 for 5 classes; expected one or more numbers that rise from 1 or more to 4", 8, 5, 4f, new[] { 0 })]
    [InlineData("are 2, 5 for", 8, 5, 4f, new[] { 2, 5 })]
    [InlineData("are 3, 2 for", 8, 5, 4f, new[] { 3, 2 })]
    [InlineData("are 2, 2 for", 8, 5, 4f, new[] { 2, 2 })]
    public void A_layer_that_makes_no_sense_is_refused(string expected, int features, int classes, float divisor, int[] cutoffs) =>
        Assert.Contains(expected, Assert.Throws<BadUsageException>(() => new AdaptiveSoftmax(features, classes, cutoffs, divisor)).Message);

    [Fact]
    public void Shapes_and_targets_that_do_not_fit_are_named()
    {
        AdaptiveSoftmax layer = Layer();
        Assert.Contains("[2, 9]", Assert.Throws<ShapeException>(() => layer.Loss(Tensor.Zeros([2, 9]), [0, 0])).Message);
        Assert.Contains("[2, 9]", Assert.Throws<ShapeException>(() => layer.LogProbabilities(Tensor.Zeros([2, 9]))).Message);
        Assert.Contains("3 targets", Assert.Throws<ShapeException>(() => layer.Loss(Tensor.Zeros([2, Features]), [0, 0, 0])).Message);
        Assert.Contains("no class 23", Assert.Throws<ShapeException>(() => layer.Loss(Tensor.Zeros([1, Features]), [Classes])).Message);
        Assert.Contains("no class -2", Assert.Throws<ShapeException>(() => layer.Loss(Tensor.Zeros([1, Features]), [-2])).Message);
    }

    [Fact]
    public void Clusters_see_fewer_features_but_at_least_one() =>
        Assert.Equal(["head.weight [6, 10]", "tail.0.0.weight [2, 10]", "tail.0.1.weight [3, 2]", "tail.1.0.weight [1, 10]", "tail.1.1.weight [4, 1]", "tail.2.0.weight [1, 10]", "tail.2.1.weight [5, 1]"],
            new AdaptiveSoftmax(Features, 15, [3, 6, 10]).Parameters.Select(parameter => parameter.ToString()));
}
