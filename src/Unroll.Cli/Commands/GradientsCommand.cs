using Unroll.Analysis;
using Unroll.Cli.Measuring;
using Unroll.Data;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tasks;
using Unroll.Tensors;

namespace Unroll.Cli.Commands;

/// <summary>The laboratory of the vanishing gradient.</summary>
internal sealed class GradientsCommand : CliCommand
{
    private static readonly TaskOption Cells = new("cell", OptionKind.Text, "recurrent cells side by side, with commas between ('unroll cells' lists them); a start of its own stands after @, as in elman@orthogonal:0.9 or lstm@forget:3")
    {
        Default = "elman,gru,lstm",
        Placeholder = "NAME",
        Several = true,
        Group = "Cells",
        Check = static value => CellSetup.TryParse(value, out _),
    };
    private static readonly TaskOption Hidden = CommonOptions.Hidden with { Default = "64", Maximum = 1024, Help = "units", Group = "Cells" };
    private static readonly TaskOption Input = new("input", OptionKind.Whole, "features of the input, which is drawn from a normal distribution at each step (default: as --hidden)") { Minimum = 1, Maximum = 65536, Group = "Cells" };
    private static readonly TaskOption Activation = new("activation", OptionKind.Choice, "nonlinearity of the cell that is to be had with several, elman") { Choices = CellSetup.KnownActivations, Group = "Cells" };
    private static readonly TaskOption Init = new("init", OptionKind.Text, $"how the matrices from state to state start: {CellSetup.ExpectedStart}")
    {
        Default = "default",
        Placeholder = "WORDS",
        Group = "Cells",
        Check = static value => CellSetup.TryParseStart(value, out _),
    };
    private static readonly TaskOption ForgetBias = CommonOptions.ForgetBias with { Group = "Cells" };
    private static readonly TaskOption Trained = new("trained", OptionKind.Path, "measure the first recurrent layer of this language model on text, beside the cells that --cell names")
    {
        Placeholder = "MODEL",
        Group = "Cells",
    };
    private static readonly TaskOption Data = new("data", OptionKind.Path, "with --trained: the text it reads (default: what it learned from)") { Several = true, Group = "Cells" };
    private static readonly TaskOption Length = new("length", OptionKind.Whole, "T, time steps") { Default = "100", Minimum = 1, Maximum = 10_000, Group = "Measuring" };
    private static readonly TaskOption Seed = CommonOptions.Seed with { Group = "Measuring" };
    private static readonly TaskOption Clip = CommonOptions.Clip with { Help = "greatest norm of the gradient of all parameters: says what clipping would do; 0 for none", Group = "Measuring" };
    private static readonly TaskOption Svg = new("svg", OptionKind.Path, "plot the norms into this file") { Placeholder = "FILE", Group = "Results" };
    private static readonly TaskOption Csv = new("csv", OptionKind.Path, "write every number into this file") { Placeholder = "FILE", Group = "Results" };
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print the figures as one JSON object") { Group = "Results" };

    /// <inheritdoc/>
    public override string Name => "gradients";

    /// <inheritdoc/>
    public override string Summary => "measures how gradients vanish, explode or last on their way back through time";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details =>
    [
        "Runs each cell over T steps in double precision and measures, at every step t, how much of a small change is left at the last step: the spectral norm of ∂s_T/∂s_t, "
        + "for each state on its own (of an LSTM h, and c, the conveyor belt) and for all together; the gradient of a loss on the last step; how open the gates are; what clipping "
        + "would do.",
        "One sequence, from a state of zeros; every cell reads the same.",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [Cells, Hidden, Input, Activation, Init, ForgetBias, Trained, Data, Length, Seed, Clip, Svg, Csv, Json];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "the plain network, GRU and LSTM over 100 steps"),
        ("--cell elman,elman@orthogonal:1,lstm --hidden 128 --svg gradients.svg", "an orthogonal start beside the usual one, plotted"),
        ("--cell elman --activation relu --init identity:1.1 --clip 1", "an explosion, and what clipping makes of it"),
        ("--trained runs/language-model-1 --length 50 --json", "a trained language model's first layer, as JSON"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings settings = arguments.Settings;
        int length = settings.Whole(Length.Name);
        var layers = new List<(string Name, Recurrent Layer, float[] Input)>();
        if (settings.Find(Trained.Name) is { } path) layers.Add(OfModel(path, settings.All(Data.Name), length));
        else if (settings.IsGiven(Data.Name)) throw new BadUsageException("--data is the text that a model reads; name the model with --trained.");
        if (layers.Count == 0 || settings.IsGiven(Cells.Name)) layers.AddRange(OfCells(settings, length));
        else if (settings.IsGiven(Activation.Name) || settings.IsGiven(Init.Name)) throw new BadUsageException("--activation and --init are about the cells that --cell names; a trained model has its own.");

        ulong seed = (ulong)settings.Whole(Seed.Name);
        var flows = new List<NamedFlow>();
        foreach (var (name, layer, input) in layers)
        {
            terminal.Error.WriteLine($"{name}, {layer.HiddenSize} units, {length} steps");
            flows.Add(new NamedFlow(name, GradientFlow.Measure(layer, input, seed, cancellation)));
        }
        var report = new FlowReport(flows, settings.Number(Clip.Name));
        if (settings.Find(Svg.Name) is { } svg) ResultFile.Write(svg, report.ToPlot($"What a change at an earlier step still means at step {length}").ToSvg());
        if (settings.Find(Csv.Name) is { } csv) ResultFile.Write(csv, report.ToCsv());
        if (settings.Flag(Json.Name)) terminal.Out.WriteLine(JsonText.OfObject(report.WriteJson, indented: true));
        else report.WriteText(terminal.Out);
        return ExitCode.Done;
    }

    private static IEnumerable<(string Name, Recurrent Layer, float[] Input)> OfCells(TaskSettings settings, int length)
    {
        CellSetup[] setups = [.. settings.All(Cells.Name).SelectMany(text => CellSetup.TryParse(text, out CellSetup[] some) is null ? some : [])];
        if (settings.Find(Activation.Name) is { } activation) setups = CellSetup.WithActivation(setups, activation);
        CellSetup.TryParseStart(settings.Text(Init.Name), out Initializer? start);
        int hidden = settings.Whole(Hidden.Name), features = settings.Find(Input.Name) is null ? hidden : settings.Whole(Input.Name);
        ulong seed = (ulong)settings.Whole(Seed.Name);
        // Every cell reads the same input.
        var x = new float[length * features];
        Initializer.Normal(1).Fill(x, [length, features], new RandomState(seed).Fork("input"));
        foreach (CellSetup setup in setups) yield return (setup.Name, setup.Layer(features, hidden, start, (float)settings.Number(ForgetBias.Name), seed), x);
    }

    private static (string Name, Recurrent Layer, float[] Input) OfModel(string path, IReadOnlyList<string> data, int length)
    {
        ModelFile file = ModelArgument.Read(path);
        TaskModel model = ModelArgument.TaskOf(file, path).Open(file);
        if (model is not IRecurrentModel recurrent) throw new BadInputException($"{path}: a model of the task {file.Task} cannot be measured; take a language model.");
        var (layer, input) = recurrent.FirstSteps(data, length);
        return ($"trained {model.Cell}", layer, input);
    }
}
