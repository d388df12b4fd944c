using System.Diagnostics;
using System.Text.Json;
using Unroll.Tasks;
using Unroll.Training;

namespace Unroll.Cli.Comparing;

/// <summary>Trains the entrants, one run after the other, each in a folder of its own below the comparison's. Runs that have ended are not done again, and one that was interrupted
/// goes on from its checkpoint.</summary>
/// <param name="comparison">What to compare.</param>
/// <param name="folder">The comparison's folder.</param>
internal sealed class ComparisonRuns(Comparison comparison, string folder)
{
    /// <summary>The file that says what the comparison is, and what has come of it so far.</summary>
    public const string File = "compare.json";

    /// <summary>Refuses a folder that holds another comparison.</summary>
    /// <exception cref="BadUsageException">It does; the message says by what it differs.</exception>
    /// <exception cref="BadInputException">The file that says it is damaged.</exception>
    public void RefuseAnother()
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
        {
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new BadUsageException($"--out {folder}: the folder holds something else than a comparison; choose another.");
            return;
        }
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllText(path));
            foreach (JsonProperty option in document.RootElement.GetProperty("comparison").EnumerateObject()) found[option.Name] = option.Value.GetString() ?? "";
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} does not say what is compared ({error.Message}). Choose another folder, or remove this one.", error);
        }
        IReadOnlyDictionary<string, string> wanted = comparison.Identity();
        foreach (string name in found.Keys.Concat(wanted.Keys).Distinct().OrderDescending(StringComparer.Ordinal))
        {
            if (found.GetValueOrDefault(name) is var there && wanted.GetValueOrDefault(name) is var here && there != here) throw new BadUsageException(
                $"--out {folder}: the folder holds another comparison ({name}: {(there is null ? "not given" : $"'{there}'")} there, {(here is null ? "not given" : $"'{here}'")} here); choose another.");
        }
    }

    /// <summary>Trains what is still to be trained.</summary>
    /// <param name="entrants">The entrants.</param>
    /// <param name="progress">Told of every run.</param>
    /// <param name="ended">Called with the standings after every run that has ended, those found ended first of all.</param>
    /// <param name="cancellation">Stops after the step at hand, with a checkpoint.</param>
    /// <returns>Whether all runs have ended.</returns>
    public bool Run(IReadOnlyList<Entrant> entrants, TextWriter progress, Action<IReadOnlyList<Standing>> ended, CancellationToken cancellation)
    {
        var done = entrants.Select(entrant => new List<ComparedRun>()).ToArray();
        var left = new List<(int Entrant, int Seed)>();
        // Seed by seed: an interrupted comparison has about as many runs of every entrant.
        foreach (int seed in comparison.Seeds)
        {
            for (int i = 0; i < entrants.Count; i++)
            {
                if (ComparedRun.Find(FolderOf(entrants[i], seed), seed) is not { } run) left.Add((i, seed));
                else if (run.Parameters == entrants[i].Parameters) done[i].Add(run);
                else throw new BadUsageException(
                    $"{run.Folder}: the run has {run.Parameters:N0} parameters, and the entrant {entrants[i].Parameters:N0} (another version chose another size, or the data changed). Choose another folder.");
            }
        }
        ended(Standings());
        int total = left.Count + done.Sum(runs => runs.Count);
        foreach (var (i, seed) in left)
        {
            progress.WriteLine($"{$"run {done.Sum(runs => runs.Count) + 1}/{total}",-12}{entrants[i].Name}, seed {seed}: {entrants[i].Parameters:N0} parameters");
            if (Train(entrants[i], seed, progress, cancellation) is not { } run) return false;
            done[i].Add(run);
            ended(Standings());
        }
        return true;

        IReadOnlyList<Standing> Standings() => Standing.Ordered(entrants.Select((entrant, i) => new Standing(entrant, [.. comparison.Seeds.SelectMany(seed => done[i].Where(run => run.Seed == seed))])));
    }

    private string FolderOf(Entrant entrant, int seed) => Path.Combine(folder, "runs", entrant.Folder, FormattableString.Invariant($"seed-{seed}"));

    private ComparedRun? Train(Entrant entrant, int seed, TextWriter progress, CancellationToken cancellation)
    {
        string path = FolderOf(entrant, seed);
        var (prepared, trainer) = PlannedRun.Of(comparison.Task, entrant.WithSeed(seed), path);
        foreach (string warning in prepared.Warnings) progress.WriteLine($"{"warning",-12}{warning}");
        var watch = new Watch(prepared.Units, progress);
        trainer.Observe(watch);
        ComparedRun run;
        try
        {
            RunResult result = trainer.Resume(cancellation);
            if (result.Outcome == RunOutcome.Interrupted) return null;
            run = Of(PlannedRun.Word(result.Outcome), result.Steps, result.Symbols, result.Seconds, null);
        }
        catch (RunFailedException error) when (watch.Last.Skipped)
        {
            run = Of("diverged", watch.Last.Step, watch.Symbols, watch.Seconds, error.Message);
        }
        run = run.WithLog();
        run.Save();
        progress.WriteLine($"{"",-12}{(run.BestStep is { } step ? $"best {prepared.Units.Loss(run.BestLoss)} at step {step}; " : "")}{run.Outcome} after {run.Steps} steps, {Display.Clock.Text(run.Seconds)}");
        return run;

        ComparedRun Of(string outcome, long steps, long symbols, double seconds, string? failure) => new()
        {
            Seed = seed,
            Folder = path,
            Outcome = outcome,
            Parameters = entrant.Parameters,
            Steps = steps,
            Symbols = symbols,
            Seconds = seconds,
            Failure = failure,
        };
    }

    /// <summary>Remembers how far a run came, for one that fails has no result, and says it when that takes long.</summary>
    private sealed class Watch(TrainingUnits units, TextWriter progress) : IRunObserver
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
        private long _told = Stopwatch.GetTimestamp(), _steps;

        public StepDone Last { get; private set; }

        public long Symbols { get; private set; }

        public double Seconds { get; private set; }

        public void OnStep(in StepDone step) => Last = step;

        public void OnStart(in RunStarted started) => _steps = started.TotalSteps;

        public void OnReport(in RunReport report)
        {
            (Symbols, Seconds) = (report.Symbols, report.Seconds);
            if (Stopwatch.GetElapsedTime(_told) < Pause) return;
            _told = Stopwatch.GetTimestamp();
            progress.WriteLine($"{"",-12}step {report.Step}/{_steps}: {units.Loss(report.Loss)}");
        }
    }
}
