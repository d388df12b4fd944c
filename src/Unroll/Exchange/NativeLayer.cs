using Unroll.Cells;
using Unroll.Equations;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Exchange;

/// <summary>Numbers of a tensor of PyTorch's, from <paramref name="At"/>, that are (or of which several make up) a slice of a parameter.</summary>
internal readonly record struct NativePart(int At, int Parameter, int First, int Count, bool IsNegated);

/// <summary>A tensor of a layer of PyTorch's.</summary>
internal sealed record NativeTensor(string Name, Shape Shape, bool IsBias, List<NativePart> Parts);

/// <summary>One layer in one direction that PyTorch or ONNX has an operator for: where that operator's numbers are here. The tensors are PyTorch's, of which ONNX's are made by another order of the gates.</summary>
internal sealed class NativeLayer
{
    private readonly CellEquations _equations;

    /// <param name="form">How the cell is the operator.</param>
    /// <param name="recurrent">The layers.</param>
    /// <param name="at">The layer and direction: layer · directions + direction.</param>
    public NativeLayer(NativeForm form, Recurrent recurrent, int at)
    {
        (Form, Cell, _equations, Parameters) = (form, recurrent.Cell.Name, recurrent.Executor(at).Equations, recurrent.Executor(at).Parameters);
        Suffix = recurrent.SuffixOf(at);
        Prefix = Parameters[0].Name[..^(_equations.Stores[0].Name.Length + Suffix.Length)];
    }

    public NativeForm Form { get; }
    public string Cell { get; }
    public Parameter[] Parameters { get; }
    /// <summary>What stands before the tensors' names: the path to the layers.</summary>
    public string Prefix { get; }
    /// <summary>What stands behind them: layer and direction.</summary>
    public string Suffix { get; }

    /// <summary>The tensors that PyTorch's layer has, and where their numbers are here.</summary>
    public IEnumerable<NativeTensor> Tensors()
    {
        int size = _equations.HiddenSize, gates = Form.Gates.Length;
        yield return Matrices("weight_ih", "W_");
        yield return Matrices("weight_hh", "U_");
        if (Form.Projection is { } projection)
        {
            MatrixParameter matrix = Matrix("U_" + projection)!;
            yield return new("weight_hr", [matrix.Rows, matrix.Columns], false, [Part(0, matrix.Store, matrix.FirstRow * matrix.Columns, matrix.Rows * matrix.Columns, isNegated: false)]);
        }
        yield return Biases("bias_ih", "b_");
        // What has no bias of its own for the state's product adds PyTorch's to the other.
        yield return Biases("bias_hh", "b′_");

        NativeTensor Matrices(string name, string letter)
        {
            MatrixParameter?[] blocks = Array.ConvertAll(Form.Gates, gate => Matrix(letter + gate));
            int columns = blocks[0]!.Columns;
            var parts = new List<NativePart>();
            for (int i = 0; i < blocks.Length; i++)
                if (blocks[i] is { } block) parts.Add(Part(i * size * columns, block.Store, block.FirstRow * columns, size * columns, Form.Gates[i] == Form.Negated));
            return new(name, [gates * size, columns], false, parts);
        }

        NativeTensor Biases(string name, string letter)
        {
            var parts = new List<NativePart>();
            for (int i = 0; i < gates; i++)
                if ((Vector(letter + Form.Gates[i]) ?? Vector("b_" + Form.Gates[i])) is { } vector) parts.Add(Part(i * size, vector.Store, vector.First, size, Form.Gates[i] == Form.Negated));
            return new(name, [gates * size], true, parts);
        }
    }

    /// <summary>The numbers of each tensor as they are now; zeros where the cell has none.</summary>
    public IEnumerable<(NativeTensor Tensor, float[] Values)> Values()
    {
        var written = new HashSet<(int, int)>();
        foreach (NativeTensor tensor in Tensors())
        {
            var values = new float[tensor.Shape.Count];
            foreach (NativePart part in tensor.Parts)
            {
                // Where one bias is the sum of PyTorch's two, the first has all of it.
                if (!written.Add((part.Parameter, part.First))) continue;
                ReadOnlySpan<float> from = Parameters[part.Parameter].Values.Slice(part.First, part.Count);
                for (int i = 0; i < from.Length; i++) values[part.At + i] = part.IsNegated ? -from[i] : from[i];
            }
            yield return (tensor, values);
        }
    }

    /// <summary>The numbers of a vector of the cell's, such as a peephole's; zeros where it has none of that name.</summary>
    public float[] VectorOf(string name)
    {
        var values = new float[_equations.HiddenSize];
        if (Vector(name) is { } vector) Parameters[vector.Store.Index].Values.Slice(vector.First, vector.Size).CopyTo(values);
        return values;
    }

    private MatrixParameter? Matrix(string name) => _equations.Matrices.FirstOrDefault(matrix => matrix.Name == name);

    private VectorParameter? Vector(string name) => _equations.Vectors.FirstOrDefault(vector => vector.Name == name);

    private static NativePart Part(int at, StoredParameter store, int first, int count, bool isNegated) => new(at, store.Index, first, count, isNegated);
}
