using Unroll.Generators;

namespace Unroll.Cells;

/// <summary>All cells by name. A class that derives from <see cref="Cell"/> in this project is found when it is compiled; nothing is
/// registered by hand.</summary>
[Catalogue(typeof(Cell), typeof(CellVariant))]
public static partial class CellCatalogue
{
    /// <summary>Every built-in cell, in the order of its class's name.</summary>
    public static IReadOnlyList<CellVariant> All { get; } = Discover();

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
