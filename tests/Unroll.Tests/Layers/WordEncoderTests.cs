using Unroll.Cells;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

[Collection(Alone.Name)]
public sealed class WordEncoderTests
{
    /// <summary>Three words of 4, 1 and 2 characters with room for 5.</summary>
    private static readonly int[] Characters = [1, 2, 3, 2, 0, 4, 9, 9, 9, 9, 2, 2, 0, 0, 0];

    private static readonly int[] Lengths = [4, 1, 2];

    public static TheoryData<bool> Kinds => [true, false];

    [Theory, MemberData(nameof(Kinds))]
    public void What_stands_beyond_a_word_and_beside_it_changes_nothing(bool recurrent)
    {
        WordEncoder encoder = Create(recurrent);
        int[] clean = [.. Characters];
        for (int i = 0; i < clean.Length; i++)
            if (i % 5 >= Lengths[i / 5]) clean[i] = 5;
        Tensor together = encoder.Forward(clean, 5, Lengths);
        Assert.Equal([3, encoder.OutputSize], together.Shape);
        for (int word = 0; word < 3; word++)
        {
            float[] alone = encoder.Forward(clean.AsSpan(word * 5, Lengths[word]), Lengths[word], [Lengths[word]]).ToArray();
            Assert.Equal(alone, together.ToArray().AsSpan(word * encoder.OutputSize, encoder.OutputSize).ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_order_of_characters_matters(bool recurrent)
    {
        WordEncoder encoder = Create(recurrent);
        Assert.NotEqual(encoder.Forward([1, 2, 3], 3, [3]).ToArray(), encoder.Forward([3, 2, 1], 3, [3]).ToArray());
    }

    [Fact]
    public void The_recurrent_encoder_joins_the_final_states_of_both_directions()
    {
        var encoder = (RecurrentWordEncoder)Create(recurrent: true);
        float[] y = encoder.Forward([1, 2, 3], 3, [3]).ToArray();
        var embedding = new Embedding(6, 3);
        var forward = new Recurrent(new Lstm(), 3, 4);
        Parameter[] of = [.. encoder.Parameters];
        of[0].Values.CopyTo(embedding.Weight.Values);
        foreach (bool backwards in new[] { false, true })
        {
            foreach (Parameter parameter in forward.Parameters)
            {
                of.Single(candidate => candidate.Name == $"rnn.{parameter.Name}{(backwards ? "_reverse" : "")}").Values.CopyTo(parameter.Values);
                parameter.Changed();
            }
            float[] last = forward.Forward(embedding.Forward(backwards ? [3, 2, 1] : [1, 2, 3], [1, 3])).State[0].ToArray();
            Assert.Equal(last, y.AsSpan(backwards ? 4 : 0, 4).ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        }
    }

    [Fact]
    public void The_convolution_is_that_of_its_definition_and_so_are_its_gradients()
    {
        const int Features = 3, Filters = 7;
        var encoder = (ConvolutionalWordEncoder)Create(recurrent: false);
        Parameter[] parameters = [.. encoder.Parameters];
        double[][] values = [.. parameters.Select(parameter => parameter.Values.ToArray().Select(value => (double)value).ToArray())];
        int[] shown = [.. Characters.Select(character => character == 9 ? 0 : character)];
        float[] weights = [.. Enumerable.Range(0, 3 * Filters).Select(i => (float)Math.Sin(i + 1))];
        var tape = new Tape();
        tape.Begin();
        Tensor y = encoder.Forward(shown, 5, Lengths);
        tape.Backward((y * Tensor.From(weights, y.Shape)).Sum());
        tape.End();
        double[] expected = Reference();
        Assert.Equal(expected, y.ToArray().Select(value => (double)value), (a, b) => Math.Abs(a - b) < 1e-6);
        for (int p = 0; p < parameters.Length; p++)
            for (int i = 0; i < values[p].Length; i++)
            {
                double kept = values[p][i];
                values[p][i] = kept + 1e-6;
                double above = Reference().Zip(weights, (a, w) => a * w).Sum();
                values[p][i] = kept - 1e-6;
                double below = Reference().Zip(weights, (a, w) => a * w).Sum();
                values[p][i] = kept;
                Assert.Equal((above - below) / 2e-6, parameters[p].Gradient[i], 1e-5);
            }

        // embedding [6, 3], filters [7, 9], bias [7].
        double[] Reference()
        {
            var result = new double[3 * Filters];
            for (int word = 0; word < 3; word++)
                for (int f = 0; f < Filters; f++)
                {
                    double most = double.NegativeInfinity;
                    for (int t = 0; t < Lengths[word]; t++)
                    {
                        double sum = values[2][f];
                        for (int k = 0; k < 3; k++)
                            if (t + k - 1 >= 0 && t + k - 1 < Lengths[word])
                                for (int c = 0; c < Features; c++)
                                    sum += values[1][f * 3 * Features + k * Features + c] * values[0][shown[word * 5 + t + k - 1] * Features + c];
                        most = Math.Max(most, sum);
                    }
                    result[word * Filters + f] = Math.Tanh(most);
                }
            return result;
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_step_like_the_one_before_allocates_nothing(bool recurrent)
    {
        WordEncoder encoder = Create(recurrent);
        int[] shown = [.. Characters.Select(character => character == 9 ? 0 : character)];
        var tape = new Tape();
        Assert.Equal(0, Allocation.OfSteadySteps(_ =>
        {
            tape.Begin();
            tape.Backward(encoder.Forward(shown, 5, Lengths).Sum());
            tape.End();
        }));
    }

    private static WordEncoder Create(bool recurrent)
    {
        WordEncoder encoder = recurrent ? new RecurrentWordEncoder(new Lstm(), 6, 3, 4) : new ConvolutionalWordEncoder(6, 3, 7);
        encoder.Initialize(new RandomState(4));
        return encoder;
    }
}
