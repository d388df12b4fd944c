namespace Unroll.Tasks.Tagging;

/// <summary>How entities are written as tags.</summary>
internal enum EntityScheme
{
    /// <summary>Not as entities; or not so that a rule is kept.</summary>
    None,
    /// <summary>B-type begins an entity, I-type continues it, O is outside: Ramshaw &amp; Marcus 1995, as in CoNLL-2002.</summary>
    Bio,
    /// <summary>B-type, I-type, and E-type for the last token of an entity, S-type for its only one.</summary>
    Bioes,
}

/// <summary>An entity: tokens from <paramref name="Start"/> up to but not including <paramref name="End"/>.</summary>
internal readonly record struct EntitySpan(int Start, int End, string Type);

/// <summary>Entities in tags and tags of entities. Entities begin and end as in the conlleval script of the CoNLL shared tasks, which reads what breaks the rules too: an I-type
/// that follows another type or O begins an entity. Of E and S it is read as the scripts that came after it do: both end an entity, S begins one as well.</summary>
internal static class EntityTags
{
    /// <summary>Whether every tag is O or one of B, I, E, S with a dash and a type, and not all are O.</summary>
    public static bool AreEntities(IEnumerable<string> tags)
    {
        bool any = false;
        foreach (string tag in tags)
        {
            if (tag == "O") continue;
            if (tag.Length < 3 || tag[1] != '-' || !"BIES".Contains(tag[0], StringComparison.Ordinal)) return false;
            any = true;
        }
        return any;
    }

    /// <summary>The scheme whose rules all sentences keep.</summary>
    public static EntityScheme SchemeOf(IReadOnlyList<string[]> sentences)
    {
        if (!AreEntities(sentences.SelectMany(tags => tags))) return EntityScheme.None;
        foreach (EntityScheme scheme in (ReadOnlySpan<EntityScheme>)[EntityScheme.Bio, EntityScheme.Bioes])
            if (sentences.All(tags => Keeps(tags, scheme))) return scheme;
        return EntityScheme.None;
    }

    /// <summary>The entities of a sentence.</summary>
    public static List<EntitySpan> Spans(ReadOnlySpan<string> tags)
    {
        var spans = new List<EntitySpan>();
        int start = -1;
        for (int i = 0; i <= tags.Length; i++)
        {
            string before = i > 0 ? tags[i - 1] : "O", tag = i < tags.Length ? tags[i] : "O";
            if (start >= 0 && Ends(before, tag))
            {
                spans.Add(new EntitySpan(start, i, TypeOf(before)));
                start = -1;
            }
            if (Starts(before, tag)) start = i;
        }
        return spans;
    }

    /// <summary>The same entities written in a scheme; <see cref="EntityScheme.None"/> leaves the tags as they are.</summary>
    public static string[] Convert(string[] tags, EntityScheme scheme)
    {
        if (scheme == EntityScheme.None) return tags;
        var converted = new string[tags.Length];
        Array.Fill(converted, "O");
        foreach ((int start, int end, string type) in Spans(tags))
        {
            for (int i = start; i < end; i++) converted[i] = (i == start ? "B-" : "I-") + type;
            if (scheme == EntityScheme.Bioes) converted[end - 1] = (end - start == 1 ? "S-" : "E-") + type;
        }
        return converted;
    }

    /// <summary>Whether one tag may follow another; null stands for the beginning and the end of a sentence.</summary>
    public static bool MayFollow(string? before, string? tag, EntityScheme scheme)
    {
        if (scheme == EntityScheme.None) return true;
        bool open = before is not null && before[0] is 'B' or 'I', goesOn = tag is not null && tag[0] is 'I' or 'E';
        // In BIO an entity may stop anywhere, and there is no E or S; in BIOES one that is open must be closed.
        if (scheme == EntityScheme.Bio && (before is not null && before[0] is 'E' or 'S' || tag is not null && tag[0] is 'E' or 'S')) return false;
        if (goesOn) return open && TypeOf(before!) == TypeOf(tag!);
        return scheme == EntityScheme.Bio || !open;
    }

    private static bool Keeps(string[] tags, EntityScheme scheme)
    {
        for (int i = 0; i <= tags.Length; i++)
            if (tags.Length > 0 && !MayFollow(i > 0 ? tags[i - 1] : null, i < tags.Length ? tags[i] : null, scheme)) return false;
        return true;
    }

    private static bool Ends(string before, string tag) =>
        before[0] is 'E' or 'S' || tag[0] is 'B' or 'S' or 'O' || TypeOf(before) != TypeOf(tag);

    private static bool Starts(string before, string tag) =>
        tag[0] != 'O' && (tag[0] is 'B' or 'S' || before[0] is 'O' or 'E' or 'S' || TypeOf(before) != TypeOf(tag));

    private static string TypeOf(string tag) => tag.Length > 2 ? tag[2..] : "";
}
