using System.Text.Json;

namespace Unroll.Cli.Tests;

public sealed class PixelsCommandTests
{
    [Fact]
    public void Drawn_digits_are_learned_judged_and_the_run_goes_on()
    {
        using var session = new CommandSession();
        string[] train = ["train", "mnist", "--size", "4", "--permuted", "--cell", "irnn", "--hidden", "8", "--layers", "2", "--dropout", "0.1", "--threads", "1", "--learning-rate", "0.001", "--quiet", "--json"];
        string whole = Loss(session.Succeed([.. train, "--steps", "30", "--out", "@/whole"]));
        session.Succeed([.. train, "--steps", "11", "--out", "@/run"]);
        Assert.Equal(whole, Loss(session.Succeed("train", "--resume", "@/run", "--steps", "30", "--quiet", "--json")));
        Assert.Equal(whole, Loss(session.Succeed("evaluate", "@/run", "--json")));
        Assert.Contains("2 × irnn 8, linear 8 → 10", session.Succeed("inspect", "@/run"));
        Assert.Contains("--permuted", session.Succeed("train", "pixels", "--help"));

        static string Loss(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return $"{document.RootElement.GetProperty("loss").GetDouble():R} {document.RootElement.GetProperty("accuracy").GetDouble():R}";
        }
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using var session = new CommandSession();
        Directory.CreateDirectory(session.PathOf("empty"));
        Assert.Contains("none of the files train-images-idx3-ubyte", session.Fail(ExitCode.Input, "train", "pixels", "--data", "@/empty"));
        Assert.Contains("no such folder", session.Fail(ExitCode.Input, "train", "pixels", "--data", "@/nowhere"));
        Assert.Contains("--rows and --permuted exclude each other", session.Fail(ExitCode.Usage, "train", "pixels", "--rows", "--permuted"));
    }
}
