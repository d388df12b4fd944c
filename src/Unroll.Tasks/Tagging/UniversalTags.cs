namespace Unroll.Tasks.Tagging;

/// <summary>The universal part-of-speech tags: twelve of Petrov, Das &amp; McDonald 2012, and the seventeen of Universal Dependencies (Nivre et al. 2016) that grew out of them.</summary>
internal static class UniversalTags
{
    /// <summary>One of the twelve for each of the seventeen, and for each of the twelve itself.</summary>
    private static readonly Dictionary<string, string> Twelve = (
        "ADJ=ADJ ADP=ADP ADV=ADV AUX=VERB CCONJ=CONJ DET=DET INTJ=X NOUN=NOUN NUM=NUM PART=PRT PRON=PRON PROPN=NOUN PUNCT=. SCONJ=CONJ SYM=X VERB=VERB X=X "
        + "CONJ=CONJ PRT=PRT .=.").Split(' ').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);

    /// <summary>The tag of the twelve.</summary>
    /// <exception cref="BadInputException">It is none of the seventeen or the twelve.</exception>
    public static string Map(string tag, string where) => Twelve.TryGetValue(tag, out string? mapped) ? mapped : throw new BadInputException(
        $"{where}: the tag '{tag}' is no universal part of speech; --universal maps the seventeen tags of Universal Dependencies ({string.Join(", ", Twelve.Keys.Take(17))}) to twelve. Leave the option out, or mend the tag.");
}
