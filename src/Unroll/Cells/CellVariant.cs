namespace Unroll.Cells;

/// <summary>A cell under the name it has on the command line and in model files.</summary>
/// <param name="Name">Lower case with hyphens, such as <c>lstm</c> or <c>gru-before</c>.</param>
/// <param name="Summary">One line.</param>
/// <param name="Create">Makes the cell.</param>
public sealed record CellVariant(string Name, string Summary, Func<Cell> Create);
