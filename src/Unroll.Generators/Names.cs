using System.Collections.Immutable;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace Unroll.Generators;

/// <summary>How classes are called in code, in a catalogue and in a listing.</summary>
internal static class Names
{
    public static string Full(ITypeSymbol? type) => type?.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) ?? "";

    /// <summary>"LanguageModel" becomes "language-model", "GRU" "gru".</summary>
    public static string Kebab(string name)
    {
        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = char.IsUpper(name[i]) && i > 0 && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (startsWord)
                text.Append('-');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }

    /// <summary>The first sentence of a documentation comment's summary, on one line; empty without one.</summary>
    public static string FirstSentence(string? documentation)
    {
        if (string.IsNullOrWhiteSpace(documentation))
            return "";
        XElement? summary;
        try
        {
            summary = XElement.Parse(documentation).Descendants("summary").FirstOrDefault();
        }
        catch (System.Xml.XmlException)
        {
            return ""; // the compiler has its own warning for a malformed comment
        }
        if (summary is null)
            return "";
        // <see cref="T:A.B"/> has no text of its own: its target's last name stands for it.
        foreach (var see in summary.Descendants("see").Where(e => e.IsEmpty).ToArray())
            see.ReplaceWith(((string?)see.Attribute("cref") ?? "").Split('.', ':').Last());
        var text = Regex.Replace(summary.Value, @"\s+", " ").Trim();
        var end = Regex.Match(text, @"\.(?= [A-Z(])|\.$");
        return end.Success ? text.Substring(0, end.Index) : text;
    }
}

/// <summary>A list of names that is equal to another with the same names.</summary>
internal readonly struct EquatableNames(ImmutableArray<string> names) : System.IEquatable<EquatableNames>
{
    private readonly ImmutableArray<string> _names = names;

    public bool Contains(string name) => _names.Contains(name);

    public bool Equals(EquatableNames other) => _names.SequenceEqual(other._names);

    public override bool Equals(object? obj) => obj is EquatableNames other && Equals(other);

    public override int GetHashCode() => _names.Length == 0 ? 0 : _names[0].GetHashCode();
}
