namespace Unroll.Tensors.Operations;

/// <summary>The rows (last dimension) that one part of the work owns.</summary>
internal readonly struct Rows
{
    private readonly int _width;

    public Rows(Shape shape, int part, int parts)
    {
        _width = shape[-1];
        int count = shape.CountOf(0, shape.Rank - 1);
        if (_width == 0) count = 0;
        (First, Last) = ((int)((long)count * part / parts), (int)((long)count * (part + 1) / parts));
    }

    public int First { get; }

    public int Last { get; }

    public ReadOnlySpan<float> Of(ReadOnlySpan<float> values, int row) => values.Slice(row * _width, _width);

    public Span<float> Of(Span<float> values, int row) => values.Slice(row * _width, _width);
}
