using Unroll.Kernels;

namespace Unroll.Tensors;

/// <summary>What a parameter does, which decides how it is treated: priors act on weights and embeddings, not on biases and gains.</summary>
public enum ParameterKind
{
    /// <summary>The matrix of a linear map.</summary>
    Weight,
    /// <summary>An additive constant.</summary>
    Bias,
    /// <summary>A multiplicative constant, as in layer normalisation.</summary>
    Gain,
    /// <summary>A table with one row per symbol.</summary>
    Embedding,
}

/// <summary>Numbers that training changes: values and the gradient of the loss with respect to them. Created by
/// <see cref="Layers.Module"/>, which names it and fills it.</summary>
public sealed class Parameter
{
    private readonly Buffer<float> _values, _gradient;
    private readonly TensorNode _node;

    internal Parameter(string name, Shape shape, ParameterKind kind, Initializer initializer)
    {
        (Name, Shape, Kind, Initializer) = (name, shape, kind, initializer);
        _values = BufferPool.Rent(shape.Count);
        _gradient = BufferPool.Rent(shape.Count);
        _values.Span.Clear();
        _gradient.Span.Clear();
        _node = new TensorNode { Parameter = this, NeedsGradient = true };
        _node.Hold(_values, shape);
    }

    /// <summary>The dotted name from the outermost module down, as PyTorch has it: <c>rnn.weight_ih_l0</c>.</summary>
    public string Name { get; internal set; }

    /// <summary>The shape of the values.</summary>
    public Shape Shape { get; }

    /// <summary>What the parameter does.</summary>
    public ParameterKind Kind { get; }

    /// <summary>How the values are drawn at first.</summary>
    public Initializer Initializer { get; }

    /// <summary>The values, row-major. Call <see cref="Changed"/> after writing to them.</summary>
    public Span<float> Values => _values.Span;

    /// <summary>The gradient, row-major. <see cref="Tape.Backward(Tensor)"/> adds to it; an optimizer's step uses it up and leaves it zero.</summary>
    public Span<float> Gradient => _gradient.Span;

    /// <summary>The parameter as an operand. Its gradient goes to <see cref="Gradient"/>.</summary>
    public Tensor Tensor => new(_node);

    /// <summary>Counts the changes of the values, so that copies packed for fast products know when they are out of date.</summary>
    public long Version { get; private set; }

    /// <summary>Says that the values were written to.</summary>
    public void Changed() => Version++;

    /// <summary>Name and shape: <c>rnn.weight_ih_l0 [512, 128]</c>.</summary>
    public override string ToString() => $"{Name} {Shape}";
}
