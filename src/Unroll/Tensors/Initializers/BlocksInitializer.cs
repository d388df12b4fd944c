namespace Unroll.Tensors;

/// <summary>Fills each of several equal blocks of rows by itself.</summary>
internal sealed class BlocksInitializer : Initializer
{
    private readonly int _count;
    private readonly Initializer _block;

    public BlocksInitializer(int count, Initializer block)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentNullException.ThrowIfNull(block);
        (_count, _block) = (count, block);
    }

    public override void Fill(Span<float> values, Shape shape, RandomState random)
    {
        if (shape.Rank == 0 || shape[0] % _count != 0)
            throw new ShapeException($"A parameter of shape {shape} does not split into {_count} blocks of rows; its first size is a multiple of that.");
        Shape block = shape.With(0, shape[0] / _count);
        for (int i = 0; i < _count; i++) _block.Fill(values.Slice(i * block.Count, block.Count), block, random);
    }
}
