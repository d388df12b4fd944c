using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>A part of a model: parameters of its own, and child modules. Parameters are named by the path from the outermost module
/// with dots between, as PyTorch does, so that weights can be exchanged.</summary>
public abstract class Module
{
    private readonly List<Parameter> _own = [];
    private readonly List<(string Name, Module Child)> _children = [];
    private Module? _parent;
    private Parameter[]? _all;

    /// <summary>All parameters in a fixed order: the module's own as they were added, then those of each child.</summary>
    public IReadOnlyList<Parameter> Parameters => _all ??= Collect();

    /// <summary>How many numbers the parameters hold.</summary>
    public long ParameterCount
    {
        get
        {
            long count = 0;
            foreach (Parameter parameter in _all ??= Collect()) count += parameter.Shape.Count;
            return count;
        }
    }

    /// <summary>Draws first values for every parameter. Each has its own stream of random numbers that depends on the state of
    /// <paramref name="random"/> and on the parameter's name, so that adding a layer leaves the others as they were.</summary>
    public void Initialize(RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        foreach (Parameter parameter in _all ??= Collect())
        {
            parameter.Initializer.Fill(parameter.Values, parameter.Shape, random.Fork(parameter.Name));
            parameter.Changed();
        }
    }

    /// <summary>Sets every gradient to zero: for gradients that no optimizer's step has used up.</summary>
    public void ClearGradients()
    {
        foreach (Parameter parameter in _all ??= Collect()) parameter.Gradient.Clear();
    }

    /// <summary>The module and all modules within it.</summary>
    internal IEnumerable<Module> Descendants() => _children.SelectMany(child => child.Child.Descendants()).Prepend(this);

    /// <summary>Adds a parameter, zero until <see cref="Initialize"/> is called.</summary>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    protected Parameter Add(string name, Shape shape, ParameterKind kind, Initializer initializer)
    {
        ArgumentNullException.ThrowIfNull(initializer);
        Check(name);
        return AddNamed(name, shape, kind, initializer);
    }

    /// <summary>Adds a parameter under a name from elsewhere, which may have dots. The caller sees to it that no other parameter has it.</summary>
    private protected Parameter AddNamed(string name, Shape shape, ParameterKind kind, Initializer initializer)
    {
        var parameter = new Parameter(Path(name), shape, kind, initializer);
        _own.Add(parameter);
        Forget();
        return parameter;
    }

    /// <summary>Adds a child, whose parameters' names get <paramref name="name"/> and a dot in front.</summary>
    /// <exception cref="ArgumentException">The name is empty or taken, or the child already has a parent.</exception>
    protected TModule Add<TModule>(string name, TModule child) where TModule : Module
    {
        ArgumentNullException.ThrowIfNull(child);
        Check(name);
        if (child._parent is not null || child == this)
            throw new ArgumentException($"The module to add as '{name}' is already part of another; a module has one parent.", nameof(child));
        child._parent = this;
        _children.Add((name, child));
        string prefix = Path(name);
        foreach (Parameter parameter in child.Parameters) parameter.Name = $"{prefix}.{parameter.Name}";
        Forget();
        return child;
    }

    /// <summary>A name with the path from the outermost module in front.</summary>
    private string Path(string name)
    {
        for (Module module = this; module._parent is { } parent; module = parent) name = $"{parent.NameOf(module)}.{name}";
        return name;
    }

    private string NameOf(Module child) => _children.Find(entry => entry.Child == child).Name;

    private void Check(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.Contains('.', StringComparison.Ordinal))
            throw new ArgumentException($"'{name}' has a dot, which separates modules in a parameter's name; leave it out.", nameof(name));
        string path = Path(name);
        if (_own.Exists(parameter => parameter.Name == path) || _children.Exists(entry => entry.Name == name))
            throw new ArgumentException($"The module already has a part named '{name}'; names within a module differ.", nameof(name));
    }

    private void Forget()
    {
        for (Module? module = this; module is not null; module = module._parent) module._all = null;
    }

    private Parameter[] Collect()
    {
        var all = new List<Parameter>(_own);
        foreach ((_, Module child) in _children) all.AddRange(child.Parameters);
        return [.. all];
    }
}
