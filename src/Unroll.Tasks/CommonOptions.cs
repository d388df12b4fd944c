using System.Globalization;
using Unroll.Cells;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Optimizers;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks;

/// <summary>The options that tasks share, by the names and with the checks they have everywhere. A task lists those it takes among its own,
/// with another default where one suits it better.</summary>
public static class CommonOptions
{
    private const string Model = "Model", Training = "Training", Run = "Run";

    /// <summary>The recurrent cell.</summary>
    public static TaskOption Cell { get; } = new("cell", OptionKind.Text, "recurrent cell ('unroll cells' lists them)")
    {
        Default = "lstm",
        Placeholder = "NAME",
        Group = Model,
        Check = static value => CellCatalogue.All.Any(cell => cell.Name.Equals(value, StringComparison.OrdinalIgnoreCase)) ? null
            : $"a cell that 'unroll cells' lists.{NearestWord.Suggest(value, CellCatalogue.All.Select(cell => cell.Name))}".TrimEnd('.'),
    };

    /// <summary>Features of the hidden state.</summary>
    public static TaskOption Hidden { get; } = new("hidden", OptionKind.Whole, "units of each recurrent layer") { Default = "128", Minimum = 1, Maximum = 65536, Group = Model };

    /// <summary>Recurrent layers on top of each other.</summary>
    public static TaskOption Layers { get; } = new("layers", OptionKind.Whole, "recurrent layers") { Default = "2", Minimum = 1, Maximum = 64, Group = Model };

    /// <summary>Whether layers read in both directions.</summary>
    public static TaskOption Bidirectional { get; } = new("bidirectional", OptionKind.Flag, "read in both directions") { Group = Model };

    /// <summary>The share of units that dropout silences.</summary>
    public static TaskOption Dropout { get; } = new("dropout", OptionKind.Number, "share of units dropped between layers while training")
    {
        Default = "0",
        Minimum = 0,
        Maximum = 0.99,
        Placeholder = "P",
        Group = Model,
    };

    /// <summary>The share of the input's features that are dropped at all steps.</summary>
    public static TaskOption InputDropout { get; } = Share("input-dropout", "share of the first layer's input features dropped while training, the same at all steps");

    /// <summary>The share of the output's features that are dropped at all steps.</summary>
    public static TaskOption OutputDropout { get; } = Share("output-dropout", "share of the last layer's units dropped while training, the same at all steps");

    /// <summary>The share of what recurrent matrices multiply that is dropped at all steps.</summary>
    public static TaskOption StateDropout { get; } = Share("state-dropout", "share of the units that recurrent matrices read dropped while training, the same at all steps");

    /// <summary>The share of units whose state stays as it was.</summary>
    public static TaskOption Zoneout { get; } = Share("zoneout", "share of units whose state stays as it was at a step, while training");

    /// <summary>The share of recurrent weights that are dropped.</summary>
    public static TaskOption WeightDrop { get; } = Share("weight-drop", "share of the recurrent matrices' entries dropped while training");

    /// <summary>Whether dropout between layers has one mask for all steps.</summary>
    public static TaskOption Variational { get; } = new("variational", OptionKind.Flag, "let --dropout drop the same units at all steps of a sequence") { Group = Model };

    /// <summary>Whether layers' outputs are normalised.</summary>
    public static TaskOption LayerNorm { get; } = new("layer-norm", OptionKind.Flag, "normalise each recurrent layer's output over its units") { Group = Model };

    /// <summary>What leads past layers.</summary>
    public static TaskOption Connection { get; } = new("connection", OptionKind.Choice, "what leads past each recurrent layer but the first") { Default = "none", Choices = ["none", "residual", "highway"], Group = Model };

    /// <summary>What stands around the cells of recurrent layers.</summary>
    public static IReadOnlyList<TaskOption> AroundCells { get; } = [Dropout, InputDropout, OutputDropout, StateDropout, Zoneout, WeightDrop, Variational, LayerNorm, Connection];

    /// <summary>How recurrent weights begin.</summary>
    public static TaskOption Init { get; } = new("init", OptionKind.Text, $"how recurrent weights begin: {Starts}; a uniform width is 1/√hidden unless given")
    {
        Default = "uniform",
        Placeholder = "WORD",
        Group = Model,
        Check = static value => value is "uniform" or "glorot" or "he" or "orthogonal" or "identity" || WidthOf(value) is not null ? null
            : $"{Starts}, such as uniform:0.1.{NearestWord.Suggest(value, ["uniform", "glorot", "he", "orthogonal", "identity"])}".TrimEnd('.'),
    };

    private const string Starts = "uniform[:WIDTH], glorot, he, orthogonal or identity";

    /// <summary>How forget-gate biases begin.</summary>
    public static TaskOption ForgetBias { get; } = new("forget-bias", OptionKind.Number, "first bias of forget gates") { Default = "1", Minimum = -100, Maximum = 100, Placeholder = "B", Group = Model };

    /// <summary>Passes over the data.</summary>
    public static TaskOption Epochs { get; } = new("epochs", OptionKind.Whole, "passes over the data") { Minimum = 1, Group = Training, MayChangeOnResume = true };

    /// <summary>Changes of the weights.</summary>
    public static TaskOption Steps { get; } = new("steps", OptionKind.Whole, "stop after this many steps") { Minimum = 1, Group = Training, MayChangeOnResume = true };

    /// <summary>Sequences side by side.</summary>
    public static TaskOption Batch { get; } = new("batch", OptionKind.Whole, "sequences side by side") { Default = "50", Minimum = 1, Maximum = 1 << 20, Group = Training };

    /// <summary>Time steps of a truncated sequence.</summary>
    public static TaskOption Sequence { get; } = new("sequence", OptionKind.Whole, "time steps that gradients flow back through") { Default = "50", Minimum = 1, Maximum = 1 << 20, Group = Training };

    /// <summary>Whether the backward pass computes steps again.</summary>
    public static TaskOption Recompute { get; } = new("recompute", OptionKind.Flag, "keep only some steps for the backward pass and compute the others again: for very long sequences") { Group = Training };

    /// <summary>The optimizer.</summary>
    public static TaskOption Optimizer { get; } = new("optimizer", OptionKind.Choice, "how gradients change weights") { Default = "adam", Choices = OptimizerOptions.Names, Group = Training };

    /// <summary>The learning rate.</summary>
    public static TaskOption LearningRate { get; } = new("learning-rate", OptionKind.Number, "step size") { Default = "0.002", Minimum = 0, Exclusive = true, Placeholder = "X", Group = Training };

    /// <summary>How much weights shrink.</summary>
    public static TaskOption WeightDecay { get; } = new("weight-decay", OptionKind.Number, "L2 penalty: so much of each weight is added to its gradient (default: 0; adamw, which takes it apart: 0.01)")
    {
        Minimum = 0,
        Placeholder = "X",
        Group = Training,
    };

    /// <summary>When averaging begins.</summary>
    public static TaskOption AverageAfter { get; } = new("average-after", OptionKind.Whole, "--optimizer asgd averages once the validation loss is above the lowest of all but the N before it; 0: from the first step (default: 5)")
    {
        Minimum = 0,
        Group = Training,
    };

    /// <summary>How the learning rate changes.</summary>
    public static TaskOption Schedule { get; } = new("schedule", OptionKind.Text, "constant, step:EVERY[:FACTOR[:AFTER]], cosine[:FLOOR] or plateau[:PATIENCE[:FACTOR]], after warmup:STEPS+ if wanted; steps as 100 or 2epochs")
    {
        Default = "constant",
        Placeholder = "WORDS",
        Group = Training,
    };

    /// <summary>The greatest norm of all gradients together.</summary>
    public static TaskOption Clip { get; } = new("clip", OptionKind.Number, "greatest norm of all gradients together; 0 for none") { Default = "5", Minimum = 0, Placeholder = "X", Group = Training };

    /// <summary>The greatest size of each gradient.</summary>
    public static TaskOption ClipValue { get; } = new("clip-value", OptionKind.Number, "greatest size of each gradient, instead of --clip") { Minimum = 0, Exclusive = true, Placeholder = "X", Group = Training };

    /// <summary>The prior on the weights.</summary>
    public static TaskOption Prior { get; } = new("prior", OptionKind.Text, "belief about weights: none, gaussian:SIGMA or laplace:B") { Default = "none", Placeholder = "WORDS", Group = Training };

    /// <summary>Batches averaged for one step.</summary>
    public static TaskOption Accumulate { get; } = new("accumulate", OptionKind.Whole, "batches whose gradients make one step") { Default = "1", Minimum = 1, Group = Training };

    /// <summary>Steps between validations.</summary>
    public static TaskOption ValidateEvery { get; } = new("validate-every", OptionKind.Whole, "steps between validations (default: after each epoch)") { Minimum = 1, Group = Training };

    /// <summary>When to give up.</summary>
    public static TaskOption Patience { get; } = new("patience", OptionKind.Whole, "stop after this many validations without a better loss") { Minimum = 1, Group = Training };

    /// <summary>The seed of everything random.</summary>
    public static TaskOption Seed { get; } = new("seed", OptionKind.Whole, "seed of everything random") { Default = "1", Minimum = 0, Group = Run };

    /// <summary>How matrices are kept while a model is used.</summary>
    public static TaskOption Weights { get; } = new("weights", OptionKind.Choice, "how the recurrent layers keep their matrices: fewer bytes are faster where one sequence is read or written; int8 also rounds what they multiply") { Default = "f32", Choices = ["f32", "bf16", "int8"], Group = Run };

    /// <summary>The format that <see cref="Weights"/> names.</summary>
    public static WeightFormat WeightFormatOf(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Text(Weights.Name) switch { "bf16" => WeightFormat.BFloat16, "int8" => WeightFormat.Int8, _ => WeightFormat.Float32 };
    }

    /// <summary>Threads to compute with.</summary>
    public static TaskOption Threads { get; } = new("threads", OptionKind.Whole, "threads to compute with (default: one for each processor); results do not depend on it")
    {
        Minimum = 1,
        Maximum = 1024,
        Group = Run,
        MayChangeOnResume = true,
    };

    /// <summary>Steps between checkpoints.</summary>
    public static TaskOption CheckpointEvery { get; } = new("checkpoint-every", OptionKind.Whole, "steps between checkpoints") { Default = "250", Minimum = 1, Group = Run, MayChangeOnResume = true };

    /// <summary>Those that concern the trainer and suit every task.</summary>
    public static IReadOnlyList<TaskOption> OfEveryTraining { get; } =
        [StartingModel.Option, Optimizer, LearningRate, WeightDecay, AverageAfter, Schedule, Clip, ClipValue, Prior, Accumulate, ValidateEvery, Patience, Seed, Threads, CheckpointEvery];

    /// <summary>The recipe that settings make.</summary>
    /// <param name="task">The task.</param>
    /// <param name="settings">The settings.</param>
    public static Recipe ToRecipe(TaskDefinition task, TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(settings);
        var options = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (TaskOption option in task.Options)
            if (settings.All(option.Name) is { Count: > 0 } values) options.Add(option.Name, string.Join('\n', values));
        return new Recipe(task.Name, (ulong)settings.Whole(Seed.Name), options);
    }

    /// <summary>The settings that a recipe was made from.</summary>
    /// <param name="task">The task.</param>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="BadInputException">The recipe has an option the task lacks, or a value it does not take.</exception>
    public static TaskSettings FromRecipe(TaskDefinition task, Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(recipe);
        var settings = new TaskSettings(task.Options);
        try
        {
            foreach ((string name, string value) in recipe.Options)
                foreach (string line in value.Split('\n')) settings.Set(name, line);
        }
        catch (BadUsageException error)
        {
            throw new BadInputException($"The recipe does not fit the task {task.Name} of this version: {error.Message}", error);
        }
        return settings;
    }

    /// <summary>How the trainer is to train, by the settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="stepsPerEpoch">How many batches an epoch has.</param>
    /// <exception cref="BadUsageException">A value makes no sense.</exception>
    public static TrainerOptions ToTrainerOptions(TaskSettings settings, int stepsPerEpoch)
    {
        ArgumentNullException.ThrowIfNull(settings);
        int accumulate = settings.Whole(Accumulate.Name);
        int? epochs = Optional(settings, Epochs), steps = Optional(settings, Steps);
        long planned = Math.Min(steps ?? long.MaxValue, epochs is { } count ? (long)Math.Ceiling((double)count * stepsPerEpoch / accumulate) : long.MaxValue);
        double clip = settings.Number(Clip.Name);
        return new TrainerOptions
        {
            Epochs = epochs,
            Steps = steps,
            Seed = (ulong)settings.Whole(Seed.Name),
            Optimizer = OptimizerOf(settings),
            Schedule = Unroll.Training.Schedule.Parse(settings.Text(Schedule.Name), planned, (double)stepsPerEpoch / accumulate),
            Clipping = settings.Find(ClipValue.Name) is not null ? Clipping.Value((float)settings.Number(ClipValue.Name))
                : clip > 0 ? Clipping.GlobalNorm(clip) : Clipping.None,
            Prior = ParsePrior(settings.Text(Prior.Name)),
            GradientAccumulation = accumulate,
            ValidateEvery = Optional(settings, ValidateEvery),
            CheckpointEvery = settings.Whole(CheckpointEvery.Name),
            Patience = Optional(settings, Patience),
        };
    }

    private static OptimizerOptions OptimizerOf(TaskSettings settings)
    {
        OptimizerOptions options = OptimizerOptions.Named(settings.Text(Optimizer.Name)) with { LearningRate = (float)settings.Number(LearningRate.Name) };
        if (settings.Find(WeightDecay.Name) is not null) options = options with { WeightDecay = (float)settings.Number(WeightDecay.Name) };
        if (settings.Find(AverageAfter.Name) is not { } after) return options;
        return options is AsgdOptions averaged ? averaged with { AverageAfter = settings.Whole(AverageAfter.Name) } : throw new BadUsageException(
            $"--average-after {after}: only --optimizer asgd averages, and the optimizer is {options.Name}. Leave it out, or choose asgd.");
    }

    /// <summary>How recurrent layers are built, by the settings.</summary>
    internal static RecurrentOptions ToRecurrentOptions(TaskSettings settings)
    {
        string init = settings.Text(Init.Name);
        return new RecurrentOptions
        {
            Layers = settings.Whole(Layers.Name),
            Dropout = (float)settings.Number(Dropout.Name),
            Regularization = new RecurrentRegularization
            {
                InputDropout = (float)settings.Number(InputDropout.Name),
                OutputDropout = (float)settings.Number(OutputDropout.Name),
                StateDropout = (float)settings.Number(StateDropout.Name),
                Zoneout = (float)settings.Number(Zoneout.Name),
                WeightDrop = (float)settings.Number(WeightDrop.Name),
                Variational = settings.Flag(Variational.Name),
            },
            LayerNorm = settings.Flag(LayerNorm.Name),
            Connection = Enum.Parse<LayerConnection>(settings.Text(Connection.Name), ignoreCase: true),
            InputWeights = init is "glorot" or "he" || WidthOf(init) is not null ? InitializerNamed(init) : null,
            StateWeights = InitializerNamed(init),
            ForgetBias = (float)settings.Number(ForgetBias.Name),
            Recompute = settings.Flag(Recompute.Name),
        };
    }

    private static TaskOption Share(string name, string help) => Dropout with { Name = name, Help = help };

    /// <summary>The initialiser that <see cref="Init"/> names; null for the layer's own.</summary>
    /// <param name="name">One of the words that it takes.</param>
    public static Initializer? InitializerNamed(string name) => name switch
    {
        "glorot" => Initializer.GlorotUniform,
        "he" => Initializer.He,
        "orthogonal" => Initializer.Orthogonal(),
        "identity" => Initializer.Identity(),
        _ => WidthOf(name) is { } width ? Initializer.Uniform(width) : null,
    };

    /// <summary>The width in <c>uniform:WIDTH</c>; null for other words, or a width that is not above 0.</summary>
    private static float? WidthOf(string words) => words.Split(':') is ["uniform", var width] && Number(width) is > 0 and < 1e6 and var value ? (float)value : null;

    private static int? Optional(TaskSettings settings, TaskOption option) => settings.Find(option.Name) is null ? null : settings.Whole(option.Name);

    private static Prior? ParsePrior(string words) => words.Split(':') switch
    {
        ["none"] => null,
        ["gaussian", var sigma] when Number(sigma) is { } value => Losses.Prior.Gaussian(value),
        ["laplace", var b] when Number(b) is { } value => Losses.Prior.Laplace(value),
        _ => throw new BadUsageException($"--prior {words}: expected none, gaussian:SIGMA or laplace:B, such as gaussian:1."),
    };

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
}
