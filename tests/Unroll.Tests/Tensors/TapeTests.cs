using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

public sealed class TapeTests
{
    private sealed class Model : Unroll.Layers.Module
    {
        public Model()
        {
            Weight = Add("weight", [3, 2], ParameterKind.Weight, Initializer.Uniform(0.5f));
            Bias = Add("bias", [3], ParameterKind.Bias, Initializer.Zeros);
            Initialize(new RandomState(1));
        }

        public Parameter Weight { get; }

        public Parameter Bias { get; }
    }

    [Fact]
    public void A_value_used_twice_gets_both_gradients()
    {
        var tape = new Tape();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From([1, 2, 3], [3]));
        tape.Backward((x * x + x).Sum());
        tape.End();
        Assert.Equal([3, 5, 7], tape.Gradient(x).ToArray());
    }

    [Fact]
    public void Gradients_add_up_in_parameters_over_steps()
    {
        var model = new Model();
        var tape = new Tape();
        for (int step = 1; step <= 3; step++)
        {
            tape.Begin();
            Tensor x = Tensor.From([1, 2, 3, 4], [2, 2]);
            tape.Backward((x.MatMul(model.Weight.Tensor, transposeRight: true) + model.Bias.Tensor).Sum());
            tape.End();
            Assert.Equal([4 * step, 6 * step, 4 * step, 6 * step, 4 * step, 6 * step], model.Weight.Gradient.ToArray());
            Assert.Equal([2 * step, 2 * step, 2 * step], model.Bias.Gradient.ToArray());
        }
    }

    [Fact]
    public void A_tensor_of_a_step_that_has_ended_is_refused()
    {
        var tape = new Tape();
        tape.Begin();
        Tensor x = Tensor.From([1, 2], [2]) * 2;
        Tensor kept = x.Detach();
        tape.End();
        Assert.Equal([2, 4], x.ToArray());
        tape.Begin();
        Assert.Contains("step that has ended", Assert.Throws<InvalidOperationException>(() => x.ToArray()).Message);
        Assert.Equal([2, 4], kept.ToArray());
        tape.End();
    }

    [Fact]
    public void Backward_of_more_than_one_number_is_refused()
    {
        var model = new Model();
        var tape = new Tape();
        tape.Begin();
        string message = Assert.Throws<InvalidOperationException>(() => tape.Backward(model.Weight.Tensor * 2)).Message;
        tape.End();
        Assert.Contains("one number, but the loss has shape [3, 2]", message);
    }

    [Fact]
    public void Backward_twice_is_refused()
    {
        var model = new Model();
        var tape = new Tape();
        tape.Begin();
        Tensor loss = model.Weight.Tensor.Sum();
        tape.Backward(loss);
        Assert.Contains("already", Assert.Throws<InvalidOperationException>(() => tape.Backward(loss)).Message);
        tape.End();
    }

    [Fact]
    public void Backward_of_a_constant_is_refused()
    {
        var tape = new Tape();
        tape.Begin();
        Assert.Contains("no parameter", Assert.Throws<InvalidOperationException>(() => tape.Backward(Tensor.From(1).Sum())).Message);
        tape.End();
    }

    [Fact]
    public void A_step_like_the_one_before_allocates_nothing()
    {
        var model = new Model();
        var tape = new Tape();
        float[] values = [1, 2, 3, 4];
        for (int i = 0; i < 200; i++) Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++) Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Step()
        {
            tape.Begin();
            Tensor x = Tensor.From(values, [2, 2]);
            Tensor y = (x.MatMul(model.Weight.Tensor, transposeRight: true) + model.Bias.Tensor).Tanh();
            tape.Backward((y * y / 2).Mean());
            tape.End();
        }
    }

    [Fact]
    public void Without_a_tape_nothing_is_recorded()
    {
        var model = new Model();
        Tensor y = model.Weight.Tensor * 2 - model.Weight.Tensor;
        Assert.Equal(model.Weight.Values.ToArray(), y.ToArray());
        Assert.Null(Tape.Current);
    }
}
