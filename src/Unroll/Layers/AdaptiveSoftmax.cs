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
/// </summary>
public sealed class AdaptiveSoftmax : Module
{
    /// <summary>The target of rows that an operation is to leave out.</summary>
    private const int LeftOut = -1;

    private readonly int _features, _classes;
    private readonly int[] _cutoffs;
    private readonly Linear _head;
    private readonly Cluster[] _clusters;

    /// <summary>Creates the layer.</summary>
    /// <param name="features">Size of the last dimension of x.</param>
    /// <param name="classes">How many classes there are, the most frequent first.</param>
    /// <param name="cutoffs">The first class of each cluster, rising: those before the first are the head's own.</param>
    /// <param name="divisor">By what the features fall from the head to the first cluster and from each cluster to the next; at least one is left.</param>
    /// <param name="headBias">Whether the head has a bias.</param>
    /// <exception cref="BadUsageException">A size is not positive, a cutoff lies outside the classes, or cutoffs do not rise.</exception>
    public AdaptiveSoftmax(int features, int classes, int[] cutoffs, float divisor = 4, bool headBias = false)
    {
        ArgumentNullException.ThrowIfNull(cutoffs);
        if (features < 1) throw new BadUsageException($"An adaptive softmax of {features} features makes no sense; there is 1 or more.");
        if (!(divisor >= 1 && float.IsFinite(divisor))) throw new BadUsageException($"The divisor of an adaptive softmax is {divisor}; it is 1 or more, and finite.");
        bool rise = cutoffs.Length > 0 && cutoffs[0] > 0 && cutoffs[^1] < classes;
        for (int i = 1; i < cutoffs.Length; i++) rise &= cutoffs[i - 1] < cutoffs[i];
        if (!rise)
            throw new BadUsageException($"The cutoffs of an adaptive softmax are {string.Join(", ", cutoffs)} for {classes} classes; expected one or more numbers that rise from 1 or more to {classes - 1} or less.");

        (_features, _classes, _cutoffs) = (features, classes, [.. cutoffs]);
        _clusters = new Cluster[cutoffs.Length];
        _head = Add("head", new Linear(features, cutoffs[0] + _clusters.Length, headBias));
        var tail = Add("tail", new Tail());
        for (int i = 0; i < _clusters.Length; i++)
        {
            int end = i + 1 < cutoffs.Length ? cutoffs[i + 1] : classes;
            _clusters[i] = tail.Add(i, new Cluster(features, Math.Max(1, (int)(features / Math.Pow(divisor, i + 1))), end - cutoffs[i]));
        }
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
        Tensor loss = ProjectedCategorical.Apply(x, _head.Weight.Tensor, _head.Bias?.Tensor, headTargets, LeftOut);
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
        Tensor head = _head.Forward(x).LogSoftmax();
        int parts = 1 + _clusters.Length;
        Tensor[] logs = Tape.Current?.NextList(parts) ?? new Tensor[parts];
        logs[0] = head.Slice(-1, 0, _cutoffs[0]);
        for (int i = 0; i < _clusters.Length; i++)
            logs[i + 1] = _clusters[i].Logits(x).LogSoftmax() + head.Slice(-1, _cutoffs[0] + i, 1);
        return Tensor.Concat(-1, logs);
    }

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

    /// <summary>Classes of about the same frequency, seen through fewer features.</summary>
    private sealed class Cluster : Module
    {
        private readonly Linear _projection, _output;

        public Cluster(int features, int projected, int classes)
        {
            _projection = Add("0", new Linear(features, projected, bias: false));
            _output = Add("1", new Linear(projected, classes, bias: false));
        }

        public Tensor Loss(Tensor x, ReadOnlySpan<int> targets) => ProjectedCategorical.Apply(_projection.Forward(x), _output.Weight.Tensor, null, targets, LeftOut);

        public Tensor Logits(Tensor x) => _output.Forward(_projection.Forward(x));
    }

    /// <summary>Clusters under their numbers.</summary>
    private sealed class Tail : Module
    {
        public Cluster Add(int number, Cluster cluster) => Add(number.ToString(CultureInfo.InvariantCulture), cluster);
    }
}
