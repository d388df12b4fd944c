using Unroll.Equations;
using Unroll.Generators;

namespace Unroll.Cells;

/// <summary>All cells by name. A class that derives from <see cref="Cell"/> in this project is found when it is compiled, nothing is registered by hand; a program adds
/// its own with <see cref="Add"/>.</summary>
[Catalogue(typeof(Cell), typeof(CellVariant))]
public static partial class CellCatalogue
{
    private static readonly Lock Adding = new();
    private static volatile IReadOnlyList<CellVariant> all = Discover();

    /// <summary>Every cell: the built-in ones in the order of their classes' names, then those added.</summary>
    public static IReadOnlyList<CellVariant> All => all;

    /// <summary>Adds a cell of the program's own, which from then on is found by its name, as in model files, like a built-in one.</summary>
    /// <param name="variant">The cell.</param>
    /// <exception cref="BadUsageException">The name is taken, or is not lower-case letters, digits and hyphens.</exception>
    /// <exception cref="EquationException">The cell's equations are wrong; the message says where.</exception>
    public static void Add(CellVariant variant)
    {
        ArgumentNullException.ThrowIfNull(variant);
        string name = variant.Name;
        if (name.Length == 0 || !char.IsAsciiLetterLower(name[0]) || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
            throw new BadUsageException($"the cell's name is '{name}'; it must begin with a lower-case letter and have only such, digits and hyphens, as in 'gru-before'.");
        _ = variant.Create().Build(3, 4);
        lock (Adding)
        {
            if (all.Any(known => known.Name == name)) throw new BadUsageException($"there is a cell called '{name}' already; give yours another name.");
            all = [.. all, variant];
        }
    }

    /// <summary>Finds a cell.</summary>
    /// <param name="name">Its name, such as <c>lstm</c>.</param>
    /// <exception cref="BadUsageException">No cell has that name; the message lists those there are.</exception>
    public static CellVariant Find(string name)
    {
        foreach (var variant in All)
            if (string.Equals(variant.Name, name, StringComparison.OrdinalIgnoreCase)) return variant;
        throw new BadUsageException($"there is no cell called '{name}'; the cells are {string.Join(", ", All.Select(v => v.Name))}.");
    }
}
