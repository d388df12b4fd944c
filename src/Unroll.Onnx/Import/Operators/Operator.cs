using System.Diagnostics.CodeAnalysis;

namespace Unroll.Onnx.Import;

/// <summary>Computes a node's first output, and sets the others.</summary>
internal delegate OnnxValue NodeFunction(NodeCall call);

/// <summary>An operator of ONNX as the network computes it.</summary>
/// <param name="Least">The fewest inputs.</param>
/// <param name="Most">The most inputs.</param>
/// <param name="Prepare">Reads and checks a node's attributes once, and gives what computes it.</param>
internal sealed record Operator(int Least, int Most, Func<GraphNode, NodeFunction> Prepare)
{
    private static readonly Dictionary<string, Operator> All = new(
        [.. ElementwiseOperators.All, .. ShapeOperators.All, .. IndexOperators.All, .. ConstantOperators.All, .. ReductionOperators.All, .. MatrixOperators.All], StringComparer.Ordinal);

    /// <summary>The most outputs; further ones that ONNX knows of are not computed.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>The operators' names, without the recurrent ones, which are layers.</summary>
    public static IEnumerable<string> Names => All.Keys;

    public static bool TryGet(string name, [NotNullWhen(true)] out Operator? found) => All.TryGetValue(name, out found);
}
