using Unroll.Files;

namespace Unroll.Training;

/// <summary>The files of a run.</summary>
/// <param name="Path">The folder.</param>
public sealed record RunFolder(string Path)
{
    /// <summary>The best model so far: by validation loss, or the latest where there is no validation data.</summary>
    public string Model => System.IO.Path.Combine(Path, "model.safetensors");

    /// <summary>The whole state of the run at its last checkpoint.</summary>
    public string Checkpoint => System.IO.Path.Combine(Path, "checkpoint.safetensors");

    /// <summary>How the run is made again.</summary>
    public string Recipe => System.IO.Path.Combine(Path, "recipe.json");

    /// <summary>Reports, validations, samples and warnings, one JSON object a line.</summary>
    public string Metrics => System.IO.Path.Combine(Path, "metrics.jsonl");

    /// <summary>Whether a checkpoint is there to resume from.</summary>
    public bool HasCheckpoint => File.Exists(Checkpoint);

    /// <summary>The file of a model that a path names: itself, or the best model where it is the folder of a run.</summary>
    internal static string ModelAt(string path) => Directory.Exists(path) ? new RunFolder(path).Model : path;

    /// <summary>Makes the folder if need be and keeps other runs out of it until the returned stream is closed or the process ends, however it ends.</summary>
    /// <exception cref="RunFailedException">The folder cannot be made, or another run is in it.</exception>
    internal FileStream Hold()
    {
        try
        {
            Directory.CreateDirectory(Path);
            return new FileStream(System.IO.Path.Combine(Path, ".lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RunFailedException($"Cannot use the run folder {Path}: {OneLine.Of(exception)}. See that no other run uses it, or choose another.", exception);
        }
    }
}
