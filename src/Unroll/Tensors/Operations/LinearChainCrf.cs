using Unroll.Kernels;

namespace Unroll.Tensors.Operations;

/// <summary>The likelihood of a linear-chain conditional random field (Lafferty, McCallum &amp; Pereira 2001): −ln p(y | scores), summed over the sequences
/// and divided by the number of tokens, where ln p(y) = start[y₁] + Σₜ scores[t, yₜ] + Σₜ transitions[yₜ₋₁, yₜ] + end[y_T] − ln Z. Inputs: scores [batch, time,
/// tags], transitions [tags, tags] from row to column, start [tags] and end [tags]; lists: the tag of every token [batch · time], the lengths [batch].
/// The forward pass is αₜ[j] = scores[t, j] + ln Σᵢ e^(αₜ₋₁[i] + transitions[i, j]), each αₜ less its largest so that it stays near 0 however long the sequence. The
/// backward pass takes p(yₜ₋₁ = i | yₜ = j, scores) = softmaxᵢ(αₜ₋₁[i] + transitions[i, j]) from the last token to the first: the gradients are the marginals of
/// tags and of pairs of tags, less what was observed.</summary>
internal sealed class LinearChainCrf : Operation
{
    public static readonly LinearChainCrf Instance = new();

    public override string Name => "ConditionalRandomField";

    /// <summary>Applies the operation.</summary>
    public static Tensor Apply(Tensor scores, Tensor transitions, Tensor start, Tensor end, ReadOnlySpan<int> targets, ReadOnlySpan<int> lengths) =>
        OperationCall.Start(Instance).With(scores).With(transitions).With(start).With(end).WithIntegers(targets).WithIntegers(lengths).Run();

    public override void Shapes(OperationCall call)
    {
        Shape scores = call.InputShape(0), transitions = call.InputShape(1);
        if (scores.Rank != 3) throw new ShapeException($"{Name}: the scores are {scores}; they must be [batch, time, tags].");
        int batch = scores[0], time = scores[1], tags = scores[2];
        if (tags == 0) throw new ShapeException($"{Name}: the scores are {scores}; there must be at least one tag.");
        if (transitions != new Shape([tags, tags]) || call.InputShape(2) != new Shape([tags]) || call.InputShape(3) != new Shape([tags]))
            throw new ShapeException($"{Name}: transitions {transitions}, start {call.InputShape(2)} and end {call.InputShape(3)} do not fit scores {scores}; they must be [{tags}, {tags}], [{tags}] and [{tags}].");
        ReadOnlySpan<int> targets = call.Integers(0), lengths = call.Integers(1);
        if (targets.Length != batch * time) throw new ShapeException($"{Name}: {targets.Length} tags for scores {scores}; give one for each of the {batch * time} places.");
        if (lengths.Length != batch) throw new ShapeException($"{Name}: {lengths.Length} lengths for a batch of {batch}; give one for each sequence.");
        for (int b = 0; b < batch; b++)
        {
            if ((uint)lengths[b] > (uint)time) throw new ShapeException($"{Name}: a length is {lengths[b]}; scores {scores} have room for 0 to {time} tokens.");
            foreach (int tag in targets.Slice(b * time, lengths[b]))
                if ((uint)tag >= (uint)tags) throw new ShapeException($"{Name}: there is no tag {tag} in scores {scores}; tags go from 0 to {tags - 1}.");
        }
        call.AddOutput(default);
    }

    public override void Forward(OperationCall call)
    {
        Shape shape = call.InputShape(0);
        int batch = shape[0], tags = shape[2];
        call.Save(shape.Count);                                     // 0: α
        call.Save(batch).Span.Clear();                              // 1: −ln p of each sequence
        Transpose(call.Input(1), call.Save(tags * tags).Span, tags); // 2: transitions [to, from]
        call.Save(ThreadTeam.Available * tags * tags);              // 3: a matrix for each thread
        call.Save(ThreadTeam.Available * tags);                     // 4: a row for each thread
        call.InParts(8L * shape.Count * tags, static (call, part, parts) =>
        {
            var own = new Scratch(call, part);
            for (int b = First(call, part, parts); b < First(call, part + 1, parts); b++) SumOverPaths(call, b, own);
        });
        double sum = 0;
        foreach (float loss in call.Saved(1)) sum += loss;
        int tokens = Tokens(call);
        call.Output(0)[0] = tokens == 0 ? 0 : (float)(sum / tokens);
    }

    public override void Backward(OperationCall call)
    {
        int tokens = Tokens(call), batch = call.InputShape(0)[0], tags = call.InputShape(0)[2];
        if (tokens == 0) return;
        call.WithReal(call.OutputGradient(0)[0] / tokens);
        call.Save(batch * tags * tags).Span.Clear(); // 5: marginals of pairs of each sequence, [to, from]
        call.Save(batch * tags).Span.Clear();        // 6: marginals of each sequence's first tag
        call.Save(batch * tags).Span.Clear();        // 7: of its last
        call.InParts(8L * call.InputShape(0).Count * tags, static (call, part, parts) =>
        {
            var own = new Scratch(call, part);
            for (int b = First(call, part, parts); b < First(call, part + 1, parts); b++) Marginals(call, b, own);
        });
        // Sequences are added in their order, whoever computed them.
        float scale = call.Real(0);
        if (call.Needs(1))
        {
            Span<float> pairs = call.Saved(5), sum = call.Saved(3)[..(tags * tags)], gradient = call.InputGradient(1);
            VectorMath.ColumnSums(pairs, sum, batch, tags * tags);
            for (int to = 0; to < tags; to++)
                for (int from = 0; from < tags; from++) gradient[from * tags + to] += scale * sum[to * tags + from];
        }
        for (int input = 2; input <= 3; input++)
        {
            if (!call.Needs(input)) continue;
            Span<float> sum = call.Saved(4)[..tags];
            VectorMath.ColumnSums(call.Saved(input == 2 ? 6 : 7), sum, batch, tags);
            VectorMath.AddScaledTo(sum, scale, call.InputGradient(input));
        }
    }

    /// <summary>α of every token of a sequence, and −ln p of its tags.</summary>
    private static void SumOverPaths(OperationCall call, int b, Scratch own)
    {
        var sequence = new Sequence(call, b);
        if (sequence.Length == 0) return;
        int tags = sequence.Tags;
        ReadOnlySpan<float> scores = sequence.Of(call.Input(0)), transitions = call.Input(1), start = call.Input(2), end = call.Input(3), byTarget = call.Saved(2);
        Span<float> alphas = sequence.Of(call.Saved(0));
        double logZ = 0, score = (double)start[sequence.Targets[0]] + end[sequence.Targets[^1]];
        for (int t = 0; t < sequence.Length; t++)
        {
            Span<float> alpha = alphas.Slice(t * tags, tags);
            score += scores[t * tags + sequence.Targets[t]];
            if (t == 0) start.CopyTo(alpha);
            else
            {
                score += transitions[sequence.Targets[t - 1] * tags + sequence.Targets[t]];
                VectorMath.BinaryWithRow<AddOperator>(byTarget, alphas.Slice((t - 1) * tags, tags), own.Matrix, tags, tags);
                VectorMath.LogSumExp(own.Matrix, alpha, tags, tags);
            }
            VectorMath.AddTo(scores.Slice(t * tags, tags), alpha);
            VectorMath.RowMaxima(alpha, own.Row[..1], 1, tags);
            float largest = own.Row[0];
            VectorMath.Binary<SubtractOperator>(alpha, largest, alpha);
            logZ += largest;
        }
        VectorMath.Binary<AddOperator>(alphas.Slice((sequence.Length - 1) * tags, tags), end, own.Matrix[..tags]);
        VectorMath.LogSumExp(own.Matrix[..tags], own.Row[..1], 1, tags);
        call.Saved(1)[b] = (float)(logZ + own.Row[0] - score);
    }

    /// <summary>Marginals of a sequence, less what was observed; those of single tags go to the gradient of the scores.</summary>
    private static void Marginals(OperationCall call, int b, Scratch own)
    {
        var sequence = new Sequence(call, b);
        if (sequence.Length == 0) return;
        int tags = sequence.Tags, length = sequence.Length;
        ReadOnlySpan<float> byTarget = call.Saved(2);
        ReadOnlySpan<int> targets = sequence.Targets;
        Span<float> alphas = sequence.Of(call.Saved(0)), pairs = call.Saved(5).Slice(b * tags * tags, tags * tags), p = own.Row;
        Span<float> gradient = call.Needs(0) ? sequence.Of(call.InputGradient(0)) : default;
        VectorMath.Binary<AddOperator>(alphas.Slice((length - 1) * tags, tags), call.Input(3), p);
        VectorMath.Softmax(p, p, 1, tags);
        Observe(p, targets[^1], call.Saved(7).Slice(b * tags, tags));
        for (int t = length - 1; ; t--)
        {
            if (!gradient.IsEmpty)
            {
                VectorMath.AddScaledTo(p, call.Real(0), gradient.Slice(t * tags, tags));
                gradient[t * tags + targets[t]] -= call.Real(0);
            }
            if (t == 0) break;
            VectorMath.BinaryWithRow<AddOperator>(byTarget, alphas.Slice((t - 1) * tags, tags), own.Matrix, tags, tags);
            VectorMath.Softmax(own.Matrix, own.Matrix, tags, tags);
            VectorMath.BinaryWithColumn<MultiplyOperator>(own.Matrix, p, own.Matrix, tags, tags);
            VectorMath.AddTo(own.Matrix, pairs);
            pairs[targets[t] * tags + targets[t - 1]] -= 1;
            VectorMath.ColumnSums(own.Matrix, p, tags, tags);
            // Keeps what rounding does to the sum from growing over a long sequence.
            VectorMath.Scale(p, (float)(1 / VectorMath.Sum(p)));
        }
        Observe(p, targets[0], call.Saved(6).Slice(b * tags, tags));
    }

    private static void Observe(ReadOnlySpan<float> p, int target, Span<float> to)
    {
        p.CopyTo(to);
        to[target] -= 1;
    }

    private static void Transpose(ReadOnlySpan<float> from, Span<float> to, int size)
    {
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++) to[j * size + i] = from[i * size + j];
    }

    private static int First(OperationCall call, int part, int parts) => (int)((long)call.InputShape(0)[0] * part / parts);

    private static int Tokens(OperationCall call)
    {
        int tokens = 0;
        foreach (int length in call.Integers(1)) tokens += length;
        return tokens;
    }

    /// <summary>One sequence's place in the batch.</summary>
    private readonly ref struct Sequence
    {
        private readonly int _first;

        public Sequence(OperationCall call, int b)
        {
            Shape shape = call.InputShape(0);
            (Tags, Length) = (shape[2], call.Integers(1)[b]);
            _first = b * shape[1] * Tags;
            Targets = call.Integers(0).Slice(b * shape[1], Length);
        }

        public int Tags { get; }

        public int Length { get; }

        public ReadOnlySpan<int> Targets { get; }

        public ReadOnlySpan<float> Of(ReadOnlySpan<float> values) => values.Slice(_first, Length * Tags);

        public Span<float> Of(Span<float> values) => values.Slice(_first, Length * Tags);
    }

    /// <summary>One thread's memory.</summary>
    private readonly ref struct Scratch
    {
        public Scratch(OperationCall call, int part)
        {
            int tags = call.InputShape(0)[2];
            Matrix = call.Saved(3).Slice(part * tags * tags, tags * tags);
            Row = call.Saved(4).Slice(part * tags, tags);
        }

        /// <summary>[tags, tags].</summary>
        public Span<float> Matrix { get; }

        /// <summary>[tags].</summary>
        public Span<float> Row { get; }
    }
}
