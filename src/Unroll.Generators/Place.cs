using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Unroll.Generators;

/// <summary>A position in a source file that, unlike a <see cref="Location"/>, keeps no syntax tree alive and compares by value.</summary>
internal readonly record struct Place(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public static Place Of(Location? location) =>
        location?.SourceTree is { } tree ? new Place(tree.FilePath, location.SourceSpan, location.GetLineSpan().Span) : default;

    public Location ToLocation() => Path is null ? Location.None : Location.Create(Path, Span, Lines);
}
