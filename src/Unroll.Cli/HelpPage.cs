using Unroll.Tasks;

namespace Unroll.Cli;

/// <summary>The pages of help.</summary>
internal static class HelpPage
{
    private const int Column = 30, Width = 100;

    /// <summary>The page of the whole command.</summary>
    public static void Write(TextWriter to, IReadOnlyList<CliCommand> commands)
    {
        to.WriteLine("Unroll trains and runs recurrent neural networks.");
        to.WriteLine();
        to.WriteLine("Usage: unroll COMMAND [options]");
        to.WriteLine();
        to.WriteLine("Commands");
        foreach (CliCommand command in commands) Row(to, command.Name, command.Summary);
        to.WriteLine();
        to.WriteLine("Examples");
        foreach (CliCommand command in commands) Example(to, command.Name, command.Examples[0]);
        to.WriteLine();
        to.WriteLine("'unroll COMMAND --help' says more about a command, 'unroll --version' which version this is.");
        to.WriteLine("Results go to standard output, progress to standard error. Exit codes: 0 done, 1 failed while running,");
        to.WriteLine("2 wrong usage, 3 bad input data or file, 130 interrupted (after saving).");
    }

    /// <summary>The page of one command.</summary>
    public static void Write(TextWriter to, CliCommand command)
    {
        string words = string.Concat(command.Positionals.Select(p => p.Required ? $" {p.Name}" : $" [{p.Name}]"));
        to.WriteLine($"Usage: unroll {command.Name}{words}{(command.Options.Count > 0 ? " [options]" : "")}");
        to.WriteLine();
        Wrap(to, $"{char.ToUpperInvariant(command.Summary[0])}{command.Summary[1..]}.", 0);
        foreach (string detail in command.Details) Wrap(to, detail, 0);
        if (command.Positionals.Count > 0)
        {
            to.WriteLine();
            foreach (Positional positional in command.Positionals) Row(to, positional.Name, positional.Help);
        }
        foreach (var group in command.Options.GroupBy(option => option.Group))
        {
            to.WriteLine();
            to.WriteLine(group.Key);
            foreach (TaskOption option in group) Row(to, $"--{option.Name}{Placeholder(option)}", $"{option.Help}{Values(option)}");
        }
        to.WriteLine();
        to.WriteLine("Examples");
        foreach (var example in command.Examples) Example(to, command.Name, example);
    }

    private static string Placeholder(TaskOption option) => option.Kind == OptionKind.Flag ? ""
        : $" {option.Placeholder ?? option.Kind switch { OptionKind.Whole => "N", OptionKind.Number => "X", OptionKind.Choice => "WORD", OptionKind.Path => "PATH", _ => "TEXT" }}{(option.Several ? "…" : "")}";

    private static string Values(TaskOption option)
    {
        string choices = option.Choices.Count > 0 ? $": {string.Join(", ", option.Choices)}" : "";
        return option.Default is { Length: > 0 } value && option.Kind != OptionKind.Flag ? $"{choices} [{value}]" : choices;
    }

    private static void Example(TextWriter to, string command, (string Arguments, string Meaning) example)
    {
        to.WriteLine($"  unroll {command}{(example.Arguments.Length > 0 ? " " : "")}{example.Arguments}");
        to.WriteLine($"      {example.Meaning}");
    }

    private static void Row(TextWriter to, string name, string text)
    {
        string head = $"  {name}";
        if (head.Length >= Column - 1)
        {
            to.WriteLine(head);
            head = "";
        }
        to.Write(head.PadRight(Column));
        Wrap(to, text, Column);
    }

    /// <summary>Writes text broken into lines between words; the first line is where the writer stands.</summary>
    private static void Wrap(TextWriter to, string text, int indent)
    {
        int at = indent;
        foreach (string word in text.Split(' '))
        {
            if (at > indent && at + 1 + word.Length > Width)
            {
                to.WriteLine();
                to.Write(new string(' ', indent));
                at = indent;
            }
            if (at > indent)
            {
                to.Write(' ');
                at++;
            }
            to.Write(word);
            at += word.Length;
        }
        to.WriteLine();
    }
}
