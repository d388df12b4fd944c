using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;

namespace Unroll.Generators;

/// <summary>A class that derives from something and may belong to a catalogue; compared by value.</summary>
internal sealed record Candidate(string FullName, string Name, string Summary, EquatableNames Bases, string? VariantsOf, bool HasConstructor, Place Place)
{
    /// <summary>Reads a class, or gives null when no catalogue could ever name it.</summary>
    public static Candidate? Read(INamedTypeSymbol type, CancellationToken cancel)
    {
        if (type.IsAbstract || type.IsStatic || IsHidden(type))
            return null;
        var bases = ImmutableNames(type.BaseType);
        return new Candidate(
            Names.Full(type), type.Name, Names.FirstSentence(type.GetDocumentationCommentXml(cancellationToken: cancel)),
            bases, VariantsElement(type),
            type.InstanceConstructors.Any(c => c.Parameters.Length == 0 && IsOpen(c.DeclaredAccessibility)),
            Place.Of(type.Locations.FirstOrDefault()));
    }

    private static EquatableNames ImmutableNames(INamedTypeSymbol? type)
    {
        var names = System.Collections.Immutable.ImmutableArray.CreateBuilder<string>();
        for (; type is not null && type.SpecialType != SpecialType.System_Object; type = type.BaseType)
            names.Add(Names.Full(type));
        return new EquatableNames(names.ToImmutable());
    }

    /// <summary>T, where the class has a static member <c>IReadOnlyList&lt;T&gt; Variants</c>.</summary>
    private static string? VariantsElement(INamedTypeSymbol type)
    {
        foreach (var member in type.GetMembers("Variants"))
        {
            var held = member switch { IPropertySymbol property => property.Type, IFieldSymbol field => field.Type, _ => null };
            if (member.IsStatic && IsOpen(member.DeclaredAccessibility) && held is INamedTypeSymbol { TypeArguments.Length: 1, MetadataName: "IReadOnlyList`1" } list)
                return Names.Full(list.TypeArguments[0]);
        }
        return null;
    }

    /// <summary>Generic, or nested where generated code cannot name it.</summary>
    private static bool IsHidden(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? each = type; each is not null; each = each.ContainingType)
        {
            if (each.IsGenericType || each.IsFileLocal || !IsOpen(each.DeclaredAccessibility))
                return true;
        }
        return false;
    }

    private static bool IsOpen(Accessibility accessibility) =>
        accessibility is Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal;
}
