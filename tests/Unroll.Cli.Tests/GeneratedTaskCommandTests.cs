using System.Text.Json;

namespace Unroll.Cli.Tests;

public sealed class GeneratedTaskCommandTests
{
    private static readonly string[] Small = ["--length", "8", "--hidden", "8", "--batch", "8", "--quiet"];

    [Fact]
    public void A_task_that_makes_its_data_is_trained_judged_and_inspected()
    {
        using var session = new CommandSession();
        string told = session.Succeed("train", "noisy-sequences", "--length", "8", "--hidden", "8", "--learning-rate", "0.02", "--out", "@/run");
        Assert.Matches(@"Solved after \d+ steps \([\d,]+ sequences, ", told);
        Assert.Contains("success rate", session.Error);
        Assert.DoesNotContain("--resume", told);

        string[] evaluate = ["evaluate", "@/run/model.safetensors", "--seed", "7", "--examples", "300", "--json"];
        using JsonDocument judged = JsonDocument.Parse(session.Succeed(evaluate));
        Assert.Equal("noisy-sequences", judged.RootElement.GetProperty("task").GetString());
        Assert.Equal(300, judged.RootElement.GetProperty("examples").GetInt32());
        Assert.InRange(judged.RootElement.GetProperty("success_rate").GetDouble(), 0.95, 1);
        session.Succeed("evaluate", "@/run");
        Assert.Contains("judged on the sequences that the run was validated on", session.Error);

        string shown = session.Succeed("inspect", "@/run");
        Assert.Contains("1 × lstm 8, linear 8 → 2", shown);
        Assert.Contains("sequences trained on", shown);
        Assert.Contains("--length", session.Succeed("train", "noisy-sequences", "--help"));
        Assert.Contains("--examples", session.Succeed("evaluate", "noisy-sequences", "--help"));
    }

    [Fact]
    public void A_run_that_was_interrupted_ends_as_if_it_had_not_been_and_for_any_number_of_threads()
    {
        using var session = new CommandSession();
        string[] train = ["train", "adding", "--checkpoint-every", "7", "--json", .. Small];
        string whole = Losses(session.Succeed([.. train, "--steps", "150", "--out", "@/whole", "--threads", "1"]));
        session.Succeed([.. train, "--steps", "33", "--out", "@/ended"]);
        Assert.Equal(whole, Losses(session.Succeed("train", "--resume", "@/ended", "--steps", "150", "--quiet", "--json")));
        using var interrupt = new CancellationTokenSource();
        interrupt.CancelAfter(TimeSpan.FromMilliseconds(40));
        int code = session.Run(TextReader.Null, interrupt.Token, [.. train, "--steps", "150", "--out", session.PathOf("cut")]);
        Assert.Equal(whole, Losses(code == ExitCode.Done ? session.Out : session.Succeed("train", "--resume", "@/cut", "--quiet", "--json")));
        byte[] Weights(string run) => File.ReadAllBytes(session.PathOf(run + "/model.safetensors"))[^1000..];
        Assert.Equal(Weights("whole"), Weights("cut"));

        static string Losses(string json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return $"{document.RootElement.GetProperty("training_loss").GetDouble():R} {document.RootElement.GetProperty("loss").GetDouble():R}";
        }
    }

    [Fact]
    public void Bad_input_is_refused_in_one_line()
    {
        using var session = new CommandSession();
        Assert.Contains("--length 8: expected a whole number from 9", session.Fail(ExitCode.Usage, "train", "reber", "--length", "8"));
        Assert.Contains("--symbols 4: expected 2 or 3", session.Fail(ExitCode.Usage, "train", "temporal-order", "--symbols", "4"));
        session.Succeed(["train", "copy", "--steps", "1", .. Small, "--out", "@/run"]);
        Assert.Contains("--length 0: expected a whole number from 1", session.Fail(ExitCode.Usage, "evaluate", "@/run", "--length", "0"));
        Assert.Contains("--until-solved 2: expected a number from 0 to 1", session.Fail(ExitCode.Usage, "train", "parity", "--until-solved", "2"));
    }
}
