namespace Unroll.Tasks.LanguageModel;

/// <summary>Sets of defaults under a name: what published models were trained with, and one that was chosen for little time. An option that is given wins.</summary>
/// <param name="Name">The name.</param>
/// <param name="Options">Options as the command writes them.</param>
internal sealed record LanguageModelRecipe(string Name, string Options)
{
    // Zaremba, Sutskever & Vinyals 2014, "Recurrent neural network regularization", add up the loss over the steps of a sequence and train with rate 1 and gradients
    // of norm 5 at most; of a mean over the steps, as here, the gradient is a step count smaller: the rate is multiplied by it and the limit divided.
    private static readonly LanguageModelRecipe[] All =
    [
        new("zaremba-small", "--level token --hidden 200 --layers 2 --init uniform:0.1 --embedding-init 0.1 --forget-bias 0 --batch 20 --sequence 20 --epochs 13"
            + " --optimizer sgd --learning-rate 20 --clip 0.25 --schedule step:1epoch:0.5:4epochs"),
        new("zaremba-medium", "--level token --hidden 650 --layers 2 --init uniform:0.05 --embedding-init 0.05 --forget-bias 0 --dropout 0.5 --dropout-inputs --batch 20 --sequence 35 --epochs 39"
            + " --optimizer sgd --learning-rate 35 --clip 0.142857 --schedule step:1epoch:0.833333:6epochs"),
        // Merity, Keskar & Socher 2018, "Regularizing and optimizing LSTM language models", as for WikiText-2; for the Penn Treebank --batch 40 --input-dropout 0.4.
        new("awd-lstm", "--level token --embedding 400 --hidden 1150 --last-hidden 400 --layers 3 --tie --embedding-init 0.1 --forget-bias 0 --weight-drop 0.5 --embedding-dropout 0.1"
            + " --input-dropout 0.65 --dropout 0.3 --variational --output-dropout 0.4 --activation-reg 2 --temporal-activation-reg 1 --batch 80 --sequence 70 --random-lengths --epochs 750"
            + " --optimizer asgd --average-after 5 --learning-rate 30 --clip 0.25 --weight-decay 1.2e-6"),
        // Meant for WikiText-2 within two hours on two cores: most words in clusters of the softmax that most steps need not read.
        new("fast", "--level token --embedding 400 --hidden 650 --last-hidden 400 --layers 2 --tie --softmax adaptive --embedding-init 0.1 --forget-bias 0 --dropout 0.4 --dropout-inputs --batch 40 --sequence 35"
            + " --epochs 10 --optimizer sgd --learning-rate 20 --clip 0.25 --schedule cosine"),
    ];

    /// <summary>The option that names a recipe.</summary>
    public static TaskOption Option { get; } = new("recipe", OptionKind.Choice, "defaults of a published model, or fast, which was made for WikiText-2 on two cores (docs/language-model.md shows them); options given win")
    {
        Choices = [.. All.Select(recipe => recipe.Name)],
        Group = "Recipe",
    };

    /// <summary>Sets what the recipe that settings name says and the settings do not.</summary>
    /// <returns>The options that were set so, which nobody asked for by name.</returns>
    public static IReadOnlySet<string> Apply(TaskSettings settings)
    {
        var set = new HashSet<string>(StringComparer.Ordinal);
        if (settings.Find(Option.Name) is not { } name) return set;
        string[] words = All.First(recipe => recipe.Name == name).Options.Split(' ');
        for (int i = 0; i < words.Length; i++)
        {
            string option = words[i][2..];
            bool isFlag = i + 1 == words.Length || words[i + 1].StartsWith("--", StringComparison.Ordinal);
            string value = isFlag ? "true" : words[++i];
            if (!settings.IsGiven(option) && set.Add(option)) settings.Set(option, value);
        }
        return set;
    }
}
