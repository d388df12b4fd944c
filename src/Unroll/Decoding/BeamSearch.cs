using System.Numerics.Tensors;
using Unroll.Kernels;

namespace Unroll.Decoding;

/// <summary>
/// Looks for the likeliest sequences of a model: after every symbol the <see cref="BeamOptions.Width"/> likeliest beginnings are followed. Several searches run
/// batched, each with as many rows of the session side by side as the beam is wide. A beginning that ends among the likeliest leaves the beam; a search is over when as many have ended as
/// the beam is wide, when none that is left could still come among the best, or at the maximum length; its rows then leave the batch. Of equally likely beginnings the one further up in the beam goes first, and
/// of its symbols the lower number, so that results repeat. Graves 2012, "Sequence transduction with recurrent neural networks"; Sutskever, Vinyals &amp; Le 2014.
/// </summary>
public sealed class BeamSearch
{
    private const double LeastCoverage = 1e-30;

    /// <summary>Symbols that are passed over together when none of them is likely enough.</summary>
    private const int Stretch = 64;

    private readonly DecodingSession _session;
    private readonly BeamOptions _options;
    private readonly bool[] _isForbidden;
    private readonly int[] _maximumLengths;
    private readonly int _searches, _width;
    private readonly Node?[] _beam;
    private readonly List<Hypothesis>[] _ended;
    private readonly Candidate[] _best;
    private readonly Node?[] _next;
    private readonly int[] _symbols, _parents;
    /// <summary>Of each row's logits, ln Σ exp.</summary>
    private readonly float[] _totals;

    private BeamSearch(DecodingSession session, int[] maximumLengths, BeamOptions options)
    {
        (_session, _maximumLengths, _searches, _width, _options) = (session, maximumLengths, maximumLengths.Length, options.Width, options);
        _isForbidden = new bool[session.Symbols];
        foreach (int symbol in options.Forbidden) _isForbidden[Existing(symbol)] = true;
        if (_isForbidden[Existing(options.End)]) throw new ArgumentException($"Search: the end symbol {options.End} is forbidden, so that no sequence could end.");
        int rows = checked(_searches * _width);
        (_beam, _next, _symbols, _parents) = (new Node?[rows], new Node?[_width], new int[rows], new int[rows]);
        _ended = [.. Enumerable.Range(0, _searches).Select(_ => new List<Hypothesis>())];
        // Of twice as many, as many as the beam is wide do not end.
        _best = new Candidate[2 * _width];
        _totals = new float[rows];

        int Existing(int symbol) => (uint)symbol < (uint)session.Symbols ? symbol
            : throw new ArgumentException($"Search: symbol {symbol} is not one of the {session.Symbols} from 0 to {session.Symbols - 1}.");
    }

    /// <summary>Searches.</summary>
    /// <param name="session">The model; started afresh with searches × width rows, those of a search side by side.</param>
    /// <param name="begin">The symbol that every sequence begins with, and that is no part of the result.</param>
    /// <param name="maximumLengths">For each search the most symbols that a sequence may have, its end symbol among them.</param>
    /// <param name="options">How to search.</param>
    /// <returns>For every search its best sequences, the best first: those that ended before those that came to the maximum length, each by falling score. There are
    /// fewer than asked for when there are no more.</returns>
    /// <exception cref="ArgumentException">A symbol does not exist, or the end symbol is forbidden.</exception>
    /// <exception cref="BadUsageException">An option makes no sense, there is no search, or a maximum length is below 1.</exception>
    /// <exception cref="RunFailedException">An output of the model is not a number, or every symbol is impossible.</exception>
    public static IReadOnlyList<Hypothesis>[] Run(DecodingSession session, int begin, ReadOnlySpan<int> maximumLengths, BeamOptions options)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        if (maximumLengths.IsEmpty) throw new BadUsageException("There is nothing to search for; expected one maximum length for each search.");
        foreach (int length in maximumLengths)
            if (length < 1) throw new BadUsageException($"The maximum length of a search is {length}; expected 1 or more.");
        return new BeamSearch(session, maximumLengths.ToArray(), options).Run(begin);
    }

    private IReadOnlyList<Hypothesis>[] Run(int begin)
    {
        _session.Start(_beam.Length);
        // All rows of a search begin alike, so only the first one counts.
        for (int search = 0; search < _searches; search++) _beam[search * _width] = new Node(null, begin, 0);
        Array.Fill(_symbols, begin);
        // The searches that go on, in the order of their rows.
        int[] searches = [.. Enumerable.Range(0, _searches)];
        int count = searches.Length;
        for (int length = 1; ; length++)
        {
            int rows = count * _width;
            ReadOnlySpan<float> logits = _session.Step(_symbols.AsSpan(0, rows));
            VectorMath.LogSumExp(logits, _totals, rows, _session.Symbols);
            int left = 0;
            for (int place = 0; place < count; place++)
            {
                if (!Follow(searches[place], place * _width, length, logits)) continue;
                Move(place * _width, left * _width);
                searches[left++] = searches[place];
            }
            if (left == 0) return [.. _ended.Select(Best)];
            count = left;
            _session.Reorder(_parents.AsSpan(0, count * _width));
        }
    }

    private IReadOnlyList<Hypothesis> Best(List<Hypothesis> ended) =>
        [.. ended.OrderByDescending(hypothesis => hypothesis.IsEnded).ThenByDescending(hypothesis => hypothesis.Score).Take(_options.NBest)];

    /// <summary>Moves the rows of a search forward, to where those of one that is over stood.</summary>
    private void Move(int from, int to)
    {
        if (from == to) return;
        Array.Copy(_beam, from, _beam, to, _width);
        Array.Copy(_symbols, from, _symbols, to, _width);
        Array.Copy(_parents, from, _parents, to, _width);
    }

    /// <summary>Takes a search, whose rows begin at <paramref name="first"/>, one symbol further. Returns whether it goes on.</summary>
    private bool Follow(int search, int first, int length, ReadOnlySpan<float> logits)
    {
        int count = 0, kept = 0;
        for (int i = 0; i < _width; i++)
        {
            _parents[first + i] = first + i;
            if (_beam[first + i] is { } node) Rank(first + i, node.LogProbability, logits.Slice((first + i) * _session.Symbols, _session.Symbols), ref count);
        }
        Array.Clear(_next);
        for (int i = 0; i < count && kept < _width; i++)
        {
            Candidate candidate = _best[i];
            bool ends = candidate.Symbol == _options.End;
            // An end that is not among the likeliest is not taken, or greedy search would not be.
            if (ends && i >= _width) continue;
            var node = new Node(_beam[candidate.Row], candidate.Symbol, candidate.LogProbability);
            Attend(node, candidate.Row);
            if (ends || length == _maximumLengths[search])
            {
                _ended[search].Add(Finished(node, length, ends));
                if (!ends) kept++;
                continue;
            }
            (_parents[first + kept], _symbols[first + kept], _next[kept]) = (candidate.Row, candidate.Symbol, node);
            kept++;
        }
        bool goesOn = length < _maximumLengths[search] && kept > 0 && !IsOver(search);
        if (!goesOn) Array.Clear(_next);
        _next.CopyTo(_beam, first);
        return goesOn;
    }

    /// <summary>Puts the continuations of a row among the best of its search.</summary>
    private void Rank(int row, double logProbability, ReadOnlySpan<float> logits, ref int count)
    {
        if (!float.IsFinite(_totals[row]))
            throw new RunFailedException($"The model's largest output is {TensorPrimitives.Max(logits)}, not a number; the model is damaged or its training diverged.");
        double scale = logProbability - _totals[row];
        for (int first = 0; first < logits.Length; first += Stretch)
        {
            ReadOnlySpan<float> some = logits.Slice(first, Math.Min(Stretch, logits.Length - first));
            if (count == _best.Length && !(scale + TensorPrimitives.Max(some) > _best[^1].LogProbability)) continue;
            for (int i = 0; i < some.Length; i++)
            {
                double value = scale + some[i];
                // Rows and symbols come in rising order, so that of equals the one that is there stays in front.
                if (count == _best.Length && !(value > _best[^1].LogProbability) || double.IsNegativeInfinity(value) || _isForbidden[first + i]) continue;
                int at = count < _best.Length ? count++ : count - 1;
                for (; at > 0 && value > _best[at - 1].LogProbability; at--) _best[at] = _best[at - 1];
                _best[at] = new Candidate(value, row, first + i);
            }
        }
    }

    /// <summary>Whether nothing that is still followed can change the result.</summary>
    private bool IsOver(int search)
    {
        List<Hypothesis> ended = _ended[search];
        if (ended.Count >= _width) return true;
        if (ended.Count < _options.NBest) return false;
        // A log-probability only falls; the penalties are at their kindest at the greatest length and with everything covered.
        double bound = _next[0]!.LogProbability / Length(_maximumLengths[search]);
        return ended.Count(hypothesis => hypothesis.Score >= bound) >= _options.NBest;
    }

    private double Length(int length) => Math.Pow((5 + length) / 6.0, _options.LengthPenalty);

    private void Attend(Node node, int row)
    {
        if (!_options.KeepAttention && _options.CoveragePenalty == 0) return;
        ReadOnlySpan<float> attention = _session.AttentionOf(row);
        if (!attention.IsEmpty) node.Attention = attention.ToArray();
    }

    private Hypothesis Finished(Node last, int length, bool ends)
    {
        var symbols = new int[length];
        var attention = new float[length][];
        bool attends = last.Attention is not null;
        Node? node = last;
        for (int i = length - 1; i >= 0; i--, node = node!.Parent) (symbols[i], attention[i]) = (node!.Symbol, node.Attention ?? []);

        double score = last.LogProbability / Length(length);
        if (attends && _options.CoveragePenalty > 0)
            for (int position = 0; position < attention[0].Length; position++)
                score += _options.CoveragePenalty * Math.Log(Math.Clamp(attention.Sum(step => (double)step[position]), LeastCoverage, 1));
        return new Hypothesis(ends ? symbols[..^1] : symbols, last.LogProbability, score, ends, attends && _options.KeepAttention ? attention : null);
    }

    private readonly record struct Candidate(double LogProbability, int Row, int Symbol);

    /// <summary>A beginning: its last symbol and, in its parent, what comes before.</summary>
    private sealed class Node(Node? parent, int symbol, double logProbability)
    {
        public Node? Parent => parent;
        public int Symbol => symbol;
        public double LogProbability => logProbability;
        public float[]? Attention { get; set; }
    }
}
