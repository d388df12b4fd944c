using Unroll.Layers;
using Unroll.Tasks.LanguageModel;
using Unroll.Training;

namespace Unroll.Tasks.Tests;

public sealed class CommonOptionsTests
{
    [Fact]
    public void A_recipe_from_before_the_options_around_cells_has_none_of_them()
    {
        var recipe = new Recipe("language-model", 1, new SortedDictionary<string, string>(StringComparer.Ordinal) { ["cell"] = "gru", ["layers"] = "3", ["dropout"] = "0.25" });
        RecurrentOptions options = CommonOptions.ToRecurrentOptions(CommonOptions.FromRecipe(new LanguageModelTask(), recipe));
        Assert.Equal(new RecurrentOptions { Layers = 3, Dropout = 0.25f }, options);
    }
}
