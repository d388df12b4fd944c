using System.Globalization;
using Unroll.Kernels;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Layers;

/// <summary>
/// A softmax over many classes that spends little on rare ones: Grave et al. 2017, "Efficient softmax approximation for GPUs". Classes are
/// numbered by falling frequency and cut into a head and clusters. The head gives the probability of each of its classes and of each cluster; a cluster
/// sees fewer features the rarer its classes are, and only for the rows whose class it holds: p(class) = p_head(cluster)·p_cluster(class).
/// <para>Parameters as in PyTorch's <c>AdaptiveLogSoftmaxWithLoss</c>: head.weight [cutoffs[0] + clusters, features], perhaps head.bias, and for cluster i
/// tail.i.0.weight [features / divisor^(i + 1), features] and tail.i.1.weight [classes of the cluster, features / divisor^(i + 1)].</para>
/// <para>Tied to an embedding (Merity, Keskar &amp; Socher 2018, "An analysis of neural language modeling at multiple scales"), every class keeps all features: its weights are
/// its row of the embedding. Own parameters are then bias [classes], clusters.weight [clusters, features] and clusters.bias [clusters].</para>
/// </summary>
public sealed class AdaptiveSoftmax : Module
{
    /// <summary>The target of rows that an operation is to leave out.</summary>
    private const int LeftOut = -1;

    private readonly int _features, _classes;
    private readonly int[] _cutoffs;
    private readonly Part _head;
    private readonly Part[] _clusters;

    /// <summary>Creates the layer.</summary>
    /// <param name="features">Size of the last dimension of x.</param>
    /// <param name="classes">How many classes there are, the most frequent first.</param>
    /// <param name="cutoffs">The first class of each cluster, rising: those before the first are the head's own.</param>
    /// <param name="divisor">By what the features fall from the head to the first cluster and from each cluster to the next; at least one is left.</param>
    /// <param name="headBias">Whether the head has a bias.</param>
    /// <exception cref="BadUsageException">A size is not positive, a cutoff lies outside the classes, or cutoffs do not rise.</exception>
    public AdaptiveSoftmax(int features, int classes, int[] cutoffs, float divisor = 4, bool headBias = false)
        : this(cutoffs, features, classes)
    {
        if (features < 1) throw new BadUsageException($"An adaptive softmax of {features} features makes no sense; there is 1 or more.");
        if (!(divisor >= 1 && float.IsFinite(divisor))) throw new BadUsageException($"The divisor of an adaptive softmax is {divisor}; it is 1 or more, and finite.");

        _head = new OwnPart(null, Add("head", new Linear(features, cutoffs[0] + _clusters.Length, headBias)));
        var tail = Add("tail", new Tail());
        for (int i = 0; i < _clusters.Length; i++)
        {
            int projected = Math.Max(1, (int)(features / Math.Pow(divisor, i + 1)));
            _clusters[i] = tail.Add(i, new Linear(features, projected, bias: false), new Linear(projected, End(i) - cutoffs[i], bias: false));
        }
    }

    /// <summary>Creates the layer tied to an embedding, with all features for every class.</summary>
    /// <param name="embedding">A row for every class, [classes, features]; it stays another layer's parameter.</param>
    /// <param name="cutoffs">The first class of each cluster, rising: those before the first are the head's own.</param>
    /// <exception cref="BadUsageException">A cutoff lies outside the classes, or cutoffs do not rise.</exception>
    public AdaptiveSoftmax(Parameter embedding, int[] cutoffs)
        : this(cutoffs, (embedding ?? throw new ArgumentNullException(nameof(embedding))).Shape[1], embedding.Shape[0])
    {
        Parameter bias = Add("bias", [_classes], ParameterKind.Bias, Initializer.Zeros);
        Linear clusters = Add("clusters", new Linear(_features, _clusters.Length));
        _head = new TiedHead(embedding, bias, cutoffs[0], clusters);
        for (int i = 0; i < _clusters.Length; i++) _clusters[i] = new TiedPart(embedding, bias, cutoffs[i], End(i) - cutoffs[i]);
    }

    // The two constructors above make the parts.
    private AdaptiveSoftmax(int[] cutoffs, int features, int classes)
    {
        ArgumentNullException.ThrowIfNull(cutoffs);
        bool rise = cutoffs.Length > 0 && cutoffs[0] > 0 && cutoffs[^1] < classes;
        for (int i = 1; i < cutoffs.Length; i++) rise &= cutoffs[i - 1] < cutoffs[i];
        if (!rise)
            throw new BadUsageException($"The cutoffs of an adaptive softmax are {string.Join(", ", cutoffs)} for {classes} classes; expected one or more numbers that rise from 1 or more to {classes - 1} or less.");
        (_features, _classes, _cutoffs, _clusters, _head) = (features, classes, [.. cutoffs], new Part[cutoffs.Length], null!);
    }

    /// <summary>The first class of each cluster.</summary>
    public IReadOnlyList<int> Cutoffs => _cutoffs;

    /// <summary>The mean of −ln p(target) over the counted rows; 0 when none counts. Never are all logits in memory, nor those of a cluster for rows
    /// whose target it does not hold.</summary>
    /// <param name="x">[.., features], for instance [batch, time, features].</param>
    /// <param name="targets">The class of every row, row-major.</param>
    /// <param name="ignore">The target of rows that do not count, such as padding.</param>
    /// <returns>A scalar: mean nats per counted target.</returns>
    /// <exception cref="ShapeException">The shapes do not match, the number of targets is not that of rows, or a class does not exist.</exception>
    public Tensor Loss(Tensor x, ReadOnlySpan<int> targets, int ignore = -1)
    {
        CheckFeatures(x);
        if (x.Shape.CountOf(0, x.Shape.Rank - 1) != targets.Length)
            throw new ShapeException($"AdaptiveSoftmax: x {x.Shape} and {targets.Length} targets do not match; give one target per row.");
        x = x.Reshape(targets.Length, _features);

        Buffer<int> numbers = BufferPool.RentInts(3 * targets.Length);
        Span<int> headTargets = numbers.Span[..targets.Length], rows = numbers.Span.Slice(targets.Length, targets.Length), rowTargets = numbers.Span[(2 * targets.Length)..];
        int counted = HeadTargets(targets, ignore, headTargets);
        Tensor loss = _head.Loss(x, headTargets);
        for (int i = 0; i < _clusters.Length; i++)
        {
            int held = 0;
            for (int row = 0; row < targets.Length; row++)
                if (headTargets[row] == _cutoffs[0] + i) (rows[held], rowTargets[held++]) = (row, targets[row] - _cutoffs[i]);
            if (held == 0) continue;
            // A mean over the cluster's rows, as its share of the mean over all.
            loss += _clusters[i].Loss(x.Gather(rows[..held], [held]), rowTargets[..held]) * ((float)held / counted);
        }
        BufferPool.Return(numbers);
        return loss;
    }

    /// <summary>The logarithm of the probability of every class.</summary>
    /// <param name="x">[.., features], for instance [batch, time, features].</param>
    /// <returns>[.., classes]</returns>
    /// <exception cref="ShapeException">The last dimension of <paramref name="x"/> has another size.</exception>
    public Tensor LogProbabilities(Tensor x)
    {
        CheckFeatures(x);
        if (x.Shape.Rank == 1) return LogProbabilities(x.Reshape(1, _features)).Reshape(_classes);
        Tensor head = _head.Logits(x).LogSoftmax();
        int parts = 1 + _clusters.Length;
        Tensor[] logs = Tape.Current?.NextList(parts) ?? new Tensor[parts];
        logs[0] = head.Slice(-1, 0, _cutoffs[0]);
        for (int i = 0; i < _clusters.Length; i++)
            logs[i + 1] = _clusters[i].Logits(x).LogSoftmax() + head.Slice(-1, _cutoffs[0] + i, 1);
        return Tensor.Concat(-1, logs);
    }

    /// <summary>The class after the last of a cluster.</summary>
    private int End(int cluster) => cluster + 1 < _cutoffs.Length ? _cutoffs[cluster + 1] : _classes;

    /// <summary>Writes what the head is to predict: the class, or the cluster that holds it.</summary>
    /// <returns>How many rows count.</returns>
    private int HeadTargets(ReadOnlySpan<int> targets, int ignore, Span<int> headTargets)
    {
        int counted = 0;
        for (int row = 0; row < targets.Length; row++)
        {
            int target = targets[row];
            headTargets[row] = LeftOut;
            if (target == ignore) continue;
            if ((uint)target >= (uint)_classes)
                throw new ShapeException($"AdaptiveSoftmax: there is no class {target} among {_classes}; targets go from 0 to {_classes - 1}, or are {ignore} to be left out.");
            int cluster = _cutoffs.Length;
            while (cluster > 0 && target < _cutoffs[cluster - 1]) cluster--;
            headTargets[row] = cluster == 0 ? target : _cutoffs[0] + cluster - 1;
            counted++;
        }
        return counted;
    }

    private void CheckFeatures(Tensor x)
    {
        if (x.Shape.Rank == 0 || x.Shape[-1] != _features)
            throw new ShapeException($"AdaptiveSoftmax: x {x.Shape} does not match {_features} features; give x [.., {_features}].");
    }

    /// <summary>The head, or a cluster: a softmax over its classes.</summary>
    private abstract class Part
    {
        protected abstract Tensor Weight { get; }

        protected abstract Tensor? Bias { get; }

        public Tensor Loss(Tensor x, ReadOnlySpan<int> targets) => ProjectedCategorical.Apply(Project(x), Weight, Bias, targets, LeftOut, smoothing: 0);

        public virtual Tensor Logits(Tensor x)
        {
            Tensor products = Project(x).MatMul(Weight, transposeRight: true);
            return Bias is { } bias ? products + bias : products;
        }

        protected virtual Tensor Project(Tensor x) => x;
    }

    /// <summary>With weights of its own; a cluster sees fewer features.</summary>
    private sealed class OwnPart(Linear? projection, Linear output) : Part
    {
        protected override Tensor Weight => output.Weight.Tensor;

        protected override Tensor? Bias => output.Bias?.Tensor;

        protected override Tensor Project(Tensor x) => projection is null ? x : projection.Forward(x);
    }

    /// <summary>Its classes' rows of the embedding.</summary>
    private sealed class TiedPart(Parameter embedding, Parameter bias, int first, int count) : Part
    {
        protected override Tensor Weight => embedding.Tensor.Slice(0, first, count);

        protected override Tensor? Bias => bias.Tensor.Slice(0, first, count);
    }

    /// <summary>The most frequent classes' rows of the embedding, and a row for every cluster.</summary>
    private sealed class TiedHead(Parameter embedding, Parameter bias, int count, Linear clusters) : Part
    {
        private readonly TiedPart _words = new(embedding, bias, 0, count);

        protected override Tensor Weight => Tensor.Concat(0, embedding.Tensor.Slice(0, 0, count), clusters.Weight.Tensor);

        protected override Tensor? Bias => Tensor.Concat(0, bias.Tensor.Slice(0, 0, count), clusters.Bias!.Tensor);

        // The logits put together are less to copy than the weights.
        public override Tensor Logits(Tensor x) => Tensor.Concat(-1, _words.Logits(x), clusters.Forward(x));
    }

    /// <summary>Clusters under their numbers.</summary>
    private sealed class Tail : Module
    {
        public OwnPart Add(int number, Linear projection, Linear output)
        {
            var cluster = Add(number.ToString(CultureInfo.InvariantCulture), new Cluster());
            return new OwnPart(cluster.Add("0", projection), cluster.Add("1", output));
        }
    }

    /// <summary>The two layers of a cluster under PyTorch's names.</summary>
    private sealed class Cluster : Module
    {
        public Linear Add(string name, Linear layer) => base.Add(name, layer);
    }
}
