using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Unroll.Kernels;

namespace Unroll.Bench.Peers;

/// <summary>Unroll's side of the race (see bench/peers/race.py): reads a request a line, answers with a line.</summary>
internal static class PeerEntrant
{
    public static void Run(TextReader requests, TextWriter answers)
    {
        var steps = new Dictionary<(int, int, int, int), LstmTrainingStep>();
        while (requests.ReadLine() is { } line)
        {
            var request = JsonNode.Parse(line)!.AsObject();
            var answer = new JsonObject();
            switch ((string?)request["work"])
            {
                case "about":
                    answer["about"] = $"version {typeof(Tensors.Tensor).Assembly.GetName().Version!.ToString(3)}, .NET {Environment.Version}, {Simd.Lanes} lanes";
                    break;
                case "peak":
                    answer["gflops"] = Peak.Measure((int)request["threads"]!, (double)request["seconds"]!);
                    break;
                case "lstm-train":
                    var shape = ((int)request["T"]!, (int)request["B"]!, (int)request["I"]!, (int)request["H"]!);
                    ThreadTeam.Threads = (int)request["threads"]!;
                    if (!steps.TryGetValue(shape, out var step))
                        steps[shape] = step = new LstmTrainingStep(shape.Item1, shape.Item2, shape.Item3, shape.Item4);
                    answer["milliseconds"] = Time(step, (double)request["seconds"]!);
                    break;
                default:
                    throw new InvalidDataException($"unknown work in {line}");
            }
            answers.WriteLine(answer.ToJsonString(JsonSerializerOptions.Web));
            answers.Flush();
        }
    }

    private static JsonArray Time(LstmTrainingStep step, double seconds)
    {
        var times = new JsonArray();
        var start = Stopwatch.GetTimestamp();
        do
        {
            var before = Stopwatch.GetTimestamp();
            step.Run();
            times.Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
        return times;
    }
}
