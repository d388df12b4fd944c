using System.Text.Json;
using Unroll.Cells;
using Unroll.Data;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Onnx;
using Unroll.Tasks;
using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Cli.Commands;

/// <summary>Shows what is in a model.</summary>
internal sealed class InspectCommand : CliCommand
{
    private static readonly TaskOption Json = new("json", OptionKind.Flag, "print it as one JSON object") { Group = "Options" };

    /// <inheritdoc/>
    public override string Name => "inspect";

    /// <inheritdoc/>
    public override string Summary => "shows a model: architecture, equations, parameters, vocabulary, recipe and figures";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details => ["Of an ONNX model (.onnx) that another program wrote: what it reads and gives, its recurrent layers as equations, and its parameters."];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [ModelArgument.Positional with { Help = "a model.safetensors, the folder of a run, or an ONNX model" }];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [Json];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("runs/language-model-1/model.safetensors", "all about a model"),
        ("runs/language-model-1 --json", "the same, as JSON"),
        ("tagger.onnx", "a model from elsewhere"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        string path = arguments.Words[0];
        if (path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase))
        {
            OnnxNetwork network = OnnxNetwork.Read(path);
            if (arguments.Settings.Flag(Json.Name)) WriteJson(terminal.Out, network);
            else WriteText(terminal.Out, network);
            return ExitCode.Done;
        }
        ModelFile file = ModelArgument.Read(path);
        TaskDefinition task = ModelArgument.TaskOf(file, path);
        TaskModel model = task.Open(file);
        Recipe recipe = Recipe.FromJson(file.Recipe, path);
        Cell? cell = model.Cell is { } name ? CellCatalogue.Find(name).Create() : null;
        if (arguments.Settings.Flag(Json.Name)) WriteJson(terminal.Out, task, model, recipe, cell);
        else WriteText(terminal.Out, task, model, recipe, cell);
        return ExitCode.Done;
    }

    private static void WriteText(TextWriter to, TaskDefinition task, TaskModel model, Recipe recipe, Cell? cell)
    {
        Line("task", $"{task.Name}: {task.Summary}");
        foreach (Fact fact in model.Describe()) Line(fact.Label, Terminal.Visible(fact.Text));
        Line("parameters", $"{model.Module.ParameterCount:N0}");
        Line("operations", $"{model.OperationsPerSymbol:N0} FLOPs a {model.SymbolName} forward (products; a multiplication and an addition count as two), three times that in training");
        if (cell is not null)
        {
            Heading("equations");
            foreach (string equation in cell.Equations) to.WriteLine($"  {equation}");
            if (cell.Paper.Length > 0) to.WriteLine($"  ({cell.Paper})");
        }
        WriteParameters(to, model.Module);
        Heading("recipe");
        foreach ((string option, string value) in recipe.Options) to.WriteLine($"  {"--" + option,-20}{Terminal.Visible(value.Replace("\n", ", ", StringComparison.Ordinal))}");
        if (model.TrainingFigures.Count > 0)
        {
            Heading("training");
            foreach (Fact figure in model.TrainingFigures) to.WriteLine($"  {figure.Label,-32}{figure.Text}");
        }

        void Line(string label, string text) => to.WriteLine($"{label,-14}{text}");

        void Heading(string text)
        {
            to.WriteLine();
            to.WriteLine(text);
        }
    }

    private static void WriteJson(TextWriter terminal, TaskDefinition task, TaskModel model, Recipe recipe, Cell? cell) => terminal.WriteLine(JsonText.OfObject(to =>
    {
        to.WriteString("task", task.Name);
        foreach (Fact fact in model.Describe()) to.WriteString(fact.Label.Replace(' ', '_'), fact.Text);
        to.WriteNumber("parameter_count", model.Module.ParameterCount);
        to.WriteNumber("operations_per_symbol", model.OperationsPerSymbol);
        to.WriteStartArray("equations");
        foreach (string equation in cell?.Equations ?? []) to.WriteStringValue(equation);
        to.WriteEndArray();
        WriteParameters(to, model.Module);
        to.WriteStartObject("recipe");
        foreach ((string option, string value) in recipe.Options) to.WriteString(option, value);
        to.WriteEndObject();
        to.WriteStartObject("training");
        foreach (Fact figure in model.TrainingFigures) to.WriteString(figure.Label.Replace(' ', '_'), figure.Text);
        to.WriteEndObject();
    }, indented: true));

    private static void WriteText(TextWriter to, OnnxNetwork network)
    {
        to.WriteLine($"{"reads",-14}{string.Join(", ", network.Inputs.Select(input => Terminal.Visible($"{input}{(input.IsInteger ? " whole numbers" : "")}")))}");
        to.WriteLine($"{"gives",-14}{string.Join(", ", network.Outputs.Select(Terminal.Visible))}");
        to.WriteLine($"{"parameters",-14}{network.ParameterCount:N0}");
        foreach (Recurrent layer in network.Descendants().OfType<Recurrent>())
        {
            to.WriteLine();
            to.WriteLine(Terminal.Visible($"{layer.Cell.Name} {layer.InputSize} → {layer.HiddenSize}, {layer.Parameters[0].Name[..layer.Parameters[0].Name.LastIndexOf('.')]}"));
            foreach (string equation in layer.Cell.Equations) to.WriteLine($"  {equation}");
        }
        WriteParameters(to, network);
    }

    private static void WriteJson(TextWriter terminal, OnnxNetwork network) => terminal.WriteLine(JsonText.OfObject(to =>
    {
        to.WriteStartObject("inputs");
        foreach (OnnxInput input in network.Inputs) to.WriteString(input.Name, input.ToString()[(input.Name.Length + 1)..]);
        to.WriteEndObject();
        to.WriteStartArray("outputs");
        foreach (string output in network.Outputs) to.WriteStringValue(output);
        to.WriteEndArray();
        to.WriteNumber("parameter_count", network.ParameterCount);
        WriteParameters(to, network);
    }, indented: true));

    private static void WriteParameters(TextWriter to, Module module)
    {
        to.WriteLine();
        to.WriteLine("parameters");
        int width = module.Parameters.Select(parameter => parameter.Name.Length).DefaultIfEmpty().Max() + 2;
        foreach (Parameter parameter in module.Parameters) to.WriteLine($"  {Terminal.Visible(parameter.Name).PadRight(width)}{parameter.Shape,-14} {parameter.Shape.Count,12:N0}");
    }

    private static void WriteParameters(Utf8JsonWriter to, Module module)
    {
        to.WriteStartObject("parameters");
        foreach (Parameter parameter in module.Parameters)
        {
            to.WriteStartArray(parameter.Name);
            for (int i = 0; i < parameter.Shape.Rank; i++) to.WriteNumberValue(parameter.Shape[i]);
            to.WriteEndArray();
        }
        to.WriteEndObject();
    }
}
