using Unroll.Cli.Commands;
using Unroll.Tasks;

namespace Unroll.Cli;

/// <summary>The whole command: finds which of its commands was meant, runs it, and turns what goes wrong into one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>The commands, in the order of help. What some take depends on what was typed, such as the task.</summary>
    public static IReadOnlyList<CliCommand> CommandsFor(IReadOnlyList<string> tokens) =>
    [
        TrainCommand.For(tokens), EvaluateCommand.For(tokens), PredictCommand.For(tokens), new GenerateCommand(), new ChatCommand(), new InspectCommand(), new CellsCommand(), new TasksCommand(), CompareCommand.For(tokens), ImportCommand.For(tokens), new ExportCommand(), new GradientsCommand(), new BenchCommand(),
    ];

    /// <summary>Runs the command.</summary>
    /// <param name="args">What was typed after the program's name.</param>
    /// <param name="terminal">What to talk to.</param>
    /// <param name="interrupt">Set when the user wants it to stop.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> args, Terminal terminal, CancellationToken interrupt = default)
    {
        try
        {
            return Dispatch(args, terminal, interrupt);
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return Fail(terminal, ExitCode.Interrupted, "interrupted.");
        }
        catch (BadUsageException error)
        {
            return Fail(terminal, ExitCode.Usage, error.Message, error);
        }
        catch (BadInputException error)
        {
            return Fail(terminal, ExitCode.Input, error.Message, error);
        }
        catch (UnrollException error)
        {
            return Fail(terminal, ExitCode.Failed, error.Message, error);
        }
        catch (OutOfMemoryException error)
        {
            return Fail(terminal, ExitCode.Failed, "out of memory; use a smaller --batch, --sequence or --hidden.", error);
        }
        catch (IOException error)
        {
            // Most often whoever read the results has gone; then nobody is there to be told.
            return Fail(terminal, ExitCode.Failed, error.Message, error);
        }
        catch (Exception error)
        {
            return Fail(terminal, ExitCode.Failed, $"a fault of the program itself: {error.GetType().Name}: {error.Message} (UNROLL_DEBUG=1 shows where)", error);
        }
    }

    private static int Dispatch(IReadOnlyList<string> args, Terminal terminal, CancellationToken interrupt)
    {
        if (args.Count == 0 || args[0] is "--help" or "-h" or "-?" || (args[0] == "help" && args.Count == 1))
        {
            HelpPage.Write(args.Count == 0 ? terminal.Error : terminal.Out, CommandsFor([]));
            return args.Count == 0 ? ExitCode.Usage : ExitCode.Done;
        }
        if (args[0] == "--version")
        {
            terminal.Out.WriteLine(typeof(CommandLine).Assembly.GetName().Version?.ToString(3));
            return ExitCode.Done;
        }
        IReadOnlyList<string> tokens = args[0] == "help" ? [.. args.Skip(1), "--help"] : args;
        string[] rest = [.. tokens.Skip(1)];
        bool help = ArgumentParser.AsksForHelp(rest);
        // A page of help needs no more than the task, and no file that may be missing.
        IReadOnlyList<CliCommand> commands = CommandsFor(help ? [tokens[0], .. rest.Where(token => TaskCatalogue.Find(token) is not null).Take(1)] : tokens);
        CliCommand command = commands.FirstOrDefault(c => c.Name == tokens[0])
            ?? throw new BadUsageException($"there is no command '{tokens[0]}'.{NearestWord.Suggest(tokens[0], commands.Select(c => c.Name))} 'unroll --help' lists them.");
        if (help)
        {
            HelpPage.Write(terminal.Out, command);
            return ExitCode.Done;
        }
        try
        {
            return command.Run(ArgumentParser.Parse(command, rest), terminal, interrupt);
        }
        catch (BadUsageException error) when (!error.Message.Contains("'unroll ", StringComparison.Ordinal))
        {
            throw new BadUsageException($"{error.Message} ('unroll {command.Name} --help' says more.)", error);
        }
    }

    private static int Fail(Terminal terminal, int code, string message, Exception? error = null)
    {
        try
        {
            terminal.Out.Flush();
            terminal.Error.WriteLine($"unroll: {message.ReplaceLineEndings(" ")}");
            if (error is not null && Environment.GetEnvironmentVariable("UNROLL_DEBUG") == "1") terminal.Error.WriteLine(error.ToString());
        }
        catch (IOException)
        {
            // Nobody reads any more; the exit code still says it.
        }
        return code;
    }
}
