using Unroll.Optimizers;
using Unroll.Training;

namespace Unroll.Tasks.Tests;

public sealed class TaskSettingsTests
{
    private static TaskSettings Settings() => new(TaskCatalogue.Get("lm").Options);

    [Fact]
    public void What_is_not_given_is_the_default()
    {
        var settings = Settings().Set("hidden", "64").Set("cell", "gru");
        Assert.Equal((64, 2, "gru", "adam"), (settings.Whole("hidden"), settings.Whole("layers"), settings.Text("cell"), settings.Text("optimizer")));
        Assert.Equal(0.002, settings.Number("learning-rate"));
        Assert.False(settings.Flag("tie"));
        Assert.Null(settings.Find("patience"));
        Assert.True(settings.IsGiven("hidden"));
        Assert.False(settings.IsGiven("layers"));
    }

    [Fact]
    public void Options_that_take_several_values_keep_them_all()
    {
        Assert.Equal(["a", "b"], Settings().Set("data", "a").Set("data", "b").All("data"));
        Assert.Equal(["8"], Settings().Set("hidden", "4").Set("hidden", "8").All("hidden"));
    }

    [Fact]
    public void Unknown_options_and_bad_values_are_refused()
    {
        Assert.Contains("Did you mean 'hidden'?", Assert.Throws<BadUsageException>(() => Settings().Set("hiden", "3")).Message);
        foreach (var (name, value) in new[] { ("hidden", "0"), ("hidden", "1e3"), ("dropout", "NaN"), ("tie", "maybe"), ("cell", "none"), ("data", ""), ("level", "line") })
            Assert.Throws<BadUsageException>(() => Settings().Set(name, value));
    }

    [Fact]
    public void A_recipe_gives_the_settings_back()
    {
        TaskDefinition task = TaskCatalogue.Get("lm");
        var settings = Settings().Set("data", "/x y/a").Set("data", "/b").Set("tie", "true").Set("learning-rate", "0.1").Set("seed", "7");
        Recipe recipe = CommonOptions.ToRecipe(task, settings);
        TaskSettings copy = CommonOptions.FromRecipe(task, Recipe.FromJson(recipe.ToJson(), "test"));
        foreach (TaskOption option in task.Options) Assert.Equal(settings.All(option.Name), copy.All(option.Name));
        Assert.Equal(7ul, recipe.Seed);
    }

    [Fact]
    public void A_recipe_of_another_version_is_bad_input() => Assert.Throws<BadInputException>(() =>
        CommonOptions.FromRecipe(TaskCatalogue.Get("lm"), new Recipe("language-model", 1, new Dictionary<string, string> { ["colour"] = "red" })));

    [Fact]
    public void Trainer_options_follow_the_settings()
    {
        var options = CommonOptions.ToTrainerOptions(Settings().Set("epochs", "3").Set("optimizer", "sgd").Set("learning-rate", "0.5").Set("schedule", "cosine").Set("clip", "0").Set("patience", "4"), 10);
        Assert.Equal((3, null, 4), (options.Epochs, options.Steps, options.Patience));
        Assert.Equal(("sgd", 0.5f), (options.Optimizer.Name, options.Optimizer.LearningRate));
        Assert.Equal(Clipping.None, options.Clipping);
        // A cosine spans the whole run.
        Assert.Equal(0, options.Schedule.Factor(30, []), 1e-12);
        Assert.Equal(0.5, options.Schedule.Factor(15, []), 1e-12);
    }

    [Fact]
    public void Tasks_are_found_by_name_and_alias()
    {
        Assert.Same(TaskCatalogue.Get("language-model"), TaskCatalogue.Get("LM"));
        Assert.Contains("Did you mean 'lm'?", Assert.Throws<BadUsageException>(() => TaskCatalogue.Get("ml")).Message);
        Assert.Equal(TaskCatalogue.All.Count, TaskCatalogue.All.SelectMany(task => task.Aliases.Prepend(task.Name)).GroupBy(name => name).Count(group => group.Count() == 1) - TaskCatalogue.All.Sum(task => task.Aliases.Count));
    }
}
