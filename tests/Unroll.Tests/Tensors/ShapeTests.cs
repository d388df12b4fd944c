using Unroll.Losses;
using Unroll.Tensors;

namespace Unroll.Tests.Tensors;

public sealed class ShapeTests
{
    [Fact]
    public void Sizes_count_from_either_end()
    {
        Shape shape = [2, 3, 5];
        Assert.Equal((3, 30, 2, 5), (shape.Rank, shape.Count, shape[0], shape[-1]));
        Assert.Equal("[2, 3, 5]", shape.ToString());
        Assert.Equal(shape, new Shape([2, 3, 5]));
        Assert.NotEqual(shape, [2, 3]);
    }

    [Fact]
    public void The_default_is_a_scalar()
    {
        Assert.Equal((0, 1, "[]"), (default(Shape).Rank, default(Shape).Count, default(Shape).ToString()));
        Assert.Equal(0, new Shape([3, 0]).Count);
        Assert.Equal(0, new Shape([int.MaxValue, 0, int.MaxValue]).Count);
    }

    [Fact]
    public void Bad_sizes_are_refused()
    {
        Assert.Contains("negative", Assert.Throws<ShapeException>(() => new Shape([2, -1])).Message);
        Assert.Contains("at most 6", Assert.Throws<ShapeException>(() => new Shape([1, 1, 1, 1, 1, 1, 1])).Message);
        Assert.Contains("more than", Assert.Throws<ShapeException>(() => new Shape([1 << 16, 1 << 16])).Message);
        Assert.Contains("[2]", Assert.Throws<ShapeException>(() => new Shape([2])[1]).Message);
    }

    public static TheoryData<string, string[]> Mistakes => new()
    {
        { "add", ["Add", "[2, 3]", "[4]", "3 and 4", "reshape"] },
        { "matmul inner", ["MatMul", "[2, 3]", "[4]", "reshape a vector"] },
        { "matmul", ["MatMul", "inner sizes differ, 3 and 2", "[2, 3] · [2, 3]", "transpose"] },
        { "matmul outer", ["MatMul", "outer dimensions", "[1, 2, 3]", "[2, 3, 2]"] },
        { "reshape", ["Reshape", "[2, 3]", "[4, -1]"] },
        { "permute", ["Permute", "[0, 0]", "[2, 3]"] },
        { "slice", ["Slice", "[2, 3]", "at most 3"] },
        { "concat", ["Concat", "[2, 3]", "[3, 2]"] },
        { "stack", ["Stack", "[2, 3]", "[4]", "Concat"] },
        { "gather row", ["Gather", "no row 2", "[2, 3]", "0 to 1"] },
        { "gather count", ["Gather", "3 row numbers", "[2]"] },
        { "max", ["Max", "[0, 3]"] },
        { "axis", ["[2, 3]", "none numbered 2"] },
        { "categorical", ["Categorical", "[2, 3]", "3 targets"] },
        { "class", ["Categorical", "no class 3", "[2, 3]"] },
        { "bernoulli", ["Bernoulli", "[2, 3]", "[4]"] },
        { "rows", ["Gaussian", "3 row marks for 2 rows"] },
        { "from", ["From", "2 numbers", "[3]"] },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void A_mistake_is_explained_with_what_was_found(string mistake, string[] words)
    {
        Tensor a = Tensor.Zeros([2, 3]), b = Tensor.Zeros([4]);
        string message = Assert.Throws<ShapeException>(() => mistake switch
        {
            "add" => a + b,
            "matmul inner" => a.MatMul(b),
            "matmul" => a.MatMul(a),
            "matmul outer" => a.Reshape(1, 2, 3).MatMul(Tensor.Zeros([2, 3, 2])),
            "reshape" => a.Reshape(4, -1),
            "permute" => a.Permute(0, 0),
            "slice" => a.Slice(1, 2, 2),
            "concat" => Tensor.Concat(0, a, Tensor.Zeros([3, 2])),
            "stack" => Tensor.Stack(0, a, b),
            "gather row" => a.Gather([2], [1]),
            "gather count" => a.Gather([0, 1, 0], [2]),
            "max" => Tensor.Zeros([0, 3]).Max(0),
            "axis" => a.Sum(2),
            "categorical" => Likelihood.Categorical(a, [0, 1, 2]),
            "class" => Likelihood.Categorical(a, [0, 3]),
            "bernoulli" => Likelihood.Bernoulli(a, b),
            "rows" => Likelihood.Gaussian(a, a, 1, [1, 1, 1]),
            _ => Tensor.From([1, 2], [3]),
        }).Message;
        Assert.All(words, word => Assert.Contains(word, message));
        Assert.DoesNotContain('\n', message);
    }
}
