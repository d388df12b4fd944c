using System.Globalization;
using Unroll.Data;

namespace Unroll.Tasks.Ranking;

/// <summary>The words that a question and a candidate share, rare ones counting for more: the features that Severyn &amp; Moschitti 2015, "Learning to rank short text pairs with
/// convolutional deep neural networks", put beside a network's score, and a baseline by themselves. A word is a token with a letter or a digit; its weight is
/// idf = ln((N + 1) / (n + 1)), where n of the N sentences learned from have it, and n = 0 for an unknown one.</summary>
internal sealed class WordOverlap
{
    /// <summary>Features of a pair: the share of the question's different words that the candidate has, that share weighted by idf, and the cosine of the two sets of words as vectors of idf.</summary>
    public const int Features = 3;

    /// <summary>Which of the features is the baseline.</summary>
    public const int Baseline = 1;

    private readonly TokenVocabulary _words;
    private readonly int[] _sentencesWith;
    private readonly int _sentences;

    private WordOverlap(TokenVocabulary words, int sentences, int[] sentencesWith)
    {
        (_words, _sentences, _sentencesWith) = (words, sentences, sentencesWith);
        sentencesWith[words.Unknown] = 0;
    }

    /// <summary>Weights from sentences to learn from.</summary>
    /// <param name="words">The vocabulary.</param>
    /// <param name="sentences">The numbers of each sentence's words.</param>
    public static WordOverlap Count(TokenVocabulary words, IEnumerable<IReadOnlyList<int>> sentences)
    {
        int[] last = new int[words.Count], counts = new int[words.Count];
        int number = 0;
        foreach (IReadOnlyList<int> sentence in sentences)
        {
            number++;
            foreach (int word in sentence)
            {
                if (last[word] == number) continue;
                last[word] = number;
                counts[word]++;
            }
        }
        return new WordOverlap(words, number, counts);
    }

    /// <summary>The counts as text: that of the sentences, then each word's.</summary>
    public override string ToString() => string.Join(' ', _sentencesWith.Prepend(_sentences).Select(count => count.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="BadInputException">It is not a count for each word.</exception>
    public static WordOverlap Parse(TokenVocabulary words, string text)
    {
        string[] parts = text.Split(' ');
        int[] counts = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out counts[i])) throw new BadInputException("The model's word counts are damaged.");
        if (counts.Length != words.Count + 1) throw new BadInputException($"The model has {counts.Length - 1:N0} word counts for {words.Count:N0} words.");
        return new WordOverlap(words, counts[0], counts[1..]);
    }

    /// <summary>A word's weight.</summary>
    public float Idf(int word) => MathF.Log((_sentences + 1f) / (_sentencesWith[word] + 1f));

    /// <summary>The weight of a word that was never seen, the greatest.</summary>
    public float GreatestIdf => MathF.Log(_sentences + 1f);

    /// <summary>A question, to compare candidates with.</summary>
    /// <param name="tokens">Its tokens.</param>
    public Question Ask(IReadOnlyList<string> tokens) => new(this, tokens);

    private double Square(string word)
    {
        double idf = Idf(_words.NumberOf(word));
        return idf * idf;
    }

    private static bool IsWord(string token) => token.AsSpan().ContainsAnyInRange('a', 'z') || token.Any(char.IsLetterOrDigit);

    /// <summary>The words of a question.</summary>
    public sealed class Question
    {
        private readonly WordOverlap _weights;
        private readonly List<string> _asked = [];
        private readonly HashSet<string> _askedSet = [], _found = [];

        /// <summary>A question.</summary>
        /// <param name="weights">The words' weights.</param>
        /// <param name="tokens">Its tokens.</param>
        public Question(WordOverlap weights, IReadOnlyList<string> tokens)
        {
            _weights = weights;
            foreach (string token in tokens)
                if (IsWord(token) && _askedSet.Add(token)) _asked.Add(token);
        }

        /// <summary>Whether a token is a word of the question.</summary>
        public bool Has(string token) => _askedSet.Contains(token);

        /// <summary>Compares a candidate with the question.</summary>
        /// <param name="tokens">The candidate's tokens.</param>
        /// <param name="features">Receives the features.</param>
        public void Compare(IReadOnlyList<string> tokens, Span<float> features)
        {
            _found.Clear();
            double squaresFound = 0;
            foreach (string token in tokens)
                if (IsWord(token) && _found.Add(token)) squaresFound += _weights.Square(token);
            // Along the question's words, so that candidates that share the same ones come to the same bits.
            double shared = 0, weightShared = 0, weight = 0, squaresShared = 0, squares = 0;
            foreach (string word in _asked)
            {
                double idf = _weights.Idf(_weights._words.NumberOf(word));
                weight += idf;
                squares += idf * idf;
                if (!_found.Contains(word)) continue;
                shared++;
                weightShared += idf;
                squaresShared += idf * idf;
            }
            features[0] = (float)(shared / Math.Max(1, _asked.Count));
            features[1] = weight > 0 ? (float)(weightShared / weight) : 0;
            features[2] = squares > 0 && squaresFound > 0 ? (float)(squaresShared / Math.Sqrt(squares * squaresFound)) : 0;
        }
    }
}
