using Unroll.Kernels;

namespace Unroll.Tensors;

/// <summary>What a <see cref="Tensor"/> handle points to: values, and on a tape their gradient. Nodes of a tape are recycled at the start
/// of the next step, when their generation moves on and old handles become stale; other nodes live as long as they are referenced.</summary>
internal sealed class TensorNode
{
    private float[] _array = [];
    private int _offset, _length;
    private Buffer<float>? _values, _gradient;

    public Shape Shape { get; private set; }

    /// <summary>Moves on when the node is recycled; a handle with an older generation is stale.</summary>
    public int Generation { get; private set; }

    /// <summary>The tape the node belongs to, or null when the garbage collector owns it.</summary>
    public Tape? Tape { get; init; }

    /// <summary>The parameter whose values these are, or null.</summary>
    public Parameter? Parameter { get; init; }

    /// <summary>Whether a gradient is wanted: for a parameter, a watched leaf, or whatever was computed from one.</summary>
    public bool NeedsGradient { get; set; }

    /// <summary>Whether the gradient is kept after the operation that made the value has used it.</summary>
    public bool Watched { get; set; }

    public Span<float> Values => _array.AsSpan(_offset, _length);

    public bool HasGradient => _gradient is not null || Parameter is not null;

    /// <summary>The gradient, zeroed when it is first asked for.</summary>
    public Span<float> Gradient
    {
        get
        {
            Span<float> gradient = FirstGradient(out bool isFirst);
            if (isFirst) gradient.Clear();
            return gradient;
        }
    }

    /// <summary>The gradient for one who can write to it instead of adding.</summary>
    /// <param name="isFirst">Whether nothing was added yet: then the numbers are undefined, and all of them must be written.</param>
    public Span<float> FirstGradient(out bool isFirst)
    {
        isFirst = Parameter is null && _gradient is null;
        if (Parameter is not null) return Parameter.Gradient;
        return (_gradient ??= BufferPool.Rent(_length)).Span;
    }

    /// <summary>Makes the node hold values in an array of its own.</summary>
    public void Hold(float[] array, Shape shape)
    {
        _array = array;
        (_offset, _length) = (0, array.Length);
        Shape = shape;
    }

    /// <summary>Makes the node hold a rented buffer, which goes back when the node is recycled.</summary>
    public void Hold(Buffer<float> buffer, Shape shape)
    {
        _values = buffer;
        _array = buffer.Array;
        (_offset, _length) = (buffer.Offset, buffer.Length);
        Shape = shape;
    }

    /// <summary>Makes the node show part of another node's values, which it does not own.</summary>
    public void View(TensorNode other, int offset, Shape shape)
    {
        _array = other._array;
        (_offset, _length) = (other._offset + offset, shape.Count);
        Shape = shape;
    }

    /// <summary>Gives the gradient's buffer back before the step ends.</summary>
    public void ReleaseGradient()
    {
        if (_gradient is not null) BufferPool.Return(_gradient);
        _gradient = null;
    }

    /// <summary>Gives the buffers back and makes all handles stale.</summary>
    public void Recycle()
    {
        ReleaseGradient();
        if (_values is not null) BufferPool.Return(_values);
        _values = null;
        _array = [];
        (_offset, _length) = (0, 0);
        Shape = default;
        NeedsGradient = Watched = false;
        Generation++;
    }
}
