using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Unroll.Generators;

/// <summary>A class that carries <c>[Catalogue]</c>; compared by value so that the generator runs again only when something changed.</summary>
internal sealed record Catalogue(string Namespace, string Name, string BaseClass, string? Entry, bool IsStaticPartial, Place Place)
{
    public string FileName => (Namespace.Length > 0 ? Namespace + "." : "") + Name + ".g.cs";

    public static Catalogue Read(INamedTypeSymbol type, AttributeData attribute, ClassDeclarationSyntax declaration)
    {
        var arguments = attribute.ConstructorArguments;
        var good = type.IsStatic && type.ContainingType is null && declaration.Modifiers.Any(SyntaxKind.PartialKeyword);
        return new Catalogue(
            type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString(),
            type.Name,
            arguments.Length > 0 ? Names.Full(arguments[0].Value as ITypeSymbol) : "",
            arguments.Length > 1 ? Names.Full(arguments[1].Value as ITypeSymbol) : null,
            good,
            Place.Of(type.Locations.FirstOrDefault()));
    }
}
