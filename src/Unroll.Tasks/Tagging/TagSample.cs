using Unroll.Tensors;

namespace Unroll.Tasks.Tagging;

/// <summary>Sentences of an invented language, for training without data. As in real ones, endings tell much about a word's part of speech, some words have one or another by what stands
/// before them, and of the sentences kept aside many words are new.</summary>
internal sealed class TagSample
{
    private const int Stems = 300;
    private const string Consonants = "bdfgklmnprstvz", Vowels = "aeiou";

    private static readonly string[] Determiners = ["the", "a", "this", "every", "no"], Pronouns = ["she", "they", "it", "we", "nobody"], Adpositions = ["in", "on", "under", "with", "of"];
    private static readonly string[] Conjunctions = ["and", "but", "while"], Numbers = ["two", "three", "seven", "12", "100"], Adverbs = ["soon", "here", "never"];
    /// <summary>A noun behind a determiner or an adjective, a verb elsewhere.</summary>
    private static readonly string[] Ambiguous = ["walk", "play", "light", "watch", "turn", "call", "plan", "rest"];

    private readonly RandomState _random;
    private readonly string[] _stems;
    private readonly List<string> _words = [], _tags = [];
    private int _line;

    /// <summary>A language whose words are drawn from a random source.</summary>
    public TagSample(RandomState random)
    {
        _random = random;
        _stems = [.. Enumerable.Range(0, Stems).Select(_ => NewStem())];
    }

    /// <summary>One more sentence.</summary>
    public TaggedSentence Next()
    {
        _words.Clear();
        _tags.Clear();
        Clause();
        if (Chance(3))
        {
            Add(Conjunctions, "CONJ");
            Clause();
        }
        Add(Chance(8) ? "!" : ".", ".");
        if (Chance(2)) _words[0] = char.ToUpperInvariant(_words[0][0]) + _words[0][1..];
        _line += _words.Count + 1;
        return new TaggedSentence([.. _words], [.. _tags], "sample", _line - _words.Count);
    }

    private void Clause()
    {
        NounPhrase();
        if (Chance(3)) Add(Ambiguous, "VERB");
        else Add(Stem() + (Chance(2) ? "ed" : "es"), "VERB");
        if (Chance(2)) NounPhrase();
        if (Chance(4)) Add("up", "PRT");
        if (Chance(3))
        {
            if (Chance(2)) Add(Adverbs, "ADV");
            else Add(Stem() + "ly", "ADV");
        }
    }

    private void NounPhrase()
    {
        if (Chance(4))
        {
            Add(Pronouns, "PRON");
            return;
        }
        if (Chance(5))
        {
            Add(Numbers, "NUM");
            Add(Stem() + "ers", "NOUN");
        }
        else
        {
            Add(Determiners, "DET");
            while (Chance(3)) Add(Stem() + (Chance(2) ? "ish" : "al"), "ADJ");
            if (Chance(3)) Add(Ambiguous, "NOUN");
            else Add(Stem() + (Chance(2) ? "ness" : "er"), "NOUN");
        }
        if (!Chance(4)) return;
        Add(Adpositions, "ADP");
        NounPhrase();
    }

    /// <summary>Mostly one of the known stems, the first of them more often than the last; now and then a new one.</summary>
    private string Stem() => Chance(8) ? NewStem() : _stems[(int)(Stems * Math.Pow(_random.NextSingle(), 3))];

    private string NewStem()
    {
        string stem = "";
        for (int i = 2 + _random.NextInt(2); i > 0; i--) stem += $"{Consonants[_random.NextInt(Consonants.Length)]}{Vowels[_random.NextInt(Vowels.Length)]}";
        return stem + Consonants[_random.NextInt(Consonants.Length)];
    }

    private bool Chance(int oneIn) => _random.NextInt(oneIn) == 0;

    private void Add(string[] words, string tag) => Add(words[_random.NextInt(words.Length)], tag);

    private void Add(string word, string tag)
    {
        _words.Add(word);
        _tags.Add(tag);
    }
}
