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
    public void Backward_starts_from_a_given_gradient_as_from_the_loss_that_has_it()
    {
        float[] gradient = [1, -2, 3];
        var tape = new Tape();
        float[] From(bool given)
        {
            tape.Begin();
            Tensor x = tape.Watch(Tensor.From([0.5f, 1, 2], [3])), y = x * x * x;
            if (given) tape.Backward(y, gradient);
            else tape.Backward((y * Tensor.From(gradient, [3])).Sum());
            tape.End();
            return tape.Gradient(x).ToArray();
        }
        Assert.Equal([0.75f, -6, 36], From(given: true));
        Assert.Equal(From(given: false), From(given: true));
    }

    [Fact]
    public void A_given_gradient_of_another_size_is_refused()
    {
        var model = new Model();
        var tape = new Tape();
        tape.Begin();
        Tensor y = model.Weight.Tensor * 2;
        string message = Assert.Throws<InvalidOperationException>(() => tape.Backward(y, new float[5])).Message;
        tape.End();
        Assert.Contains("5 numbers of gradient for an output [3, 2], which has 6", message);
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
    public void Without_a_tape_nothing_is_recorded()
    {
        var model = new Model();
        Tensor y = model.Weight.Tensor * 2 - model.Weight.Tensor;
        Assert.Equal(model.Weight.Values.ToArray(), y.ToArray());
        Assert.Null(Tape.Current);
    }

    [Fact]
    public void Without_gradients_nothing_is_kept_for_a_backward_pass()
    {
        var model = new Model();
        var tape = new Tape();
        tape.Begin(gradients: false);
        Tensor loss = model.Weight.Tensor.Square().Sum();
        Assert.Contains("gradients: false", Assert.Throws<InvalidOperationException>(() => tape.Backward(loss)).Message);
        tape.End();
    }

    [Fact]
    public void The_steps_of_two_tapes_can_be_nested()
    {
        Tape outer = new(), inner = new();
        outer.Begin();
        Tensor x = outer.Watch(Tensor.From([2], [1]));
        inner.Begin();
        Tensor y = inner.Watch(x) * 3;
        inner.Backward(y.Sum());
        Assert.Throws<InvalidOperationException>(outer.End);
        inner.End();
        Assert.Same(outer, Tape.Current);
        outer.Backward((x * y).Sum());
        outer.End();
        // To the outer tape the inner one's value is a constant.
        Assert.Equal([6], outer.Gradient(x).ToArray());
        Assert.Null(Tape.Current);
    }

    [Fact]
    public void A_step_given_up_by_an_exception_does_not_hinder_the_next()
    {
        var model = new Model();
        var tape = new Tape();
        tape.Begin();
        Assert.Throws<ShapeException>(() => model.Weight.Tensor.Square() + Tensor.Zeros([5]));
        tape.Begin();
        tape.Backward(model.Weight.Tensor.Sum());
        tape.End();
        Assert.All(model.Weight.Gradient.ToArray(), value => Assert.Equal(1, value));
    }

    [Fact]
    public void The_gradient_of_what_is_not_watched_is_refused()
    {
        var tape = new Tape();
        tape.Begin();
        Tensor constant = Tensor.From([1, 2], [2]), watched = tape.Watch(Tensor.From([1, 2], [2]));
        Assert.Contains("backward pass", Assert.Throws<InvalidOperationException>(() => tape.Gradient(watched).Length).Message);
        tape.Backward((constant * watched).Sum());
        Assert.Contains("not watched", Assert.Throws<InvalidOperationException>(() => tape.Gradient(constant).Length).Message);
        tape.End();
    }

    [Fact]
    public void A_watched_tensor_that_the_loss_does_not_depend_on_has_gradient_zero()
    {
        var tape = new Tape();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From([1, 2], [2])), y = tape.Watch(Tensor.From([3], [1]));
        tape.Backward(x.Sum());
        tape.End();
        Assert.Equal([0], tape.Gradient(y).ToArray());
    }

    [Fact]
    public void A_value_in_the_middle_can_be_watched()
    {
        var tape = new Tape();
        tape.Begin();
        Tensor x = tape.Watch(Tensor.From([1, 2], [2])), y = tape.Watch(x.Square());
        tape.Backward((y * y).Sum());
        tape.End();
        Assert.Equal([2, 8], tape.Gradient(y).ToArray());
        Assert.Equal([4, 32], tape.Gradient(x).ToArray());
    }

    [Fact]
    public void The_default_tensor_is_refused_with_a_reason()
    {
        Assert.True(default(Tensor).IsEmpty);
        Assert.Contains("no tensor", Assert.Throws<InvalidOperationException>(() => default(Tensor).Shape).Message);
    }

    [Fact]
    public void Item_of_several_numbers_is_refused() =>
        Assert.Contains("[2]", Assert.Throws<InvalidOperationException>(() => Tensor.From([1, 2], [2]).Item).Message);

    [Fact]
    public void Values_go_to_the_platforms_tensors_and_back()
    {
        Tensor x = Tensor.From([1, 2, 3, 4, 5, 6], [2, 3]);
        var span = x.AsTensorSpan();
        Assert.Equal(6, span[1, 2]);
        Tensor y = Tensor.From(span);
        Assert.Equal(x.Shape, y.Shape);
        Assert.Equal(x.ToArray(), y.ToArray());
    }
}
