using Unroll.Equations;
using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>Starts a stored parameter of a cell: every matrix and vector of the equations is a slice of its own, so that each gate is
/// orthogonal, or has its own bias.</summary>
internal sealed class CellInitializer(CellEquations cell, StoredParameter store, RecurrentOptions options) : Initializer
{
    public override void Fill(Span<float> values, Shape shape, RandomState random)
    {
        var standard = Uniform(1 / MathF.Sqrt(cell.HiddenSize));
        foreach (var matrix in cell.Matrices)
        {
            if (matrix.Store.Index != store.Index) continue;
            var initializer = (store.Role == ParameterRole.InputWeight ? options.InputWeights : options.StateWeights) ?? matrix.Start switch
            {
                ParameterStart.Identity => Initializer.Identity(),
                ParameterStart.Zeros => Initializer.Zeros,
                _ => standard,
            };
            initializer.Fill(values.Slice(matrix.FirstRow * matrix.Columns, matrix.Rows * matrix.Columns), [matrix.Rows, matrix.Columns], random.Fork(matrix.Name));
        }
        foreach (var vector in cell.Vectors)
        {
            if (vector.Store.Index != store.Index) continue;
            var slice = values.Slice(vector.First, vector.Size);
            if (vector.Drawn is { } drawn)
            {
                RandomState own = random.Fork(vector.Name);
                foreach (ref float value in slice) value = (float)drawn((own.NextInt(1 << 24) + 0.5) / (1 << 24));
                continue;
            }
            switch (vector.Start)
            {
                case ParameterStart.ForgetBias: slice.Fill(options.ForgetBias); break;
                case ParameterStart.Ones: slice.Fill(1); break;
                case ParameterStart.Default when store.Role == ParameterRole.Vector: standard.Fill(slice, [vector.Size], random.Fork(vector.Name)); break;
                default: slice.Fill((float)vector.Value); break;
            }
        }
    }
}
