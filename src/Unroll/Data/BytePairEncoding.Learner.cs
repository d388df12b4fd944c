using System.Runtime.InteropServices;

namespace Unroll.Data;

/// <content>How the pairs are found: their counts are kept up to date as pairs are joined, in the words that hold them and nowhere else.</content>
internal sealed partial class BytePairEncoding
{
    private sealed class PairLearner
    {
        private readonly List<string> _pieces = [];
        private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
        private readonly List<(int[] Pieces, long Count)> _words = [];
        private readonly Dictionary<(int Left, int Right), long> _counts = [];

        /// <summary>For every pair the words that hold it, and some that have ceased to.</summary>
        private readonly Dictionary<(int Left, int Right), List<int>> _places = [];

        /// <summary>The pairs by falling count. A count here may be out of date, but never too low.</summary>
        private readonly PriorityQueue<(int Left, int Right, long Count), (long Count, string Left, string Right)> _queue = new(Comparer<(long Count, string Left, string Right)>.Create(Compare));

        public PairLearner(SymbolCounts words)
        {
            // The order of the words decides nothing: counts are sums, and of equal counts the pieces' names decide.
            foreach ((string word, long count) in words.ByFrequency())
            {
                if (word.Length == 0) continue;
                int[] pieces = [.. Letters(word).Select(NumberOf)];
                _words.Add((pieces, count));
                for (int i = 1; i < pieces.Length; i++) AddPair((pieces[i - 1], pieces[i]), count, _words.Count - 1);
            }
            foreach (var pair in _counts.Keys) Enqueue(pair);
        }

        public IEnumerable<(string Left, string Right)> Learn(int merges)
        {
            while (merges > 0 && _queue.TryDequeue(out var top, out _))
            {
                var pair = (top.Left, top.Right);
                if (!_counts.TryGetValue(pair, out long count) || count < 2) continue;
                if (count != top.Count)
                {
                    Enqueue(pair);
                    continue;
                }
                Join(pair);
                merges--;
                yield return (_pieces[pair.Left], _pieces[pair.Right]);
            }
        }

        /// <summary>Joins a pair in every word that holds it.</summary>
        private void Join((int Left, int Right) pair)
        {
            int joined = NumberOf(_pieces[pair.Left] + _pieces[pair.Right]);
            var risen = new HashSet<(int, int)>();
            foreach (int number in _places[pair])
            {
                (int[] pieces, long count) = _words[number];
                var next = new List<int>(pieces.Length);
                for (int i = 0; i < pieces.Length; i++)
                {
                    bool joins = i + 1 < pieces.Length && (pieces[i], pieces[i + 1]) == pair;
                    next.Add(joins ? joined : pieces[i]);
                    if (joins) i++;
                }
                if (next.Count == pieces.Length) continue;
                for (int i = 1; i < pieces.Length; i++) CollectionsMarshal.GetValueRefOrAddDefault(_counts, (pieces[i - 1], pieces[i]), out _) -= count;
                for (int i = 1; i < next.Count; i++)
                {
                    var (left, right) = (next[i - 1], next[i]);
                    // What does not hold the new piece was a pair of this word before.
                    if (left == joined || right == joined)
                    {
                        AddPair((left, right), count, number);
                        risen.Add((left, right));
                    }
                    else
                    {
                        CollectionsMarshal.GetValueRefOrAddDefault(_counts, (left, right), out _) += count;
                    }
                }
                _words[number] = ([.. next], count);
            }
            _counts.Remove(pair);
            _places.Remove(pair);
            foreach (var other in risen) Enqueue(other);
        }

        private void Enqueue((int Left, int Right) pair)
        {
            long count = _counts[pair];
            if (count > 1) _queue.Enqueue((pair.Left, pair.Right, count), (count, _pieces[pair.Left], _pieces[pair.Right]));
        }

        private void AddPair((int, int) pair, long count, int word)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += count;
            List<int> places = CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _) ??= [];
            if (places.Count == 0 || places[^1] != word) places.Add(word);
        }

        private int NumberOf(string piece)
        {
            if (_numbers.TryGetValue(piece, out int number)) return number;
            _numbers.Add(piece, _pieces.Count);
            _pieces.Add(piece);
            return _pieces.Count - 1;
        }

        private static int Compare((long Count, string Left, string Right) a, (long Count, string Left, string Right) b)
        {
            int order = b.Count.CompareTo(a.Count);
            if (order == 0) order = string.CompareOrdinal(a.Left, b.Left);
            return order != 0 ? order : string.CompareOrdinal(a.Right, b.Right);
        }
    }
}
