using System.Globalization;
using Unroll.Files;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Examples;

/// <summary>A task that learns from examples in files, such as texts with labels: how they are read and what model is built, its methods say; all else stands here once. With no
/// data given it learns a sample that is made from a seed.</summary>
/// <typeparam name="TExample">An example as it was read: text.</typeparam>
/// <typeparam name="TSet">Examples as the network reads them: numbers.</typeparam>
/// <typeparam name="TBatch">Some of a set side by side.</typeparam>
/// <typeparam name="TModel">The model.</typeparam>
internal abstract class ExampleTask<TExample, TSet, TBatch, TModel> : TaskDefinition
    where TSet : ExampleSet
    where TBatch : new()
    where TModel : ExampleModel<TExample, TSet, TBatch>
{
    /// <summary>The share of the examples kept aside where no others are given to judge the model on.</summary>
    internal static readonly TaskOption ValidShare = new("valid-share", OptionKind.Number, "without --valid, share of the examples kept aside, drawn by the seed") { Default = "0.1", Minimum = 0, Maximum = 0.9, Exclusive = true, Placeholder = "P", Group = "Data" };

    /// <summary>Examples of the built-in sample that are kept aside.</summary>
    private const double SampleShare = 0.2;

    /// <summary>What to learn; its help ends with the default in brackets.</summary>
    public abstract TaskOption Data { get; }

    /// <summary>What to judge the model on while it is trained.</summary>
    public virtual TaskOption Valid => new("valid", OptionKind.Path, $"{Kind} to judge the model on, in the same format (default: some of --data)") { Several = true, Placeholder = "PATH", Group = "Data" };

    /// <summary>What examples are called, more than one: texts, sentences.</summary>
    public abstract string Kind { get; }

    /// <summary>Options of the task besides those that every such task has.</summary>
    protected virtual IReadOnlyList<TaskOption> OwnOptions => [];

    /// <summary>Options of <see cref="TaskModel.Evaluate"/> besides the data.</summary>
    protected virtual IReadOnlyList<TaskOption> OwnEvaluationOptions => [];

    /// <summary>Passes over data unless said otherwise, and over the sample.</summary>
    protected abstract (int Data, int Sample) DefaultEpochs { get; }

    /// <summary>In what loss and speed are told.</summary>
    protected abstract TrainingUnits Units { get; }

    /// <summary>Where the task comes from, or what a good result is, in one line.</summary>
    public abstract string Paper { get; }

    /// <inheritdoc/>
    public sealed override IReadOnlyList<TaskOption> Options => field ??= WithDefaults(AllOptions());

    /// <inheritdoc/>
    public sealed override IReadOnlyList<TaskOption> EvaluationOptions => field ??= [Data with { Help = $"{Data.Help[..Data.Help.IndexOf('(')]}(default: what was kept aside in training)" }, .. OwnEvaluationOptions];

    /// <summary>Reads examples as they are asked for.</summary>
    /// <param name="paths">Where they are: options of training, or of evaluation.</param>
    /// <param name="option">Which option of these names the files: that of <see cref="Data"/> or <see cref="Valid"/>.</param>
    /// <param name="settings">How they are read: the options of training.</param>
    /// <exception cref="BadInputException">They are not of the format; the message names file and line.</exception>
    public abstract IEnumerable<TExample> Read(TaskSettings paths, string option, TaskSettings settings);

    /// <summary>Makes the sample that is learned when no data is given.</summary>
    protected abstract IReadOnlyList<TExample> Sample(RandomState random);

    /// <summary>Builds the model, with vocabularies made of what is to be learned.</summary>
    protected abstract TModel Create(IReadOnlyList<TExample> training, TaskSettings settings);

    /// <summary>Builds a trained model, with vocabularies out of its file. Its weights are filled elsewhere.</summary>
    protected abstract TModel Restore(ModelFile file, TaskSettings settings);

    /// <summary>Examples in a few words.</summary>
    protected abstract string Describe(TSet set);

    /// <summary>What the user should know before waiting for the result.</summary>
    protected virtual IEnumerable<string> Warnings(TModel model, TSet training, TSet validation) => [];

    /// <inheritdoc/>
    public sealed override PreparedTraining Prepare(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ModelFile? start = StartingModel.Read(this, settings);
        (IReadOnlyList<TExample> training, IReadOnlyList<TExample> validation, string source) = Parts(settings);
        if (!settings.IsGiven(CommonOptions.Epochs.Name) && !settings.IsGiven(CommonOptions.Steps.Name))
            settings.Set(CommonOptions.Epochs.Name, Text(settings.IsGiven(Data.Name) ? DefaultEpochs.Data : DefaultEpochs.Sample));
        // Defaults into the recipe, so that a later version with other defaults opens the model as it was built.
        settings.GiveDefaults();
        TModel model = start is null ? Create(training, settings) : Restore(start, settings);
        TSet learned = model.Encode(training), judged = Judged(model, validation, settings);
        var job = new ExampleJob(model.Module, learned, Kind, Math.Min(settings.Whole(CommonOptions.Batch.Name), learned.Count),
            (numbers, step) =>
            {
                model.Step = step;
                return model.Loss(learned, numbers);
            },
            cancellation => model.Judge(judged, null, cancellation).Metrics,
            () =>
            {
                var file = new ModelFile(Name, CommonOptions.ToRecipe(this, settings).ToJson());
                model.Save(file);
                return file;
            })
        {
            StartingModel = start,
            AfterInitialize = model.AfterInitialize,
            BestBy = model.BestBy,
            Shown = random => model.Shown(judged, random),
        };
        return new PreparedTraining(job,
            [
                new Fact("data", source),
                new Fact("training", Describe(learned)),
                new Fact("validation", Describe(judged)),
                new Fact("paper", Paper),
                .. model.Describe(),
            ], [.. Warnings(model, learned, judged)], Units);
    }

    /// <inheritdoc/>
    public sealed override TaskModel Open(ModelFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        TaskSettings settings = CommonOptions.FromRecipe(this, Recipe.FromJson(file.Recipe, "the model's recipe"));
        TModel model;
        try
        {
            model = Restore(file, settings);
        }
        catch (BadUsageException error)
        {
            throw new BadInputException($"The model's recipe does not fit together: {error.Message}", error);
        }
        file.CopyTo(model.Module.Parameters);
        model.Opened(file, PredictionOptions, given => ToJudge(given, settings));
        return model;
    }

    /// <summary>The examples that a model is to be judged on, and what to know of them.</summary>
    private (IReadOnlyList<TExample> Examples, string? Note) ToJudge(TaskSettings given, TaskSettings trainedWith)
    {
        if (given.IsGiven(Data.Name))
        {
            TExample[] read = [.. Read(given, Data.Name, trainedWith)];
            return read.Length > 0 ? (read, null) : throw new BadInputException($"{string.Join(", ", given.All(Data.Name))}: no {Kind}.");
        }
        // Examples given for it need no look at what was learned.
        if (trainedWith.IsGiven(Valid.Name)) return (ReadValid(trainedWith), NoteOf(string.Join(", ", trainedWith.All(Valid.Name))));
        (_, IReadOnlyList<TExample> validation, string source) = Parts(trainedWith);
        return (validation, NoteOf(source));

        string NoteOf(string from) => $"judged on what was kept aside in training ({from}); --data names other {Kind}";
    }

    /// <summary>The examples to learn, those to judge the model on, and where they are from: a function of the settings and the files alone, so that a model that is evaluated finds again
    /// what was kept aside.</summary>
    internal (IReadOnlyList<TExample> Training, IReadOnlyList<TExample> Validation, string Source) Parts(TaskSettings settings)
    {
        bool isGiven = settings.IsGiven(Data.Name);
        var random = new RandomState((ulong)settings.Whole(CommonOptions.Seed.Name));
        string source = isGiven ? string.Join(", ", settings.All(Data.Name)) : "a sample, made from the seed";
        TExample[] all = isGiven ? [.. Read(settings, Data.Name, settings)] : [.. Sample(random.Fork("sample"))];
        if (all.Length == 0) throw new BadInputException($"{source}: no {Kind}.");
        if (settings.IsGiven(Valid.Name)) return (all, ReadValid(settings), source);
        if (all.Length < 2) throw new BadInputException($"{source}: only one of the {Kind}; with no --valid it takes at least 2, to keep one aside.");
        int[] order = [.. Enumerable.Range(0, all.Length)];
        random.Fork("kept aside").Shuffle(order);
        int kept = Math.Clamp((int)Math.Round((isGiven ? settings.Number(ValidShare.Name) : SampleShare) * all.Length), 1, all.Length - 1);
        Array.Sort(order, 0, kept);
        Array.Sort(order, kept, order.Length - kept);
        return ([.. order[kept..].Select(number => all[number])], [.. order[..kept].Select(number => all[number])], source);
    }

    private TSet Judged(TModel model, IReadOnlyList<TExample> validation, TaskSettings settings)
    {
        try
        {
            return model.Encode(validation);
        }
        catch (BadInputException error) when (!settings.IsGiven(Valid.Name))
        {
            throw new BadInputException($"{error.Message} Chance has put it among the {Kind} kept aside: --{CommonOptions.Seed.Name} draws others, --{Valid.Name} names them.", error);
        }
    }

    private TExample[] ReadValid(TaskSettings settings)
    {
        TExample[] valid = [.. Read(settings, Valid.Name, settings)];
        return valid.Length > 0 ? valid : throw new BadInputException($"{string.Join(", ", settings.All(Valid.Name))}: no {Kind}.");
    }

    private IEnumerable<TaskOption> AllOptions() =>
    [
        Data, Valid, ValidShare, .. OwnOptions,
        CommonOptions.Cell, CommonOptions.Hidden, CommonOptions.Layers, CommonOptions.Bidirectional, .. CommonOptions.AroundCells, CommonOptions.Init, CommonOptions.ForgetBias,
        CommonOptions.Epochs with { Help = $"passes over the data [{DefaultEpochs.Data}; over the sample {DefaultEpochs.Sample}]" },
        CommonOptions.Steps, CommonOptions.Batch with { Help = $"{Kind} of a step" }, CommonOptions.Recompute, .. CommonOptions.OfEveryTraining,
    ];

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
