using Unroll.Training;

namespace Unroll.Tests.Training;

public sealed class RecipeTests
{
    private static readonly Recipe Sample = new("language-model", ulong.MaxValue, new Dictionary<string, string> { ["hidden"] = "128", ["data"] = "a \"b\"\\ü" });

    [Fact]
    public void A_recipe_is_read_back()
    {
        using var folder = new TemporaryFolder();
        Sample.Save(folder.File("recipe.json"));
        Recipe read = Recipe.Read(folder.File("recipe.json"));
        Assert.Equal((Sample.Task, Sample.Seed), (read.Task, read.Seed));
        Assert.Equal(Sample.Options.OrderBy(option => option.Key), read.Options);
        Assert.Equal("128", read["hidden"]);
        Assert.Contains("lacks the option 'cell'", Assert.Throws<BadInputException>(() => read["cell"]).Message, StringComparison.Ordinal);
        Assert.Equal(Sample.ToJson(), read.ToJson());
    }

    [Theory]
    [InlineData("", "no sound recipe")]
    [InlineData("[]", "no sound recipe")]
    [InlineData("{}", "no sound recipe")]
    [InlineData("""{"format":"x"}""", "no recipe of Unroll")]
    [InlineData("""{"format":"unroll-recipe","version":2}""", "newer Unroll (format version 2")]
    [InlineData("""{"format":"unroll-recipe","version":1,"task":"t","seed":-1,"options":{}}""", "no sound recipe")]
    [InlineData("""{"format":"unroll-recipe","version":1,"task":null,"seed":1,"options":{}}""", "no sound recipe")]
    [InlineData("""{"format":"unroll-recipe","version":1,"task":"t","seed":1,"options":{"a":1}}""", "no sound recipe")]
    [InlineData("""{"format":"unroll-recipe","version":1,"task":"t","seed":1,"options":{"a":"1","a":"2"}}""", "no sound recipe")]
    public void Another_text_is_refused(string json, string expected)
    {
        string message = Assert.Throws<BadInputException>(() => Recipe.FromJson(json, "recipe.json")).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_missing_recipe_is_named() =>
        Assert.Contains("There is no recipe", Assert.Throws<BadInputException>(() => Recipe.Read("/none/recipe.json")).Message, StringComparison.Ordinal);
}
