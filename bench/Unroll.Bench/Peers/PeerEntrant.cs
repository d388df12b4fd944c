using System.Text.Json;
using System.Text.Json.Nodes;
using Unroll.Cells;
using Unroll.Cli.Measuring;
using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Bench.Peers;

/// <summary>Unroll's side of the race (bench/peers/race.py): reads a request a line, answers with a line.</summary>
internal static class PeerEntrant
{
    public static void Run(TextReader requests, TextWriter answers)
    {
        (string Of, Action Step)? ready = null;     // one at a time: the largest need most of a machine's memory
        while (requests.ReadLine() is { } line)
        {
            JsonObject request = JsonNode.Parse(line)!.AsObject(), answer;
            switch ((string?)request["work"])
            {
                case "about":
                    answer = new() { ["about"] = $"version {typeof(Tensor).Assembly.GetName().Version!.ToString(3)}, .NET {Environment.Version}, {32 * Simd.Lanes}-bit vectors" };
                    break;
                case "peak":
                    Parallelism.Threads = (int)request["threads"]!;
                    answer = new() { ["gflops"] = Parallelism.MeasurePeak(TimeSpan.FromSeconds((double)request["seconds"]!)) / 1e9 };
                    break;
                case "module":
                    answer = Refuse(request) ?? Module(request);
                    break;
                case "values":
                    answer = Refuse(request) ?? Values(request);
                    break;
                case "time":
                    answer = Refuse(request) ?? [];
                    if (answer.Count > 0) break;
                    string of = string.Join(' ', request.Where(pair => pair.Key != "seconds").Select(pair => pair.Value!.ToJsonString()));
                    Parallelism.Threads = (int)request["threads"]!;
                    if (ready?.Of != of)
                    {
                        ready = null;
                        ready = (of, StepOf(request));
                    }
                    answer["milliseconds"] = new JsonArray([.. Timing.Repeat(ready.Value.Step, (double)request["seconds"]!).Select(ms => JsonValue.Create(ms))]);
                    break;
                default:
                    throw new InvalidDataException($"unknown work in {line}");
            }
            answers.WriteLine(answer.ToJsonString(JsonSerializerOptions.Web));
            answers.Flush();
        }
    }

    private static JsonObject? Refuse(JsonObject request)
    {
        string cell = (string)request["cell"]!;
        return cell == "char-rnn" || request["data"] is not null || CellCatalogue.All.Any(variant => variant.Name == cell) ? null
            : new() { ["unsupported"] = $"no such cell '{cell}'; the cells are {string.Join(", ", CellCatalogue.All.Select(variant => variant.Name))}" };
    }

    private static Action StepOf(JsonObject request)
    {
        LayerShape shape = ShapeOf(request);
        if (request["data"] is not null)
        {
            SentenceWork sentences = SentencesOf(request, shape);
            return (string?)request["mode"] == "train" ? sentences.Train : sentences.ToPredict();
        }
        if ((string?)request["cell"] == "char-rnn") return new CharRnnStep(shape.Time, shape.Batch, shape.Input, shape.Hidden).Run;
        LayerWork work = LayerOf(request, shape);
        work.Layer.InferenceWeights = (string?)request["weights"] switch { "bf16" => WeightFormat.BFloat16, "int8" => WeightFormat.Int8, _ => WeightFormat.Float32 };
        return (string?)request["mode"] == "train" ? work.Train : work.Infer;
    }

    private static LayerShape ShapeOf(JsonObject request) => new((int)request["T"]!, (int)request["B"]!, (int)request["I"]!, (int)request["H"]!);

    private static SentenceWork SentencesOf(JsonObject request, LayerShape shape)
    {
        JsonObject data = request["data"]!.AsObject();
        return data["words"] is null ? TranslateWork.Create(data, shape) : TagWork.Create(data, shape);
    }

    private static LayerWork LayerOf(JsonObject request, LayerShape shape) =>
        new(CellOf(request), shape, request["lengths"]?.AsArray().Select(length => (int)length!).ToArray());

    /// <summary>Everything a training step computes, and the output of inference, to be compared with the other entrants'.</summary>
    private static JsonObject Values(JsonObject request)
    {
        Parallelism.Threads = (int)request["threads"]!;
        if (request["data"] is not null) return SentencesOf(request, ShapeOf(request)).Values();
        LayerWork work = LayerOf(request, ShapeOf(request));
        work.Infer();
        var values = new JsonObject { ["inference"] = Array(work.Output.Span) };
        work.Train();
        values["output"] = Array(work.Output.Span);
        values["dx"] = Array(work.Tape.Gradient(work.Input));
        CellEquations equations = EquationsOf(request);
        for (int state = 0; state < work.State.Count; state++) values[$"d{equations.States[state].Name}0"] = Array(work.Tape.Gradient(work.State[0, state]));
        foreach (Parameter parameter in work.Layer.Parameters) values[$"d{parameter.Name}"] = Array(parameter.Gradient);
        var parameters = new JsonObject();
        foreach (Parameter parameter in work.Layer.Parameters) parameters[parameter.Name] = Array(parameter.Values);
        return new() { ["values"] = values, ["parameters"] = parameters };
    }

    /// <summary>The cell as PyTorch, printed from its equations, with what its rival must know of it.</summary>
    private static JsonObject Module(JsonObject request)
    {
        CellEquations equations = EquationsOf(request);
        var states = new JsonObject();
        foreach (StateEquation state in equations.States) states[state.Name] = state.Previous.Size;
        return new()
        {
            ["source"] = CellOf(request).PyTorch(equations.InputSize, equations.HiddenSize),
            ["name"] = TorchText.ClassName(equations),
            ["states"] = states,
            ["output"] = equations.OutputValue!.Size,
            ["multiply_adds"] = equations.MultiplyAdds,
        };
    }

    private static Cell CellOf(JsonObject request) => CellCatalogue.Find((string)request["cell"]!).Create();

    private static CellEquations EquationsOf(JsonObject request)
    {
        LayerShape shape = ShapeOf(request);
        return CellOf(request).Build(shape.Input, shape.Hidden);
    }

    private static JsonArray Array(ReadOnlySpan<float> values) => new([.. values.ToArray().Select(value => JsonValue.Create(value))]);
}
