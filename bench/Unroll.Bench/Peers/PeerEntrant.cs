using System.Text.Json;
using System.Text.Json.Nodes;
using Unroll.Kernels;

namespace Unroll.Bench.Peers;

/// <summary>Unroll's side of the race (see bench/peers/race.py): reads a request a line, answers with a line.</summary>
internal static class PeerEntrant
{
    public static void Run(TextReader requests, TextWriter answers)
    {
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
                default:
                    throw new InvalidDataException($"unknown work in {line}");
            }
            answers.WriteLine(answer.ToJsonString(JsonSerializerOptions.Web));
            answers.Flush();
        }
    }
}
