using System.Numerics.Tensors;

namespace Unroll.Tensors.Operations;

/// <summary>The same numbers under another shape; nothing is copied.</summary>
internal sealed class Reshape : Operation
{
    public static readonly Reshape Instance = new();

    public override string Name => "Reshape";

    /// <summary>Applies the operation; one size may be −1, which stands for what is left.</summary>
    public static Tensor Apply(Tensor x, ReadOnlySpan<int> sizes) => OperationCall.Start(Instance).With(x).WithIntegers(sizes).Run();

    public override void Shapes(OperationCall call)
    {
        Shape from = call.InputShape(0);
        ReadOnlySpan<int> wanted = call.Integers(0);
        if (wanted.Length > Shape.MaximumRank)
            throw new ShapeException($"Reshape: a shape has at most {Shape.MaximumRank} dimensions; found {wanted.Length}. Join some of them.");
        Span<int> sizes = stackalloc int[Shape.MaximumRank];
        wanted.CopyTo(sizes);
        sizes = sizes[..wanted.Length];
        int open = sizes.IndexOf(-1);
        if (open >= 0)
        {
            sizes[open] = 1;
            int rest = new Shape(sizes).Count;
            sizes[open] = rest == 0 ? 0 : from.Count / rest;
        }
        var to = new Shape(sizes);
        if (to.Count != from.Count)
            throw new ShapeException($"Reshape: {from} has {from.Count} elements and does not fit [{string.Join(", ", wanted.ToArray())}]; give sizes with the same product, or −1 for one of them.");
        call.AddView(to, input: 0, offset: 0);
    }

    public override void Forward(OperationCall call)
    {
    }

    public override void Backward(OperationCall call)
    {
        Span<float> gradient = call.InputGradient(0);
        TensorPrimitives.Add(gradient, call.OutputGradient(0), gradient);
    }
}
