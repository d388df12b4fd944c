using Unroll.Exchange;
using Unroll.Onnx.Messages;
using Unroll.Tensors;

namespace Unroll.Onnx;

/// <summary>An operation as both runs of a pass have seen it: what differs between them is made of free sizes or is an input.</summary>
/// <param name="writer">What writes the graph.</param>
/// <param name="first">The operation in the first run.</param>
/// <param name="second">The same in the second.</param>
internal readonly struct PairedCall(PassWriter writer, WatchedCall first, WatchedCall second)
{
    public PassWriter Writer => writer;
    public GraphBuilder Graph => writer.Graph;
    public Operation Operation => first.Operation;
    public string Name => first.Operation.Name;
    public object? Context => first.Context;
    public int InputCount => first.Inputs.Length;

    /// <summary>The name of an input's value.</summary>
    public string Input(int input) => writer.ValueOf(first.Inputs[input], second.Inputs[input]);

    public SizeExpression[] InputShape(int input) => writer.ShapeOf(first.Inputs[input].Shape, second.Inputs[input].Shape);

    public SizeExpression[] OutputShape(int output) => writer.ShapeOf(first.Outputs[output].Shape, second.Outputs[output].Shape);

    /// <summary>Says what an output's value is.</summary>
    public void SetOutput(int output, string value) => writer.SetValue(first.Outputs[output], value);

    /// <summary>An attribute that is the same whatever the sizes.</summary>
    public int Integer(int attribute) => first.Integers[attribute] == second.Integers[attribute] ? first.Integers[attribute] : throw Unclear($"its attribute {attribute}", first.Integers[attribute], second.Integers[attribute]);

    /// <summary>An attribute that may be made of sizes.</summary>
    public SizeExpression Size(int attribute) => writer.Sizes.Find(first.Integers[attribute], second.Integers[attribute]) ?? throw Unclear($"its attribute {attribute}", first.Integers[attribute], second.Integers[attribute]);

    /// <summary>The attribute in both runs.</summary>
    public (float First, float Second) Reals(int attribute) => (first.Reals[attribute], second.Reals[attribute]);

    public float Real(int attribute) => first.Reals[attribute] == second.Reals[attribute] ? first.Reals[attribute] : throw Unclear($"its attribute {attribute}", first.Reals[attribute], second.Reals[attribute]);

    /// <summary>The shape of an input in both runs.</summary>
    public (Shape First, Shape Second) InputShapes(int input) => (first.Inputs[input].Shape, second.Inputs[input].Shape);

    /// <summary>The list of integers as a value of whole numbers, of a shape that is given; null where the list is empty.</summary>
    public string? Whole(SizeExpression[] shape) => first.List is null || first.List.Length == 0 ? null : writer.Whole(first.List, second.List!, shape, Name);

    /// <summary>The list of integers where it is the same whatever the sizes.</summary>
    public int[] FixedList => first.List.AsSpan().SequenceEqual(second.List) ? first.List! : throw new BadUsageException($"{Name}: its list of numbers differs between two runs of the pass; it must be an input or the same always.");

    private BadUsageException Unclear(string what, int one, int two) => new($"{Name}: {what} was {one} in one run of the pass and {two} in another, which nothing of {string.Join(", ", writer.Sizes.Names)} makes. Compute it by operations on tensors.");

    private BadUsageException Unclear(string what, float one, float two) => new($"{Name}: {what} was {one} in one run of the pass and {two} in another; it must be the same whatever the inputs. Compute it by operations on tensors.");
}

/// <summary>Writes a pass as a graph.</summary>
internal sealed class PassWriter
{
    private readonly Dictionary<TensorNode, string> _values = [];
    private readonly Dictionary<string, SizeExpression[]> _wholeShapes = new(StringComparer.Ordinal);
    private readonly Dictionary<SizeExpression, string> _sizeValues = [];
    private readonly Dictionary<(string, SizeExpression, int), string> _masks = [];
    private readonly ForwardPass _pass;
    private readonly WatchedPass _first, _second;

    private PassWriter(ForwardPass pass)
    {
        (_pass, Sizes, Graph) = (pass, new FreeSizes(pass.Sizes), new GraphBuilder(pass.Name));
        (_first, _second) = (new WatchedPass(pass, Sizes, 0), new WatchedPass(pass, Sizes, 1));
    }

    public GraphBuilder Graph { get; }

    public FreeSizes Sizes { get; }

    /// <summary>Writes a pass as a graph.</summary>
    /// <exception cref="BadUsageException">The pass uses an operation that ONNX has no form of here, or computes something in C# that must be an operation.</exception>
    public static GraphProto Write(ForwardPass pass) => new PassWriter(pass).Write();

    /// <summary>What a shape is made of.</summary>
    public SizeExpression[] ShapeOf(Shape first, Shape second)
    {
        var sizes = new SizeExpression[first.Rank];
        for (int i = 0; i < sizes.Length; i++)
            sizes[i] = Sizes.Find(first[i], second[i]) ?? throw new BadUsageException($"The pass {_pass.Name}: a dimension was {first[i]} in one run and {second[i]} in another, which nothing of {string.Join(", ", Sizes.Names)} makes.");
        return sizes;
    }

    /// <summary>The value of a node.</summary>
    public string ValueOf(TensorNode first, TensorNode second)
    {
        if (_values.TryGetValue(first, out string? known)) return known;
        return _values[first] = first.Parameter is { } parameter ? Graph.Initializer(parameter) : ConstantOf(first, second);
    }

    public void SetValue(TensorNode first, string value) => _values[first] = value;

    /// <summary>A list of integers as a value.</summary>
    public string Whole(int[] first, int[] second, SizeExpression[] shape, string operation)
    {
        foreach ((string name, int[] numbers) in _first.Whole)
            if (numbers.AsSpan().SequenceEqual(first) && _second.Whole[name].AsSpan().SequenceEqual(second))
                return _wholeShapes[name].AsSpan().SequenceEqual(shape) ? name : Reshape(name, _wholeShapes[name], shape);
        if (!first.AsSpan().SequenceEqual(second)) throw new BadUsageException($"{operation}: its numbers are none of the pass's inputs ({string.Join(", ", _first.Whole.Keys.DefaultIfEmpty("none"))}) and differ between two runs. Give them as an input, or compute them by operations on tensors.");
        return Reshape(Graph.Constant(Array.ConvertAll(first, number => (long)number)), ShapeOf([first.Length], [second.Length]), shape);
    }

    /// <summary>A size as a value of one whole number, [1].</summary>
    public string Size(SizeExpression size)
    {
        if (size.IsFixed) return Graph.Constant(size.Factor);
        if (_sizeValues.TryGetValue(size, out string? known)) return known;
        string? value = size.Factor == 1 ? null : Graph.Constant(size.Factor);
        for (int i = 0; i < size.Powers.Length; i++)
            for (int power = 0; power < size.Powers[i]; power++) value = value is null ? Free(Sizes.Names[i]) : Graph.Node("Mul", [value, Free(Sizes.Names[i])]);
        return _sizeValues[size] = size.Offset == 0 ? value! : Graph.Node("Add", [value!, Graph.Constant(size.Offset)]);
    }

    /// <summary>A shape as a value of whole numbers.</summary>
    public string Shape(SizeExpression[] shape) => shape.All(size => size.IsFixed) ? Graph.Constant([.. shape.Select(size => (long)size.Factor)]) : Graph.Node("Concat", [.. shape.Select(Size)], ("axis", 0L));

    /// <summary>A value under another shape.</summary>
    public string Reshape(string value, SizeExpression[] from, SizeExpression[] to)
    {
        if (from.AsSpan().SequenceEqual(to)) return value;
        // 0 stands for the size at the same place before, −1 for what is left.
        long[] sizes = [.. to.Select((size, i) => size.IsFixed ? size.Factor : i < from.Length && from[i].Equals(size) ? 0L : -1)];
        return Graph.Node("Reshape", [value, sizes.Count(size => size == -1) <= 1 && !sizes.Where((size, i) => size == 0 && to[i].IsFixed).Any() ? Graph.Constant(sizes) : Shape(to)]);
    }

    /// <summary>Which steps are within the sequences: booleans [batch, time].</summary>
    /// <param name="lengths">The lengths, [batch].</param>
    /// <param name="time">Steps there is room for.</param>
    /// <param name="least">Shorter sequences count as so long.</param>
    public string Mask(string lengths, SizeExpression time, int least = 0)
    {
        if (_masks.TryGetValue((lengths, time, least), out string? known)) return known;
        string counted = least == 0 ? lengths : Graph.Node("Max", [lengths, Graph.Constant(least)]);
        string steps = Graph.Node("Range", [Graph.Scalar(0), Graph.Node("Squeeze", [Size(time), Graph.Constant(0L)]), Graph.Scalar(1)]);
        return _masks[(lengths, time, least)] = Graph.Node("Less", [steps, Graph.Node("Unsqueeze", [counted, Graph.Constant(1L)])]);
    }

    private GraphProto Write()
    {
        foreach (PassInput input in _pass.Inputs)
        {
            Graph.Input(input.Name, input.IsWhole ? TensorProto.Types.DataType.Int64 : TensorProto.Types.DataType.Float, input.Sizes.Select(size => (size.Name, (long)size.Value)));
            if (input.IsWhole) _wholeShapes[input.Name] = [.. input.Sizes.Select(size => size.Name is null ? new SizeExpression(size.Value, new int[Sizes.Names.Count]) : Sizes[size.Name])];
        }
        foreach ((TensorNode node, string name) in _first.Numbers) _values[node] = name;
        if (_first.Calls.Count != _second.Calls.Count) throw new BadUsageException($"The pass {_pass.Name} runs other operations for other sizes ({_first.Calls.Count} and {_second.Calls.Count} of them); it must always run the same.");
        for (int i = 0; i < _first.Calls.Count; i++)
        {
            (WatchedCall one, WatchedCall two) = (_first.Calls[i], _second.Calls[i]);
            if (one.Operation != two.Operation) throw new BadUsageException($"The pass {_pass.Name} runs {one.Operation.Name} in one run where it runs {two.Operation.Name} in another; it must always run the same.");
            OperationNodes.Write(new PairedCall(this, one, two));
        }
        for (int i = 0; i < _first.Outputs.Length; i++)
        {
            ((string name, TensorNode node), TensorNode other) = (_first.Outputs[i], _second.Outputs[i].Node);
            string value = ValueOf(node, other);
            Graph.Output(name, value, TensorProto.Types.DataType.Float, ShapeOf(node.Shape, other.Shape).Select((size, dimension) => Dimension(size, name, dimension)));
        }
        return Graph.Finish();
    }

    /// <summary>A free size by itself has its name; what is made of several has one that says so.</summary>
    private (string? Name, long Value) Dimension(SizeExpression size, string output, int dimension)
    {
        if (size.IsFixed) return (null, size.Factor);
        for (int i = 0; i < Sizes.Names.Count; i++)
            if (size.Equals(Sizes[Sizes.Names[i]])) return (Sizes.Names[i], 0);
        return ($"{output}_{dimension}", 0);
    }

    private string Free(string name)
    {
        foreach (PassInput input in _pass.Inputs)
            for (int i = 0; i < input.Sizes.Count; i++)
                if (input.Sizes[i].Name == name) return Graph.Node("Shape", [input.Name], ("start", (long)i), ("end", i + 1L));
        throw new BadUsageException($"The pass {_pass.Name}: no input has the size {name}.");
    }

    /// <summary>What neither an operation nor an input made: the same numbers in both runs, or one number in any shape.</summary>
    private string ConstantOf(TensorNode one, TensorNode two)
    {
        if (one.Shape == two.Shape && one.Values.SequenceEqual(two.Values)) return Graph.Constant(one.Values, one.Shape.ToArray());
        if (one.Values.IsEmpty || one.Values.ContainsAnyExcept(one.Values[0]) || two.Values.ContainsAnyExcept(one.Values[0]))
            throw new BadUsageException($"The pass {_pass.Name} reads a tensor {one.Shape} whose numbers C# made of the inputs: they differ between two runs. Give them as an input, or compute them by operations on tensors.");
        return Graph.Node("Expand", [Graph.Constant(one.Values[0]), Shape(ShapeOf(one.Shape, two.Shape))]);
    }
}
