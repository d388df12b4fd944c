using System.Text.Json;
using Unroll.Data;
using Unroll.Files;
using Unroll.Training;

namespace Unroll.Cli.Comparing;

/// <summary>What came of one training of an entrant. Its folder, an ordinary run folder, keeps it as <c>result.json</c> beside <c>metrics.jsonl</c>.</summary>
internal sealed record ComparedRun
{
    private const string File = "result.json";

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>The run folder.</summary>
    public required string Folder { get; init; }

    /// <summary>How it ended: completed, stopped-early, solved, or diverged.</summary>
    public required string Outcome { get; init; }

    /// <summary>How many parameters were trained.</summary>
    public required long Parameters { get; init; }

    /// <summary>How many steps were taken.</summary>
    public required long Steps { get; init; }

    /// <summary>How many symbols, or sequences, were seen.</summary>
    public required long Symbols { get; init; }

    /// <summary>How long it took.</summary>
    public required double Seconds { get; init; }

    /// <summary>Why it could not go on; null where it could.</summary>
    public string? Failure { get; init; }

    /// <summary>The validation losses by step.</summary>
    public IReadOnlyList<(long Step, double Loss)> Curve { get; private init; } = [];

    /// <summary>The step of the lowest validation loss; null where no loss was a number.</summary>
    public long? BestStep { get; private init; }

    /// <summary>All figures of the validation with the lowest loss.</summary>
    public IReadOnlyDictionary<string, double> Best { get; private init; } = new Dictionary<string, double>();

    /// <summary>Whether the task saw nothing left to learn.</summary>
    public bool IsSolved => Outcome == PlannedRun.Word(RunOutcome.Solved);

    /// <summary>Whether its numbers were no longer finite.</summary>
    public bool HasFailed => Failure is not null;

    /// <summary>The lowest validation loss; infinite where no loss was a number.</summary>
    public double BestLoss => Best.TryGetValue("loss", out double loss) ? loss : double.PositiveInfinity;

    /// <summary>What is still to read of the validations in the run's log. They are there once, whether the run was interrupted or not.</summary>
    /// <exception cref="BadInputException">The log is damaged.</exception>
    public ComparedRun WithLog()
    {
        var curve = new List<(long, double)>();
        var (best, bestStep) = (Best, BestStep);
        foreach (JsonElement line in MetricsFile.Read(new RunFolder(Folder).Metrics))
        {
            if (line.GetProperty("event").GetString() != "validation") continue;
            long step = line.GetProperty("step").GetInt64();
            JsonElement loss = line.GetProperty("loss");
            curve.Add((step, loss.ValueKind == JsonValueKind.Number ? loss.GetDouble() : double.NaN));
            if (!line.GetProperty("best").GetBoolean()) continue;
            bestStep = step;
            best = line.EnumerateObject().Where(figure => figure.Value.ValueKind == JsonValueKind.Number && figure.Name is not ("step" or "epoch" or "seconds"))
                .ToDictionary(figure => figure.Name, figure => figure.Value.GetDouble());
        }
        return this with { Curve = curve, Best = best, BestStep = bestStep };
    }

    /// <summary>Keeps it.</summary>
    /// <exception cref="RunFailedException">It cannot be written.</exception>
    public void Save() => ResultFile.Write(Path.Combine(Folder, File), JsonText.OfObject(WriteOwn, indented: true) + "\n");

    /// <summary>What was kept in a run folder; null where the run has not ended.</summary>
    /// <exception cref="BadInputException">The file is damaged.</exception>
    public static ComparedRun? Find(string folder, int seed)
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path)) return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(System.IO.File.ReadAllText(path));
            JsonElement root = document.RootElement;
            return new ComparedRun
            {
                Seed = seed,
                Folder = folder,
                Outcome = root.GetProperty("outcome").GetString()!,
                Parameters = root.GetProperty("parameters").GetInt64(),
                Steps = root.GetProperty("steps").GetInt64(),
                Symbols = root.GetProperty("symbols").GetInt64(),
                Seconds = root.GetProperty("seconds").GetDouble(),
                Failure = root.TryGetProperty("failure", out JsonElement failure) ? failure.GetString() : null,
            }.WithLog();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} is no sound result of a run ({error.Message}). Remove the folder {folder}, and the run is done again.", error);
        }
    }

    /// <summary>All of it, for the comparison's JSON.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteNumber("seed", Seed);
        WriteOwn(json);
        if (BestStep is { } step)
        {
            json.WriteNumber("best_step", step);
            json.WriteStartObject("best");
            foreach (var (name, value) in Best) json.WriteFinite(name, value);
            json.WriteEndObject();
        }
        json.WriteStartArray("validations");
        foreach (var (at, loss) in Curve)
        {
            json.WriteStartObject();
            json.WriteNumber("step", at);
            json.WriteFinite("loss", loss);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("folder", Folder);
    }

    private void WriteOwn(Utf8JsonWriter json)
    {
        json.WriteString("outcome", Outcome);
        json.WriteNumber("parameters", Parameters);
        json.WriteNumber("steps", Steps);
        json.WriteNumber("symbols", Symbols);
        json.WriteFinite("seconds", Seconds);
        if (Failure is not null) json.WriteString("failure", Failure);
    }
}
