namespace Unroll.Decoding;

/// <summary>One way to tag a sequence, and what it is worth.</summary>
/// <param name="Tags">The tag of every token.</param>
/// <param name="Score">start[y₁] + Σₜ scores[t, yₜ] + Σₜ transitions[yₜ₋₁, yₜ] + end[y_T]; less <see cref="ViterbiDecoder.LogPartition"/> it is the logarithm of the probability.</param>
public sealed record TagPath(int[] Tags, double Score);

/// <summary>The best tags of a sequence, and the n best, exactly: Viterbi 1967; with a list of the n best ways to each tag, Seshadri &amp; Sundberg 1994. What follows what can be
/// forbidden. Used by one thread at a time.</summary>
public sealed class ViterbiDecoder
{
    private readonly double[] _transitions, _start, _end;
    private readonly int _tags;
    private double[] _before = [], _now = [];
    private int[] _back = [];
    private readonly int[] _next;

    /// <summary>A decoder for the parameters of a <c>ConditionalRandomField</c>.</summary>
    /// <param name="transitions">What it is worth that a tag (row) is followed by another (column): [tags, tags].</param>
    /// <param name="start">What it is worth to begin with a tag: [tags].</param>
    /// <param name="end">What it is worth to end with a tag: [tags].</param>
    /// <exception cref="ArgumentException">The sizes do not match.</exception>
    public ViterbiDecoder(ReadOnlySpan<float> transitions, ReadOnlySpan<float> start, ReadOnlySpan<float> end)
    {
        _tags = start.Length;
        if (_tags == 0 || end.Length != _tags || transitions.Length != _tags * _tags)
            throw new ArgumentException($"{transitions.Length} transitions, {start.Length} starts and {end.Length} ends do not match; for n tags, 1 or more, give n·n, n and n.");
        (_transitions, _start, _end, _next) = (ToDouble(transitions), ToDouble(start), ToDouble(end), new int[_tags]);
    }

    /// <summary>A decoder to which all transitions are worth the same: for tags judged one by one, some of which must not follow others.</summary>
    /// <param name="tags">How many tags there are.</param>
    /// <exception cref="ArgumentException">There is no tag.</exception>
    public ViterbiDecoder(int tags)
        : this(new float[tags * tags], new float[tags], new float[tags])
    {
    }

    /// <summary>Forbids that one tag is followed by another.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such tag.</exception>
    public void Forbid(int from, int to) => _transitions[from * _tags + to] = double.NegativeInfinity;

    /// <summary>Forbids that a sequence begins with a tag.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such tag.</exception>
    public void ForbidStart(int tag) => _start[tag] = double.NegativeInfinity;

    /// <summary>Forbids that a sequence ends with a tag.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such tag.</exception>
    public void ForbidEnd(int tag) => _end[tag] = double.NegativeInfinity;

    /// <summary>The best ways to tag a sequence, the best first; of equal ones that with the lower tags at the end.</summary>
    /// <param name="scores">[time, tags]; −∞ forbids a tag at a place.</param>
    /// <param name="count">How many at most.</param>
    /// <returns>As many as there are, at most <paramref name="count"/>; none if all ways are forbidden.</returns>
    /// <exception cref="ArgumentException">The scores are not those of whole tokens.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1.</exception>
    public IReadOnlyList<TagPath> Decode(ReadOnlySpan<float> scores, int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int time = TimeOf(scores);
        if (time == 0) return [new TagPath([], 0)];
        Reserve(time, count);
        for (int t = 0; t < time; t++)
        {
            (_before, _now) = (_now, _before);
            ReadOnlySpan<float> here = scores.Slice(t * _tags, _tags);
            Span<double> now = _now.AsSpan(0, _tags * count);
            for (int tag = 0; tag < _tags; tag++)
            {
                Span<double> ways = now.Slice(tag * count, count);
                if (t > 0) Merge(count, tag, ways, _back.AsSpan((t * _tags + tag) * count, count));
                else
                {
                    ways.Fill(double.NegativeInfinity);
                    ways[0] = _start[tag];
                }
                foreach (ref double way in ways) way += here[tag];
            }
        }
        (_before, _now) = (_now, _before);
        Span<double> totals = _now.AsSpan(0, count);
        Span<int> last = _back.AsSpan(0, count); // The first token's places are free: nothing leads to it.
        Merge(count, -1, totals, last);
        var paths = new List<TagPath>();
        for (int rank = 0; rank < count && totals[rank] > double.NegativeInfinity; rank++)
        {
            var tags = new int[time];
            int at = last[rank];
            for (int t = time - 1; ; t--)
            {
                tags[t] = at / count;
                if (t == 0) break;
                at = _back[t * _tags * count + at];
            }
            paths.Add(new TagPath(tags, totals[rank]));
        }
        return paths;
    }

    /// <summary>ln Z: the logarithm of the sum of e^score over all ways that are not forbidden, by the forward algorithm in double precision.</summary>
    /// <param name="scores">[time, tags].</param>
    /// <exception cref="ArgumentException">The scores are not those of whole tokens.</exception>
    public double LogPartition(ReadOnlySpan<float> scores)
    {
        int time = TimeOf(scores);
        if (time == 0) return 0;
        Reserve(1, 1);
        Span<double> before = _before.AsSpan(0, _tags), now = _now.AsSpan(0, _tags);
        for (int tag = 0; tag < _tags; tag++) now[tag] = _start[tag] + scores[tag];
        for (int t = 1; t < time; t++)
        {
            now.CopyTo(before);
            for (int tag = 0; tag < _tags; tag++) now[tag] = scores[t * _tags + tag] + LogSum(before, _transitions.AsSpan(tag), _tags);
        }
        return LogSum(now, _end, 1);
    }

    /// <summary>The best of all ways to the tags before, each carried on to a tag, or to the end.</summary>
    /// <param name="count">How many.</param>
    /// <param name="tag">The tag, or −1 for the end.</param>
    /// <param name="scores">What they are worth; −∞ where there are fewer.</param>
    /// <param name="back">The way before each, as tag · count + rank.</param>
    private void Merge(int count, int tag, Span<double> scores, Span<int> back)
    {
        ReadOnlySpan<double> steps = tag < 0 ? _end : _transitions.AsSpan(tag);
        int stride = tag < 0 ? 1 : _tags;
        Array.Clear(_next);
        for (int rank = 0; rank < count; rank++)
        {
            double best = double.NegativeInfinity;
            int from = -1;
            for (int i = 0; i < _tags; i++)
            {
                if (_next[i] == count) continue;
                double score = _before[i * count + _next[i]] + steps[i * stride];
                if (score > best) (best, from) = (score, i);
            }
            if (from < 0)
            {
                scores[rank..].Fill(double.NegativeInfinity);
                return;
            }
            scores[rank] = best;
            back[rank] = from * count + _next[from]++;
        }
    }

    private static double LogSum(ReadOnlySpan<double> a, ReadOnlySpan<double> b, int stride)
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (int i = 0; i < a.Length; i++) largest = Math.Max(largest, a[i] + b[i * stride]);
        if (double.IsNegativeInfinity(largest)) return largest;
        for (int i = 0; i < a.Length; i++) sum += Math.Exp(a[i] + b[i * stride] - largest);
        return largest + Math.Log(sum);
    }

    private int TimeOf(ReadOnlySpan<float> scores) => scores.Length % _tags == 0
        ? scores.Length / _tags
        : throw new ArgumentException($"{scores.Length} scores are not those of whole tokens with {_tags} tags; give [time, tags].", nameof(scores));

    private void Reserve(int time, int count)
    {
        int ways = checked(_tags * count);
        if (_now.Length < ways) (_before, _now) = (new double[ways], new double[ways]);
        if (_back.Length < checked(time * ways)) _back = new int[time * ways];
    }

    private static double[] ToDouble(ReadOnlySpan<float> values)
    {
        var wide = new double[values.Length];
        for (int i = 0; i < values.Length; i++) wide[i] = values[i];
        return wide;
    }
}
