using Unroll.Files;
using Unroll.Tasks;

namespace Unroll.Cli.Commands;

/// <summary>Talks with a model.</summary>
internal sealed class ChatCommand : CliCommand
{
    /// <inheritdoc/>
    public override string Name => "chat";

    /// <inheritdoc/>
    public override string Summary => "talks with a model, line by line";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Details => ["What was said is remembered from turn to turn. An empty line begins a new conversation; the end of the input ends it."];

    /// <inheritdoc/>
    public override IReadOnlyList<Positional> Positionals { get; } = [ModelArgument.Positional];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskOption> Options { get; } = [.. WritingOptions.OfReplies, CommonOptions.Weights, CommonOptions.Threads];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("runs/chat-1", "talk with a model"),
        ("runs/chat-1 --temperature 0.7 --seed 3", "let it draw its words"),
    ];

    /// <inheritdoc/>
    public override int Run(Arguments arguments, Terminal terminal, CancellationToken cancellation)
    {
        TaskSettings given = arguments.Settings;
        if (given.IsGiven(CommonOptions.Threads.Name)) Parallelism.Threads = given.Whole(CommonOptions.Threads.Name);
        ModelFile file = ModelArgument.Read(arguments.Words[0]);
        TaskModel model = ModelArgument.TaskOf(file, arguments.Words[0]).Open(file);
        if (model is not IConversationPartner partner) throw new BadInputException($"{arguments.Words[0]} holds a model of the task {file.Task}, which does not talk; train one with 'unroll train chat'.");
        model.KeepWeights(CommonOptions.WeightFormatOf(given));
        ReplyOptions options = WritingOptions.RepliesOf(given);
        ConversationSession conversation = partner.Begin(options);
        while (!cancellation.IsCancellationRequested)
        {
            if (terminal.IsErrorScreen) terminal.Error.Write("> ");
            if (terminal.In.ReadLine() is not { } said) break;
            if (string.IsNullOrWhiteSpace(said))
            {
                conversation = partner.Begin(options);
                terminal.Error.WriteLine("unroll: a new conversation");
                continue;
            }
            foreach (string piece in conversation.Reply(said)) terminal.Out.Write(terminal.IsOutScreen ? Terminal.Visible(piece) : piece);
            terminal.Out.WriteLine();
        }
        return cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
    }
}
