namespace Unroll.Equations;

/// <summary>How a parameter of a cell starts.</summary>
public enum ParameterStart
{
    /// <summary>What the layer's options say: the default.</summary>
    Default,
    /// <summary>Zero.</summary>
    Zeros,
    /// <summary>One.</summary>
    Ones,
    /// <summary>The forget-gate bias of the layer's options (1 by default): a gate that starts open remembers
    /// (Gers, Schmidhuber &amp; Cummins 2000; Józefowicz, Zaremba &amp; Sutskever 2015).</summary>
    ForgetBias,
    /// <summary>The identity, for a matrix (Le, Jaitly &amp; Hinton 2015).</summary>
    Identity,
}

/// <summary>Which stored tensor a cell's parameter is a slice of. All matrices of one role and width lie stacked in one tensor, in the order
/// of the equations, which for LSTM and GRU is PyTorch's <c>weight_ih</c> and <c>weight_hh</c>.</summary>
internal enum ParameterRole { InputWeight, StateWeight, InputBias, StateBias, Vector, Gain }

/// <summary>A matrix of the equations, such as W_i: rows × columns, a slice of rows of a stored tensor.</summary>
internal sealed class MatrixParameter(string name, int rows, int columns, StoredParameter store, int firstRow)
{
    public string Name { get; } = name;
    public int Rows { get; } = rows;
    public int Columns { get; } = columns;
    public StoredParameter Store { get; } = store;
    public int FirstRow { get; } = firstRow;
    public ParameterStart Start { get; set; }
}

/// <summary>A vector of the equations, such as b_i: a slice of a stored tensor.</summary>
internal sealed class VectorParameter(string name, int size, StoredParameter store, int first, ParameterStart start, double value = 0)
{
    /// <summary>What each number starts as, given one that is uniform in (0, 1); if null, as <see cref="Start"/> says.</summary>
    public Func<double, double>? Drawn { get; set; }
    public string Name { get; } = name;
    public int Size { get; } = size;
    public StoredParameter Store { get; } = store;
    public int First { get; } = first;
    public ParameterStart Start { get; } = start;
    /// <summary>What it starts as where <see cref="Start"/> is <see cref="ParameterStart.Zeros"/>.</summary>
    public double Value { get; } = value;
}

/// <summary>A tensor that is stored, trained and saved: several matrices stacked, or several vectors one after the other.</summary>
internal sealed class StoredParameter(string name, ParameterRole role, int columns, int index)
{
    /// <summary>PyTorch's stem, such as <c>weight_ih</c>.</summary>
    public string Name { get; } = name;
    public ParameterRole Role { get; } = role;
    /// <summary>Columns of the matrices; 0 for vectors.</summary>
    public int Columns { get; } = columns;
    public int Index { get; } = index;
    /// <summary>Rows of all matrices, or the length of all vectors.</summary>
    public int Rows { get; set; }
    public int Count => Columns == 0 ? Rows : Rows * Columns;
}
