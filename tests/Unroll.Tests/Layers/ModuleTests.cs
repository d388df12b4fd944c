using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tests.Layers;

public sealed class ModuleTests
{
    private sealed class Part : Module
    {
        public Part(params string[] names)
        {
            foreach (string name in names) Add(name, [2], ParameterKind.Weight, Initializer.Uniform(1));
        }

        public Part Adding(string name, Part child)
        {
            Add(name, child);
            return this;
        }

        public void AddLater(string name) => Add(name, [3], ParameterKind.Bias, Initializer.Zeros);
    }

    [Fact]
    public void Names_are_paths_in_a_fixed_order_however_the_model_is_put_together()
    {
        Part inner = new("w"), outer = new("a", "b");
        outer.Adding("first", new Part("w").Adding("inner", new Part("w", "v")));
        outer.Adding("second", inner);
        inner.Adding("late", new Part("w"));
        inner.AddLater("bias");
        Assert.Equal(["a", "b", "first.w", "first.inner.w", "first.inner.v", "second.w", "second.bias", "second.late.w"], outer.Parameters.Select(parameter => parameter.Name));
        Assert.Equal(17, outer.ParameterCount);
    }

    [Fact]
    public void Names_taken_and_modules_with_a_parent_are_refused()
    {
        Part outer = new("a"), child = new("w");
        outer.Adding("child", child);
        Assert.Contains("'a'", Assert.Throws<ArgumentException>(() => outer.AddLater("a")).Message);
        Assert.Contains("'child'", Assert.Throws<ArgumentException>(() => outer.Adding("child", new Part())).Message);
        Assert.Contains("'w'", Assert.Throws<ArgumentException>(() => child.AddLater("w")).Message);
        Assert.Contains("one parent", Assert.Throws<ArgumentException>(() => new Part().Adding("x", child)).Message);
        Assert.Contains("dot", Assert.Throws<ArgumentException>(() => outer.AddLater("a.b")).Message);
    }

    [Fact]
    public void The_same_seed_gives_the_same_values_and_a_new_part_leaves_the_others_alone()
    {
        Part a = new Part("w").Adding("child", new Part("w")), b = new Part("v", "w").Adding("child", new Part("w"));
        a.Initialize(new RandomState(3));
        b.Initialize(new RandomState(3));
        Assert.Equal(a.Parameters[1].Values.ToArray(), b.Parameters[2].Values.ToArray());
        Assert.NotEqual(a.Parameters[0].Values.ToArray(), a.Parameters[1].Values.ToArray());
        Assert.Equal(1, a.Parameters[0].Version);
    }
}
