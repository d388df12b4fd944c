using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Exchange;

/// <summary>
/// Weights as PyTorch keeps them: under the same names, and for its own recurrent layers (nn.RNN, nn.LSTM with projections or without, nn.GRU) with both of its biases, whatever the cell's own names, order
/// and sense of the gates are. All other parameters are taken and given as they are.
/// <code>
/// TorchWeights.Load(model, TorchFile.Read("weights.pt"));
/// TorchWeights.Save(model).Save("weights.safetensors");
/// </code>
/// </summary>
public static class TorchWeights
{
    /// <summary>Reads a file of weights, whichever of the two kinds it is: safetensors, or what torch.save wrote.</summary>
    /// <exception cref="BadInputException">There is no such file, or it cannot be read.</exception>
    public static SafetensorsFile Read(string path) => TorchFile.IsOne(path) ? TorchFile.Read(path) : SafetensorsFile.Map(path);

    /// <summary>Sets the parameters of a module from tensors of PyTorch's. Either all are set or none.</summary>
    /// <param name="module">The module.</param>
    /// <param name="weights">The tensors.</param>
    /// <param name="rename">The name that the tensors have for what the module names so; the same when left out.</param>
    /// <returns>The names of tensors that the module has no place for.</returns>
    /// <exception cref="BadInputException">A tensor is missing, has another shape or holds no floating-point numbers, or the layer is none of PyTorch's.</exception>
    public static IReadOnlyList<string> Load(Module module, SafetensorsFile weights, Func<string, string>? rename = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(weights);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var found = new List<(Parameter Parameter, float[] Values)>();
        var native = new HashSet<Parameter>();
        foreach (NativeLayer layer in NativeLayers(module))
        {
            native.UnionWith(layer.Parameters);
            Read(layer);
        }
        foreach (Parameter parameter in module.Parameters)
            if (!native.Contains(parameter)) found.Add((parameter, Find(parameter.Name, parameter.Shape)!));
        foreach ((Parameter parameter, float[] values) in found)
        {
            values.CopyTo(parameter.Values);
            parameter.Changed();
        }
        return [.. weights.Tensors.Select(tensor => tensor.Name).Where(name => !taken.Contains(name))];

        void Read(NativeLayer layer)
        {
            if (layer.Form.ResetsBefore) throw new BadInputException($"{layer.Cell} resets before the product, and PyTorch's nn.GRU after it: the weights of one compute something else in the other. Choose the cell gru or gru-writes.");
            float[][] values = Array.ConvertAll(layer.Parameters, parameter => new float[parameter.Shape.Count]);
            foreach (NativeTensor tensor in layer.Tensors())
            {
                // nn.RNN and the others with bias=False have none.
                if (Find(layer.Prefix + tensor.Name + layer.Suffix, tensor.Shape, isOptional: tensor.IsBias) is not { } stored) continue;
                foreach (NativePart part in tensor.Parts)
                {
                    Span<float> to = values[part.Parameter].AsSpan(part.First, part.Count);
                    ReadOnlySpan<float> from = stored.AsSpan(part.At, part.Count);
                    for (int i = 0; i < to.Length; i++) to[i] += part.IsNegated ? -from[i] : from[i];
                }
            }
            for (int i = 0; i < values.Length; i++) found.Add((layer.Parameters[i], values[i]));
        }

        float[]? Find(string own, Shape shape, bool isOptional = false)
        {
            string name = rename?.Invoke(own) ?? own;
            if (weights.Find(name) is not { } tensor)
                return isOptional ? null : throw new BadInputException($"The weights have no tensor {OneLine.Quote(name)}, which the model needs. They have {Some(weights.Tensors.Select(of => of.Name))}. Rename what is the same, or build the model as it was.");
            if (!tensor.Shape.SequenceEqual(Array.ConvertAll(shape.ToArray(), size => (long)size)))
                throw new BadInputException($"The weights hold {OneLine.Quote(name)} as {tensor}; the model needs {shape}. Build the model with the sizes the weights have.");
            taken.Add(name);
            return tensor.ToSingles();
        }
    }

    /// <summary>The parameters of a module as PyTorch's layers of the same names load them.</summary>
    /// <returns>The tensors; those of cells that PyTorch has no layer for are as they are.</returns>
    public static SafetensorsFile Save(Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var file = new SafetensorsFile();
        var native = new HashSet<Parameter>();
        foreach (NativeLayer layer in NativeLayers(module))
        {
            if (!layer.Form.IsTorch) continue;
            native.UnionWith(layer.Parameters);
            foreach ((NativeTensor tensor, float[] values) in layer.Values()) file.Add(layer.Prefix + tensor.Name + layer.Suffix, values, tensor.Shape);
        }
        foreach (Parameter parameter in module.Parameters)
            if (!native.Contains(parameter)) file.Add(parameter.Name, parameter.Values, parameter.Shape);
        return file;
    }

    private static string Some(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(8).Select(OneLine.Quote)) + (all.Length > 8 ? $" and {all.Length - 8} more" : "");
    }

    private static IEnumerable<NativeLayer> NativeLayers(Module module)
    {
        foreach (Recurrent recurrent in module.Descendants().OfType<Recurrent>())
            if (recurrent.Cell.Native is { } form && (form.IsTorch || form.ResetsBefore))
                for (int at = 0; at < recurrent.Options.Layers * recurrent.Directions; at++)
                    yield return new NativeLayer(form, recurrent, at);
    }
}
