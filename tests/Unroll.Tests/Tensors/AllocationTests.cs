using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

/// <summary>A step like the one before allocates no managed memory.</summary>
[Collection(Alone.Name)]
public sealed class AllocationTests
{
    private sealed class Model : Module
    {
        public Model()
        {
            Embedding = Add("embedding", new Embedding(41, 24));
            Norm = Add("norm", new LayerNorm(24));
            Dropout = Add("dropout", new Dropout(0.2f));
            Linear = Add("linear", new Linear(24, 41));
            Initialize(new RandomState(1));
        }

        public Embedding Embedding { get; }

        public LayerNorm Norm { get; }

        public Dropout Dropout { get; }

        public Linear Linear { get; }
    }

    // Dropout takes its key from a source that each use of the case creates; below it is part of a model.
    public static TheoryData<string> Names => [.. OperationCases.All.Where(entry => !entry.Name.StartsWith("Dropout", StringComparison.Ordinal)).Select(entry => entry.Name)];

    [Theory, MemberData(nameof(Names))]
    public void An_operation_allocates_nothing(string name)
    {
        OperationCase entry = OperationCases.All.Single(candidate => candidate.Name == name);
        Arrangement arrangement = entry.Draw(new RandomState(9).Fork(name), Size.Large);
        var arrays = arrangement.Inputs.Select(input => input.Values.Select(value => (float)value).ToArray()).ToArray();
        var shapes = arrangement.Inputs.Select(input => new Shape(input.Shape)).ToArray();
        var tensors = new Tensor[arrays.Length];
        var tape = new Tape();
        Count(() =>
        {
            tape.Begin();
            for (int i = 0; i < tensors.Length; i++) tensors[i] = tape.Watch(Tensor.From(arrays[i], shapes[i]));
            tape.Backward(arrangement.Fast(tensors).Sum());
            tape.End();
        });
    }

    [Fact]
    public void A_training_step_of_a_classifier_allocates_nothing()
    {
        var model = new Model();
        var tape = new Tape(new RandomState(3));
        var random = new RandomState(2);
        int[] tokens = new int[400], targets = new int[400];
        for (int i = 0; i < tokens.Length; i++) (tokens[i], targets[i]) = (random.NextInt(41), random.NextInt(41));
        float first = 0, last = 0;
        Count(() =>
        {
            model.ClearGradients();
            tape.Begin();
            Tensor hidden = model.Dropout.Forward(model.Norm.Forward(model.Embedding.Forward(tokens, [20, 20])));
            Tensor loss = Likelihood.Categorical(model.Linear.Forward(hidden), targets);
            tape.Backward(loss * 0.5f);
            tape.End();
            foreach (Parameter parameter in (Parameter[])model.Parameters)
                for (int i = 0; i < parameter.Values.Length; i++) parameter.Values[i] -= 0.5f * parameter.Gradient[i];
            last = loss.Item;
            if (first == 0) first = last;
        });
        Assert.True(last < first, $"The loss went from {first} to {last}.");
    }

    private static void Count(Action step) => Assert.Equal(0, Allocation.OfSteadySteps(_ => step()));
}
