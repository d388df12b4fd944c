using Unroll.Losses;
using Unroll.Tensors;
using Unroll.Tensors.Operations;

namespace Unroll.Tests.Tensors;

/// <summary>A case for every operation, with its formula written once more in double precision.</summary>
internal static class OperationCases
{
    public static readonly OperationCase[] All =
    [
        .. Binary<Add>((a, b) => a + b, (a, b) => a + b),
        .. Binary<Subtract>((a, b) => a - b, (a, b) => a - b),
        .. Binary<Multiply>((a, b) => a * b, (a, b) => a * b),
        .. Binary<Divide>((a, b) => a / b, (a, b) => a / b),
        Unary<Negate>(x => -x, x => -x),
        Unary<Exp>(x => x.Exp(), Math.Exp),
        Unary<Log>(x => x.Log(), Math.Log, Draw.Positive),
        Unary<Sqrt>(x => x.Sqrt(), Math.Sqrt, Draw.Positive),
        Unary<Square>(x => x.Square(), x => x * x),
        Unary<Tanh>(x => x.Tanh(), Math.Tanh),
        Unary<Sigmoid>(x => x.Sigmoid(), x => 1 / (1 + Math.Exp(-x))),
        Unary<Relu>(x => x.Relu(), x => Math.Max(x, 0)),
        Unary<Softplus>(x => x.Softplus(), x => Math.Log(1 + Math.Exp(x))),
        .. Products(),
        .. Reductions(),
        .. Movements(),
        .. Sequences(),
        .. Choices(),
        .. Rows(),
        .. Likelihoods(),
        CrfCase.Of(),
    ];

    private static OperationCase Unary<T>(Func<Tensor, Tensor> fast, Func<double, double> slow, Func<RandomState, int[], Reference>? numbers = null) =>
        new(typeof(T).Name, typeof(T), Draw.All, (random, size) => new(
            [(numbers ?? Draw.Numbers)(random, Draw.Shape(random, size, Draw.Rank(random, size == Size.Empty ? 1 : 0)))],
            x => fast(x[0]), x => x[0].Map(slow)));

    private static IEnumerable<OperationCase> Binary<T>(Func<Tensor, Tensor, Tensor> fast, Func<double, double, double> slow)
    {
        yield return Case("of equal shapes", (_, shape) => (shape, shape));
        yield return Case("with the right operand stretched", (random, shape) => (shape, Draw.Stretchable(random, shape)));
        yield return Case("with the left operand stretched", (random, shape) => (Draw.Stretchable(random, shape), shape));
        yield return Case("with both operands stretched", (random, shape) => (Draw.Stretchable(random, shape), Draw.Stretchable(random, shape)));

        OperationCase Case(string how, Func<RandomState, int[], (int[], int[])> choose) =>
            new($"{typeof(T).Name} {how}", typeof(T), Draw.All, (random, size) =>
            {
                var (left, right) = choose(random, Draw.Shape(random, size, Draw.Rank(random, 1)));
                return new([Draw.Numbers(random, left), Draw.Positive(random, right)], x => fast(x[0], x[1]), x => Reference.Map(x[0], x[1], slow));
            });
    }

    private static IEnumerable<OperationCase> Products()
    {
        foreach (bool ta in new[] { false, true })
            foreach (bool tb in new[] { false, true })
                for (int outer = 0; outer < 3; outer++)
                {
                    (int kind, string name) = (outer, $"MatMul {(ta ? "Aᵀ" : "A")}·{(tb ? "Bᵀ" : "B")} {new[] { "of matrices", "of pairs of matrices", "with one matrix on the right" }[outer]}");
                    yield return new(name, typeof(MatMul), Draw.All, (random, size) =>
                    {
                        int[] mkn = size == Size.Large && kind == 0 ? [67, 53, 71] : size == Size.Large ? [13, 17, 19] : Draw.Shape(random, size, 3);
                        int[] batch = kind == 0 ? [] : size == Size.Large ? [9] : Draw.Shape(random, size == Size.Empty ? Size.Small : size, 1 + random.NextInt(2));
                        int[] a = ta ? [.. batch, mkn[1], mkn[0]] : [.. batch, mkn[0], mkn[1]];
                        int[] b = tb ? [mkn[2], mkn[1]] : [mkn[1], mkn[2]];
                        if (kind == 1) b = [.. batch, .. b];
                        return new([Draw.Numbers(random, a), Draw.Numbers(random, b)],
                            x => x[0].MatMul(x[1], ta, tb), x => MatMul(x[0], x[1], ta, tb));
                    });
                }

        static Reference MatMul(Reference a, Reference b, bool ta, bool tb)
        {
            int rows = ta ? a.Shape[^1] : a.Shape[^2], inner = ta ? a.Shape[^2] : a.Shape[^1], columns = tb ? b.Shape[^2] : b.Shape[^1];
            int batches = a.Shape[..^2].Aggregate(1, (x, y) => x * y);
            var c = new double[batches * rows * columns];
            for (int batch = 0; batch < batches; batch++)
                for (int i = 0; i < rows; i++)
                    for (int j = 0; j < columns; j++)
                        for (int k = 0; k < inner; k++)
                            c[(batch * rows + i) * columns + j] +=
                                a.Values[batch * rows * inner + (ta ? k * rows + i : i * inner + k)]
                                * b.Values[(b.Shape.Length == 2 ? 0 : batch * inner * columns) + (tb ? j * inner + k : k * columns + j)];
            return new Reference([.. a.Shape[..^2], rows, columns], c);
        }
    }

    private static IEnumerable<OperationCase> Reductions()
    {
        yield return Reduction<Sum>("Sum", Draw.All, Draw.Numbers, (x, axis, keep) => x.Sum(axis, keep), x => x.Sum(), x => x.Sum());
        yield return Reduction<Sum>("Mean", Draw.NotEmpty, Draw.Numbers, (x, axis, keep) => x.Mean(axis, keep), x => x.Mean(), x => x.Average());
        yield return Reduction<Max>("Max", Draw.NotEmpty, Draw.Distinct, (x, axis, keep) => x.Max(axis, keep), x => x.Max(), x => x.Max());

        static OperationCase Reduction<T>(string name, Size[] sizes, Func<RandomState, int[], Reference> numbers,
            Func<Tensor, int, bool, Tensor> fast, Func<Tensor, Tensor> fastOfAll, Func<double[], double> slow) =>
            new(name, typeof(T), sizes, (random, size) =>
            {
                int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
                int axis = random.NextInt(shape.Length + 1);
                bool keep = random.NextInt(2) == 0;
                return axis == shape.Length
                    ? new([numbers(random, shape)], x => fastOfAll(x[0]), x => Reference.Scalar(slow(x[0].Values)))
                    : new([numbers(random, shape)], x => fast(x[0], random.NextInt(2) == 0 ? axis : axis - shape.Length, keep), x => x[0].Reduce(axis, keep, slow));
            });
    }

    private static IEnumerable<OperationCase> Movements()
    {
        yield return new("Reshape", typeof(Reshape), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            int[] to = [shape[0], -1];
            if (shape[0] == 0) to = [5, 0];
            return new([Draw.Numbers(random, shape)], x => x[0].Reshape(to) * 1, x => new Reference(shape[0] == 0 ? to : [shape[0], x[0].Count / shape[0]], [.. x[0].Values]));
        });
        yield return new("Permute", typeof(Permute), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1)), order = [.. Enumerable.Range(0, shape.Length)];
            random.Shuffle(order);
            return new([Draw.Numbers(random, shape)], x => x[0].Permute(order), x => Reference.Of([.. order.Select(i => shape[i])], at =>
            {
                var from = new int[at.Length];
                for (int i = 0; i < at.Length; i++) from[order[i]] = at[i];
                return x[0][from];
            }));
        });
        yield return new("Transpose", typeof(Permute), Draw.All, (random, size) => new([Draw.Numbers(random, Draw.Shape(random, size, 3))],
            x => x[0].Transpose(), x => Reference.Of([x[0].Shape[0], x[0].Shape[2], x[0].Shape[1]], at => x[0][at[0], at[2], at[1]])));
        yield return new("Slice", typeof(Slice), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            int axis = random.NextInt(shape.Length), start = random.NextInt(shape[axis] + 1), length = random.NextInt(shape[axis] - start + 1);
            return new([Draw.Numbers(random, shape)], x => x[0].Slice(axis, start, length),
                x => Reference.Of(Reference.With(shape, axis, length), at => x[0][Reference.With(at, axis, at[axis] + start)]));
        });
        yield return new("Select", typeof(Slice), Draw.NotEmpty, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            int axis = random.NextInt(shape.Length), index = random.NextInt(shape[axis]);
            return new([Draw.Numbers(random, shape)], x => x[0].Select(axis, index), x => x[0].Reduce(axis, false, row => row[index]));
        });
        yield return new("Concat", typeof(Concat), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            int axis = random.NextInt(shape.Length);
            Reference[] inputs = [.. Enumerable.Range(0, 1 + random.NextInt(4)).Select(i => Draw.Numbers(random, Reference.With(shape, axis, shape[axis] + i)))];
            return new(inputs, x => Tensor.Concat(axis, x), x => Reference.Of(Reference.With(shape, axis, x.Sum(part => part.Shape[axis])), at =>
            {
                int index = at[axis], part = 0;
                for (; index >= x[part].Shape[axis]; part++) index -= x[part].Shape[axis];
                return x[part][Reference.With(at, axis, index)];
            }));
        });
        yield return new("Stack", typeof(Concat), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            int axis = random.NextInt(shape.Length + 1);
            Reference[] inputs = [.. Enumerable.Range(0, 1 + random.NextInt(4)).Select(_ => Draw.Numbers(random, shape))];
            return new(inputs, x => Tensor.Stack(axis, x), x => Reference.Of([.. shape[..axis], x.Length, .. shape[axis..]],
                at => x[at[axis]][[.. at[..axis], .. at[(axis + 1)..]]]));
        });
        yield return new("Gather", typeof(Gather), Draw.All, (random, size) =>
        {
            int[] table = size == Size.Large ? [57, 33] : [1 + random.NextInt(5), 1 + random.NextInt(5)];
            int[] shape = size == Size.Large ? [70, 41] : Draw.Shape(random, size, Draw.Rank(random, 1, 3));
            int[] rows = [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(_ => random.NextInt(table[0]))];
            return new([Draw.Numbers(random, table)], x => x[0].Gather(rows, new Shape(shape)),
                x => new Reference([.. shape, table[1]], [.. rows.SelectMany(row => x[0].Values.Skip(row * table[1]).Take(table[1]))]));
        });
    }

    private static IEnumerable<OperationCase> Sequences()
    {
        foreach (int least in new[] { 0, 1 })
            yield return new($"LengthMask, {least} step at least", typeof(LengthMask), Draw.NotEmpty, (random, size) =>
            {
                int[] shape = Draw.Shape(random, size, 2), lengths = Lengths(random, shape);
                return new([Draw.Numbers(random, shape)], x => x[0] * LengthMask.Apply(lengths, shape[1], 2, -3, least),
                    x => Reference.Of(shape, at => x[0][at] * (at[1] < Math.Max(least, lengths[at[0]]) ? 2 : -3)));
            });
        yield return new("LastStep", typeof(LastStep), Draw.NotEmpty, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, 3), lengths = Lengths(random, shape);
            return new([Draw.Numbers(random, shape)], x => LastStep.Apply(x[0], lengths), x => Reference.Of([shape[0], shape[2]], at => x[0][at[0], Math.Max(1, lengths[at[0]]) - 1, at[1]]));
        });

        static int[] Lengths(RandomState random, int[] shape) => [.. Enumerable.Range(0, shape[0]).Select(_ => random.NextInt(shape[1] + 1))];
    }

    private static IEnumerable<OperationCase> Choices()
    {
        yield return new("Where", typeof(Where), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            return new([Draw.Numbers(random, Draw.Stretchable(random, shape)), Draw.Numbers(random, Draw.Stretchable(random, shape)), Draw.Marks(random, Draw.Stretchable(random, shape))],
                x => Tensor.Where(x[2], x[0], x[1]),
                x => Reference.Of(Reference.Broadcast(Reference.Broadcast(x[0].Shape, x[1].Shape), x[2].Shape),
                    at => x[2].Stretched(at) != 0 ? x[0].Stretched(at) : x[1].Stretched(at)), Constant: 2);
        });
        yield return new("MaskedFill", typeof(Where), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            return new([Draw.Numbers(random, shape), Draw.Marks(random, Draw.Stretchable(random, shape))], x => x[0].MaskedFill(x[1], 3),
                x => Reference.Of(shape, at => x[1].Stretched(at) != 0 ? 3 : x[0][at]), Constant: 1);
        });
        foreach (int shared in new[] { -1, 0, 1 })
            yield return new($"Dropout{(shared < 0 ? "" : $" with one mask along dimension {shared}")}", typeof(Dropout), Draw.All, (random, size) =>
            {
                int[] shape = Draw.Shape(random, size, Math.Max(Draw.Rank(random, 1), shared + 1));
                ulong seed = random.NextUInt64();
                float[] mask = Dropout.Apply(Tensor.Full(new Shape(shape), 1), 0.3f, new RandomState(seed), shared).ToArray();
                return new([Draw.Numbers(random, shape)], x => Dropout.Apply(x[0], 0.3f, new RandomState(seed), shared),
                    x => new Reference(shape, [.. x[0].Values.Zip(mask, (value, keep) => keep != 0 ? value / (1 - 0.3f) : 0)]));
            });
    }

    private static IEnumerable<OperationCase> Rows()
    {
        yield return Normalised<Softmax>("Softmax", x => x.Softmax(), Softmax);
        yield return Normalised<LogSoftmax>("LogSoftmax", x => x.LogSoftmax(), row => [.. Softmax(row).Select(value => Math.Log(value))]);
        yield return new("Softmax along another dimension", typeof(Softmax), Draw.NotEmpty, (random, size) => new([Draw.Numbers(random, Draw.Shape(random, size, 3))],
            x => x[0].Softmax(1),
            x => Reference.Map(x[0].Map(Math.Exp), x[0].Map(Math.Exp).Reduce(1, true, row => row.Sum()), (a, b) => a / b)));
        yield return new("LayerNorm", typeof(LayerNormalization), Draw.All, (random, size) =>
        {
            int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1));
            // With one or two features the variance is the epsilon or nothing at all; that is tested for finiteness elsewhere.
            if (size != Size.Empty) shape[^1] += 2;
            return new([Draw.Numbers(random, shape), Draw.Positive(random, shape[^1]), Draw.Numbers(random, shape[^1])],
                x => LayerNormalization.Apply(x[0], x[1], x[2], 0.1f), x => x[0].Rows(row =>
                {
                    double mean = row.Average(), deviation = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + 0.1f);
                    return [.. row.Select((value, i) => (value - mean) / deviation * x[1].Values[i] + x[2].Values[i])];
                }));
        });

        static OperationCase Normalised<T>(string name, Func<Tensor, Tensor> fast, Func<double[], double[]> slow) =>
            new(name, typeof(T), Draw.All, (random, size) => new([Draw.Numbers(random, Draw.Shape(random, size, Draw.Rank(random, 1)))], x => fast(x[0]), x => x[0].Rows(slow)));

        static double[] Softmax(double[] row)
        {
            double sum = row.Sum(Math.Exp);
            return [.. row.Select(value => Math.Exp(value) / sum)];
        }
    }

    private static IEnumerable<OperationCase> Likelihoods()
    {
        yield return new("Categorical", typeof(CategoricalLikelihood), Draw.NotEmpty, (random, size) =>
        {
            int[] shape = size == Size.Large ? [61, 301] : Draw.Shape(random, size, Draw.Rank(random, 1, 3));
            int[] targets = [.. Enumerable.Range(0, shape[..^1].Aggregate(1, (a, b) => a * b)).Select(_ => random.NextInt(shape[^1] + 1) - 1)];
            float smoothing = Smoothing(random);
            return new([Draw.Numbers(random, shape)], x => Likelihood.Categorical(x[0], targets, smoothing: smoothing), x => Categorical(x[0].Values.Chunk(shape[^1]), targets, smoothing));
        });
        yield return Projection("Categorical of a projection", bias: true);
        yield return Projection("Categorical of a projection without bias", bias: false);
        yield return Features<BernoulliLikelihood>("Bernoulli", 1, (x, counted) => Likelihood.Bernoulli(x[0], x[1], counted),
            x => -(x[1] * Math.Log(1 / (1 + Math.Exp(-x[0]))) + (1 - x[1]) * Math.Log(1 - 1 / (1 + Math.Exp(-x[0])))));
        yield return Features<GaussianLikelihood>("Gaussian", 1, (x, counted) => Likelihood.Gaussian(x[0], x[1], 0.75f, counted),
            x => -Math.Log(Math.Exp(-0.5 * Math.Pow((x[1] - x[0]) / 0.75, 2)) / (0.75 * Math.Sqrt(2 * Math.PI))));
        yield return Features<GaussianVarianceLikelihood>("Gaussian with variance", 2, (x, counted) => Likelihood.Gaussian(x[0], x[1], x[2], counted),
            x => -Math.Log(Math.Exp(-0.5 * Math.Pow(x[2] - x[0], 2) / Math.Exp(x[1])) / Math.Sqrt(2 * Math.PI * Math.Exp(x[1]))));

        static OperationCase Projection(string name, bool bias) => new(name, typeof(ProjectedCategorical), Draw.NotEmpty, (random, size) =>
        {
            int[] shape = size == Size.Large ? [61, 33] : Draw.Shape(random, size, Draw.Rank(random, 1, 3));
            int classes = size == Size.Large ? 70 : 1 + random.NextInt(6), features = shape[^1];
            int[] targets = [.. Enumerable.Range(0, shape[..^1].Aggregate(1, (a, b) => a * b)).Select(_ => random.NextInt(classes + 1) - 1)];
            Reference[] inputs = [Draw.Numbers(random, shape), Draw.Numbers(random, [classes, features])];
            float smoothing = Smoothing(random);
            return new(bias ? [.. inputs, Draw.Numbers(random, [classes])] : inputs, x => ProjectedCategorical.Apply(x[0], x[1], bias ? x[2] : null, targets, -1, smoothing), x =>
            {
                double[] Logits(double[] row) => [.. Enumerable.Range(0, classes).Select(c => (bias ? x[2].Values[c] : 0) + Enumerable.Range(0, features).Sum(f => row[f] * x[1].Values[c * features + f]))];
                return Categorical(x[0].Values.Chunk(features).Select(Logits), targets, smoothing);
            });
        });

        static float Smoothing(RandomState random) => random.NextInt(2) * 0.25f;

        static Reference Categorical(IEnumerable<double[]> logits, int[] targets, float smoothing)
        {
            var losses = logits.Zip(targets).Where(pair => pair.Second >= 0)
                .Select(pair => Math.Log(pair.First.Sum(Math.Exp)) - (1 - smoothing) * pair.First[pair.Second] - smoothing * pair.First.Average()).ToArray();
            return Reference.Scalar(losses.Length == 0 ? 0 : losses.Average());
        }

        static OperationCase Features<T>(string name, int parameters, RowLoss fast, Func<double[], double> slow) =>
            new(name, typeof(T), Draw.NotEmpty, (random, size) =>
            {
                int[] shape = Draw.Shape(random, size, Draw.Rank(random, 1, 3));
                int rows = shape[..^1].Aggregate(1, (a, b) => a * b);
                int[] counted = random.NextInt(2) == 0 ? [] : [.. Enumerable.Range(0, rows).Select(_ => random.NextInt(2))];
                return new([.. Enumerable.Range(0, parameters + 1).Select(_ => Draw.Numbers(random, shape))], x => fast(x, counted), x =>
                {
                    double sum = 0;
                    for (int i = 0; i < x[0].Count; i++)
                        if (counted.Length == 0 || counted[i / shape[^1]] != 0) sum += slow([.. x.Select(input => input.Values[i])]);
                    int count = counted.Length == 0 ? rows : counted.Sum();
                    return Reference.Scalar(count == 0 ? 0 : sum / count);
                });
            });
    }

    private delegate Tensor RowLoss(Tensor[] inputs, ReadOnlySpan<int> counted);
}
