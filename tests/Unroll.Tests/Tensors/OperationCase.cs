using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

/// <summary>How large the operands of a case are drawn.</summary>
public enum Size
{
    /// <summary>Up to five elements in each dimension.</summary>
    Small,
    /// <summary>About half of the dimensions have size 1.</summary>
    Ones,
    /// <summary>One dimension has size 0.</summary>
    Empty,
    /// <summary>Enough elements for several threads, and no multiple of a vector.</summary>
    Large,
}

/// <summary>One use of an operation, drawn at random: operands, the fast way and the slow way.</summary>
/// <param name="Inputs">The operands; every number can be represented in single precision.</param>
/// <param name="Fast">The operation under test.</param>
/// <param name="Slow">The reference in double precision.</param>
/// <param name="Constant">Which operand has no gradient, or −1.</param>
internal sealed record Arrangement(Reference[] Inputs, Func<Tensor[], Tensor> Fast, Func<Reference[], Reference> Slow, int Constant = -1);

/// <summary>A way to draw uses of one operation.</summary>
/// <param name="Name">Shown by the test runner.</param>
/// <param name="Operation">The operation that it covers.</param>
/// <param name="Sizes">The sizes it can be drawn in.</param>
/// <param name="Draw">Draws a use.</param>
internal sealed record OperationCase(string Name, Type Operation, Size[] Sizes, Func<RandomState, Size, Arrangement> Draw)
{
    public override string ToString() => Name;
}

/// <summary>Random shapes and numbers.</summary>
internal static class Draw
{
    public static readonly Size[] All = [Size.Small, Size.Ones, Size.Empty, Size.Large];
    public static readonly Size[] NotEmpty = [Size.Small, Size.Ones, Size.Large];

    public static int[] Shape(RandomState random, Size size, int rank)
    {
        if (rank == 0) return [];
        var shape = new int[rank];
        for (int i = 0; i < rank; i++)
            shape[i] = size switch
            {
                Size.Ones => random.NextInt(2) == 0 ? 1 : 1 + random.NextInt(5),
                Size.Large => rank switch { 1 => 5003, 2 => i == 0 ? 61 : 83, 3 => i == 0 ? 7 : 29, _ => i == 0 ? 3 : 11 },
                _ => 1 + random.NextInt(5),
            };
        if (size == Size.Empty) shape[random.NextInt(rank)] = 0;
        return shape;
    }

    public static int Rank(RandomState random, int from = 0, int to = 4) => from + random.NextInt(to - from + 1);

    /// <summary>Numbers between −2 and 2 and at least 0.01 from 0, where some derivatives jump.</summary>
    public static Reference Numbers(RandomState random, params int[] shape) => Tensors.Reference.Of(shape, _ =>
    {
        float value = 0.01f + 1.99f * random.NextSingle();
        return random.NextInt(2) == 0 ? -value : value;
    });

    /// <summary>Numbers between 0.25 and 2.25.</summary>
    public static Reference Positive(RandomState random, params int[] shape) => Tensors.Reference.Of(shape, _ => 0.25f + 2 * random.NextSingle());

    /// <summary>Numbers no two of which are closer than 1/64.</summary>
    public static Reference Distinct(RandomState random, params int[] shape)
    {
        var order = new int[shape.Aggregate(1, (a, b) => a * b)];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        random.Shuffle(order);
        return new Reference(shape, [.. order.Select(i => (i - order.Length / 2) / 64.0)]);
    }

    /// <summary>Zeros and ones.</summary>
    public static Reference Marks(RandomState random, params int[] shape) => Tensors.Reference.Of(shape, _ => random.NextInt(2));

    /// <summary>A shape that broadcasts to another: dimensions left out in front, sizes replaced by 1.</summary>
    public static int[] Stretchable(RandomState random, int[] shape)
    {
        int[] part = [.. shape.Skip(random.NextInt(shape.Length + 1))];
        for (int i = 0; i < part.Length; i++)
            if (random.NextInt(3) == 0) part[i] = 1;
        return part;
    }
}
