using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

[Collection(Alone.Name)]
public sealed class AttentionTests
{
    private const int Batch = 3, Queries = 4, Places = 5, Size = 6, Inner = 7;
    private static readonly int[] Lengths = [5, 1, 3];

    private static int MemorySize(AttentionScore score) => score == AttentionScore.Dot ? Size : 8;

    private static Attention Layer(AttentionScore score, float scale = 1)
    {
        var layer = new Attention(score, Size, MemorySize(score), score == AttentionScore.Additive ? Inner : null, scale);
        layer.Initialize(new RandomState(4));
        return layer;
    }

    private static Tensor Draw(ulong seed, Shape shape)
    {
        var random = new RandomState(seed);
        return Tensor.From([.. Enumerable.Range(0, shape.Count).Select(_ => (float)random.NextGaussian())], shape);
    }

    /// <summary>The context and weights by the definition; the numbers are queries, memory, then the parameters as the layer lists them.</summary>
    private static (double[] Context, double[] Weights) Slow(AttentionScore score, float scale, double[][] numbers, int[] lengths)
    {
        int memorySize = MemorySize(score);
        double[][] queries = [.. numbers[0].Chunk(Size)], memory = [.. numbers[1].Chunk(memorySize)];
        var contexts = new List<double>();
        var all = new List<double>();
        for (int row = 0; row < Batch * Queries; row++)
        {
            int sequence = row / Queries;
            var weights = new double[Places];
            for (int place = 0; place < lengths[sequence]; place++)
            {
                double[] q = queries[row], m = memory[sequence * Places + place];
                weights[place] = Math.Exp(scale * score switch
                {
                    AttentionScore.Dot => Dot(q, m),
                    AttentionScore.General => Dot(q, Product(numbers[2], m)),
                    _ => Dot(numbers[4], [.. Product(numbers[3], q).Zip(Product(numbers[2], m), (a, b) => Math.Tanh(a + b))]),
                });
            }
            double sum = weights.Sum();
            weights = [.. weights.Select(weight => weight / sum)];
            all.AddRange(weights);
            for (int i = 0; i < memorySize; i++) contexts.Add(Enumerable.Range(0, Places).Sum(place => weights[place] * memory[sequence * Places + place][i]));
        }
        return ([.. contexts], [.. all]);

        static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

        static double[] Product(double[] matrix, double[] vector) => [.. matrix.Chunk(vector.Length).Select(row => Dot(row, vector))];
    }

    [Theory]
    [InlineData(AttentionScore.Dot, 1)]
    [InlineData(AttentionScore.General, 1)]
    [InlineData(AttentionScore.General, 0.375f)]
    [InlineData(AttentionScore.Additive, 1)]
    [InlineData(AttentionScore.Additive, 2.5f)]
    public void Values_and_gradients_are_those_of_the_definition(AttentionScore score, float scale)
    {
        Attention layer = Layer(score, scale);
        Tensor queries = Draw(1, [Batch, Queries, Size]), memory = Draw(2, [Batch, Places, MemorySize(score)]);
        float[] onContext = Draw(3, [Batch, Queries, MemorySize(score)]).ToArray(), onWeights = Draw(5, [Batch, Queries, Places]).ToArray();

        var tape = new Tape();
        tape.Begin();
        Tensor q = tape.Watch(queries), m = tape.Watch(memory);
        var (context, weights) = layer.Forward(q, layer.Remember(m, Lengths));
        tape.Backward((context * Tensor.From(onContext, context.Shape)).Sum() + (weights * Tensor.From(onWeights, weights.Shape)).Sum());
        tape.End();
        float[][] gradients = [tape.Gradient(q).ToArray(), tape.Gradient(m).ToArray(), .. layer.Parameters.Select(parameter => parameter.Gradient.ToArray())];

        double[][] numbers = [Doubles(queries.ToArray()), Doubles(memory.ToArray()), .. layer.Parameters.Select(parameter => Doubles(parameter.Values.ToArray()))];
        var slow = Slow(score, scale, numbers, Lengths);
        AssertClose(slow.Context, context.ToArray(), 1e-5);
        AssertClose(slow.Weights, weights.ToArray(), 1e-5);
        for (int i = 0; i < numbers.Length; i++)
        {
            for (int j = 0; j < numbers[i].Length; j++)
            {
                const double Step = 1e-5;
                double kept = numbers[i][j];
                numbers[i][j] = kept + Step;
                double above = Loss();
                numbers[i][j] = kept - Step;
                double below = Loss();
                numbers[i][j] = kept;
                Assert.Equal((above - below) / (2 * Step), gradients[i][j], 2e-5);
            }
        }

        double Loss()
        {
            var (c, w) = Slow(score, scale, numbers, Lengths);
            return c.Zip(onContext, (a, b) => a * b).Sum() + w.Zip(onWeights, (a, b) => a * b).Sum();
        }

        static double[] Doubles(float[] values) => [.. values.Select(value => (double)value)];
    }

    private static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], tolerance);
    }

    [Theory]
    [InlineData(AttentionScore.Dot)]
    [InlineData(AttentionScore.General)]
    [InlineData(AttentionScore.Additive)]
    public void One_query_at_a_time_gives_what_all_together_give(AttentionScore score)
    {
        Attention layer = Layer(score);
        Tensor queries = Draw(1, [Batch, Queries, Size]);
        AttentionMemory memory = layer.Remember(Draw(2, [Batch, Places, MemorySize(score)]), Lengths);
        var (all, weights) = layer.Forward(queries, memory);
        for (int i = 0; i < Queries; i++)
        {
            var (context, weight) = layer.Forward(queries.Slice(1, i, 1), memory);
            AssertClose([.. all.Select(1, i).ToArray()], context.ToArray(), 1e-6);
            AssertClose([.. weights.Select(1, i).ToArray()], weight.ToArray(), 1e-6);
        }
    }

    [Theory]
    [InlineData(AttentionScore.General)]
    [InlineData(AttentionScore.Additive)]
    public void Attention_allocates_nothing(AttentionScore score)
    {
        Attention layer = Layer(score);
        Tensor queries = Draw(1, [Batch, Queries, Size]), memory = Draw(2, [Batch, Places, MemorySize(score)]);
        var tape = new Tape();
        Assert.Equal(0, Allocation.OfSteadySteps(_ =>
        {
            tape.Begin();
            tape.Backward(layer.Forward(tape.Watch(queries), layer.Remember(memory, Lengths)).Context.Sum());
            tape.End();
        }));
    }

    [Fact]
    public void Parameters_are_listed()
    {
        Assert.Empty(new Attention(AttentionScore.Dot, 4, 4).Parameters);
        Assert.Equal(["memory.weight [4, 3]"], new Attention(AttentionScore.General, 4, 3).Parameters.Select(parameter => parameter.ToString()));
        Assert.Equal(["memory.weight [5, 3]", "query.weight [5, 4]", "energy.weight [1, 5]"], new Attention(AttentionScore.Additive, 4, 3, 5).Parameters.Select(parameter => parameter.ToString()));
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        Assert.Contains("general", Assert.Throws<BadUsageException>(() => new Attention(AttentionScore.Dot, 4, 3)).Message);
        Assert.Throws<BadUsageException>(() => new Attention(AttentionScore.General, 0, 3));
        Assert.Throws<BadUsageException>(() => new Attention((AttentionScore)9, 3, 3));
        Assert.Throws<BadUsageException>(() => new Attention(AttentionScore.General, 3, 3, scale: 0));
        Attention layer = Layer(AttentionScore.Dot);
        Tensor memory = Draw(2, [Batch, Places, Size]);
        Assert.Contains("[batch, places, 6]", Assert.Throws<ShapeException>(() => layer.Remember(Draw(2, [Batch, Places, Size + 1]))).Message);
        Assert.Contains("2 lengths", Assert.Throws<ShapeException>(() => layer.Remember(memory, [1, 2])).Message);
        Assert.Contains("length 0", Assert.Throws<ShapeException>(() => layer.Remember(memory, [5, 0, 1])).Message);
        Assert.Contains("[3, queries, 6]", Assert.Throws<ShapeException>(() => layer.Forward(Draw(1, [2, Queries, Size]), layer.Remember(memory))).Message);
    }
}
