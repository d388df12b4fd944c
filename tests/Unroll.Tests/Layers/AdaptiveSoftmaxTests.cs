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

    /// <summary>A layer tied to an embedding, the two as one module: embedding.weight, output.bias, output.clusters.weight, output.clusters.bias.</summary>
    private sealed class TiedLayer : Module
    {
        public TiedLayer(int features, int classes, int[] cutoffs)
        {
            Embedding = Add("embedding", new Embedding(classes, features));
            Output = Add("output", new AdaptiveSoftmax(Embedding.Weight, cutoffs));
        }

        public Embedding Embedding { get; }

        public AdaptiveSoftmax Output { get; }
    }

    private static TiedLayer Tied()
    {
        var layer = new TiedLayer(Features, Classes, Cutoffs);
        var random = new RandomState(4);
        // Biases begin as zeros, which would hide their part.
        foreach (Parameter parameter in layer.Parameters) Draw(random, parameter.Shape.Count).CopyTo(parameter.Values);
        return layer;
    }

    private static float[] Draw(RandomState random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextGaussian())];

    /// <summary>The loss, and its gradients for x and for every parameter.</summary>
    private static (float Loss, float[][] Gradients) Run(AdaptiveSoftmax layer, Tensor x, int[] targets, int ignore = -1) => Run(layer, layer, x, targets, ignore);

    /// <summary>The same with the gradients of all parameters of a module that the layer is a part of.</summary>
    private static (float Loss, float[][] Gradients) Run(Module whole, AdaptiveSoftmax layer, Tensor x, int[] targets, int ignore = -1)
    {
        whole.ClearGradients();
        var tape = new Tape();
        tape.Begin();
        Tensor watched = tape.Watch(x), loss = layer.Loss(watched, targets, ignore);
        tape.Backward(loss);
        tape.End();
        return (loss.Item, [tape.Gradient(watched).ToArray(), .. whole.Parameters.Select(parameter => parameter.Gradient.ToArray())]);
    }

    /// <summary>The loss by the definition, in double precision; the numbers are x, then the parameters as the layer lists them.</summary>
    private static double Slow(double[][] numbers, bool headBias, int[] targets)
    {
        int tail = headBias ? 3 : 2;
        return Slow(numbers[0], targets,
            x => headBias ? Sum(Product(numbers[1], x), numbers[2]) : Product(numbers[1], x),
            (x, cluster) => Product(numbers[tail + 2 * cluster + 1], Product(numbers[tail + 2 * cluster], x)));
    }

    /// <summary>The same of a tied layer.</summary>
    private static double SlowTied(double[][] numbers, int[] targets)
    {
        double[] embedding = numbers[1], bias = numbers[2];
        return Slow(numbers[0], targets,
            x => [.. Logits(x, 0, Cutoffs[0]), .. Sum(Product(numbers[3], x), numbers[4])],
            (x, cluster) => Logits(x, Cutoffs[cluster], cluster + 1 < Cutoffs.Length ? Cutoffs[cluster + 1] : Classes));

        double[] Logits(double[] x, int from, int to) => Sum(Product(embedding[(from * Features)..(to * Features)], x), bias[from..to]);
    }

    private static double Slow(double[] rows, int[] targets, Func<double[], double[]> head, Func<double[], int, double[]> clusterLogits)
    {
        double sum = 0;
        int counted = 0;
        for (int row = 0; row < targets.Length; row++)
        {
            if (targets[row] < 0) continue;
            counted++;
            double[] x = rows[(row * Features)..((row + 1) * Features)];
            int cluster = Cutoffs.Count(cutoff => targets[row] >= cutoff);
            sum -= LogSoftmax(head(x), cluster == 0 ? targets[row] : Cutoffs[0] + cluster - 1);
            if (cluster > 0) sum -= LogSoftmax(clusterLogits(x, cluster - 1), targets[row] - Cutoffs[cluster - 1]);
        }
        return sum / Math.Max(1, counted);

        static double LogSoftmax(double[] logits, int which) => logits[which] - Math.Log(logits.Sum(Math.Exp));
    }

    private static double[] Product(double[] matrix, double[] vector) => [.. matrix.Chunk(vector.Length).Select(row => row.Zip(vector, (a, b) => a * b).Sum())];

    private static double[] Sum(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a + b)];

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

        AssertGradients(x, layer, loss, gradients, numbers => Slow(numbers, headBias, targets));
    }

    [Fact]
    public void Loss_and_gradients_of_a_tied_layer_are_those_of_the_definition()
    {
        const int Rows = 40;
        var random = new RandomState(1);
        TiedLayer layer = Tied();
        Tensor x = Tensor.From(Draw(random, Rows * Features), [Rows / 4, 4, Features]);
        int[] targets = [.. Enumerable.Range(0, Rows).Select(_ => random.NextInt(Classes + 1) - 1)];
        Assert.Equal(["embedding.weight [23, 10]", "output.bias [23]", "output.clusters.weight [3, 10]", "output.clusters.bias [3]"], layer.Parameters.Select(parameter => parameter.ToString()));
        var (loss, gradients) = Run(layer, layer.Output, x, targets);
        AssertGradients(x, layer, loss, gradients, numbers => SlowTied(numbers, targets));
    }

    /// <summary>Compares with a slow loss of x and the parameters, and with its central differences.</summary>
    private static void AssertGradients(Tensor x, Module layer, float loss, float[][] gradients, Func<double[][], double> slow)
    {
        double[][] numbers = [[.. x.ToArray().Select(value => (double)value)], .. layer.Parameters.Select(parameter => parameter.Values.ToArray().Select(value => (double)value).ToArray())];
        double expected = slow(numbers);
        Assert.Equal(expected, loss, 1e-6 * Math.Max(1, expected));
        for (int i = 0; i < numbers.Length; i++)
        {
            for (int j = 0; j < numbers[i].Length; j++)
            {
                const double Step = 1e-5;
                double kept = numbers[i][j];
                numbers[i][j] = kept + Step;
                double above = slow(numbers);
                numbers[i][j] = kept - Step;
                double below = slow(numbers);
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Probabilities_add_up_to_one_and_the_loss_is_their_logarithm_at_the_targets(bool tied)
    {
        var random = new RandomState(2);
        AdaptiveSoftmax layer = tied ? Tied().Output : Layer();
        Tensor x = Tensor.From(Draw(random, Classes * Features), [Classes, Features]);
        float[][] logs = [.. layer.LogProbabilities(x).ToArray().Chunk(Classes)];
        Assert.All(logs, row => Assert.Equal(1, row.Sum(log => Math.Exp(log)), 1e-6));
        for (int target = 0; target < Classes; target++)
        {
            Tensor row = x.Select(0, target);
            Assert.Equal(-logs[target][target], layer.Loss(row, [target]).Item, 1e-5f * Math.Max(1, -logs[target][target]));
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Threads_change_no_bit(bool tied)
    {
        const int Rows = 700, Wide = 64, Many = 5000;
        var random = new RandomState(5);
        var whole = new TiedLayer(Wide, Many, [300, 1200]);
        AdaptiveSoftmax layer = tied ? whole.Output : new AdaptiveSoftmax(Wide, Many, [300, 1200]);
        Module parameters = tied ? whole : layer;
        parameters.Initialize(random);
        Tensor x = Tensor.From(Draw(random, Rows * Wide), [Rows, Wide]);
        int[] targets = [.. Enumerable.Range(0, Rows).Select(_ => random.NextInt(Many))];
        int before = Parallelism.Threads;
        try
        {
            Parallelism.Threads = 1;
            var (loss, gradients) = Run(parameters, layer, x, targets);
            float[] logs = layer.LogProbabilities(x).ToArray();
            foreach (int threads in new[] { 2, 3, 5 })
            {
                Parallelism.Threads = threads;
                var (again, gradientsAgain) = Run(parameters, layer, x, targets);
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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_steady_step_allocates_nothing_whatever_the_targets(bool tied)
    {
        AdaptiveSoftmax layer = tied ? Tied().Output : Layer(headBias: true);
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
