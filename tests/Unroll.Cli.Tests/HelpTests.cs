using Unroll.Tasks;

namespace Unroll.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. CommandLine.CommandsFor([]).Select(command => command.Name)];

    private static CliCommand Command(string name) => CommandLine.CommandsFor([]).Single(command => command.Name == name);

    /// <summary>Cuts a line into words as a shell does, with single quotes.</summary>
    private static List<string> Words(string line)
    {
        var words = new List<string>();
        bool quoted = false, open = false;
        foreach (char c in line)
        {
            if (c == '\'') quoted = !quoted;
            if (c == ' ' && !quoted) open = false;
            else
            {
                if (!open) words.Add("");
                open = true;
                if (c != '\'') words[^1] += c;
            }
        }
        return words;
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_has_a_page_with_its_options_and_examples(string name)
    {
        using var session = new CommandSession();
        foreach (string[] args in new[] { new[] { name, "--help" }, [name, "-h"], ["help", name] })
        {
            string page = session.Succeed(args);
            Assert.StartsWith($"Usage: unroll {name}", page);
            Assert.Contains("Examples\n", page);
            foreach (TaskOption option in Command(name).Options) Assert.Contains($"--{option.Name}", page);
            Assert.All(page.Split('\n'), line => Assert.True(line.Length <= 110, line));
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_example_can_be_typed(string name)
    {
        CliCommand command = Command(name);
        Assert.NotEmpty(command.Examples);
        foreach ((string arguments, _) in command.Examples)
        {
            Arguments parsed = ArgumentParser.Parse(command, Words(arguments));
            if (name == "train" && !parsed.Settings.IsGiven("resume")) CommonOptions.ToTrainerOptions(parsed.Settings.Set("steps", "10"), 10);
        }
    }

    [Fact]
    public void Every_task_s_examples_can_be_typed()
    {
        foreach (TaskDefinition task in TaskCatalogue.All)
        {
            CliCommand command = Unroll.Cli.Commands.TrainCommand.For(["train", task.Name]);
            foreach ((string arguments, _) in command.Examples) ArgumentParser.Parse(command, Words(arguments));
        }
    }

    [Fact]
    public void Help_is_given_even_when_the_rest_is_wrong()
    {
        using var session = new CommandSession();
        Assert.Contains("--hidden", session.Succeed("train", "--hiden", "0", "--help"));
        Assert.Contains("Usage: unroll evaluate", session.Succeed("evaluate", "no-such-model", "--help"));
    }

    [Fact]
    public void The_front_page_lists_the_commands_and_nothing_typed_is_wrong_usage()
    {
        using var session = new CommandSession();
        string page = session.Succeed("--help");
        Assert.All(CommandLine.CommandsFor([]), command => Assert.Contains($"  {command.Name} ", page));
        Assert.Equal(ExitCode.Usage, session.Run());
        Assert.Equal(page, session.Error);
    }

    [Fact]
    public void The_version_is_three_numbers()
    {
        using var session = new CommandSession();
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", session.Succeed("--version"));
    }
}
