using System.CommandLine;
using System.CommandLine.Parsing;
using Unroll.Tasks;

namespace Unroll.Cli;

/// <summary>Reads what was typed after a command.</summary>
internal static class ArgumentParser
{
    /// <summary>Reads and checks.</summary>
    /// <param name="command">The command.</param>
    /// <param name="tokens">What was typed after its name.</param>
    /// <exception cref="BadUsageException">It is not what the command takes; the message says what is wrong and names the nearest right word.</exception>
    public static Arguments Parse(CliCommand command, IReadOnlyList<string> tokens)
    {
        RefuseUnknownOptions(command, tokens);
        var root = new RootCommand();
        root.Options.Clear();
        root.Directives.Clear();
        var words = new Argument<string[]>("words") { Arity = ArgumentArity.ZeroOrMore };
        root.Arguments.Add(words);
        var options = new List<(TaskOption Ours, Option Theirs)>();
        foreach (TaskOption option in command.Options)
        {
            string name = "--" + option.Name;
            Option parsed = option.Kind == OptionKind.Flag ? new Option<bool>(name) { Arity = ArgumentArity.ZeroOrOne }
                : option.Several ? new Option<string[]>(name) { Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true }
                : new Option<string>(name) { Arity = ArgumentArity.ExactlyOne };
            root.Options.Add(parsed);
            options.Add((option, parsed));
        }

        // Response files are switched off: a prime that begins with @ is text.
        ParseResult result = root.Parse(tokens, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (result.Errors.Count > 0) throw new BadUsageException(result.Errors[0].Message.ReplaceLineEndings(" "));
        var settings = new TaskSettings(command.Options);
        foreach ((TaskOption option, Option parsed) in options)
        {
            if (result.GetResult(parsed) is not { Implicit: false } found) continue;
            if (option.Kind == OptionKind.Flag && found.Tokens.Count == 0) settings.Set(option.Name, "true");
            foreach (Token token in found.Tokens) settings.Set(option.Name, token.Value);
        }

        string[] given = result.GetValue(words) ?? [];
        if (given.Length > command.Positionals.Count) throw new BadUsageException(
            $"'{given[command.Positionals.Count]}' is one word too many for unroll {command.Name}{(command.Positionals.Count == 0 ? "" : $", which takes {string.Join(" ", command.Positionals.Select(p => p.Name))}")}.");
        if (command.Positionals.Skip(given.Length).FirstOrDefault(positional => positional.Required) is { } missing)
            throw new BadUsageException($"{missing.Name} is missing: {missing.Help}.");
        return new Arguments(given, settings);
    }

    /// <summary>Whether a page of help is asked for, which is never wrong whatever else was typed.</summary>
    public static bool AsksForHelp(IReadOnlyList<string> tokens) => tokens.TakeWhile(token => token != "--").Any(token => token is "--help" or "-h" or "-?");

    private static void RefuseUnknownOptions(CliCommand command, IReadOnlyList<string> tokens)
    {
        var known = command.Options.ToDictionary(option => "--" + option.Name, StringComparer.Ordinal);
        for (int i = 0; i < tokens.Count && tokens[i] != "--"; i++)
        {
            string token = tokens[i];
            if (token.Length < 2 || token[0] != '-' || char.IsAsciiDigit(token[1]) || token[1] == '.') continue;
            int end = token.IndexOfAny(['=', ':']);
            string name = end < 0 ? token : token[..end];
            if (known.TryGetValue(name, out TaskOption? option))
            {
                if (end >= 0 || option.Kind == OptionKind.Flag) continue;
                // The next word is its value, whatever it looks like, unless it is an option of ours.
                if (++i == tokens.Count || known.ContainsKey(tokens[i])) throw new BadUsageException($"{name} needs a value: {option.Help}.");
                continue;
            }
            throw new BadUsageException($"{command.Name} has no option {name}.{NearestWord.Suggest(name, known.Keys)}");
        }
    }
}
