using System.Runtime.InteropServices;
using Unroll.Cells;

namespace Unroll.Cli;

/// <summary>The <c>unroll</c> command, for programs that add something of their own to it first, such as a cell (<see cref="CellCatalogue.Add"/>).</summary>
public static class UnrollCommand
{
    /// <summary>Runs the command on the console. The first Ctrl-C (or a polite request to end) saves and stops; a second one ends the program where it stands.</summary>
    /// <param name="args">What was typed after the program's name.</param>
    /// <returns>The exit code: 0 done, 1 failed while running, 2 wrong usage, 3 bad input, 130 interrupted.</returns>
    public static int Run(IReadOnlyList<string> args)
    {
        using var interrupt = new CancellationTokenSource();
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        return CommandLine.Run(args, Terminal.OfProcess(), interrupt.Token);

        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        }
    }
}
