using Unroll.Losses;
using Unroll.Optimizers;

namespace Unroll.Training;

/// <summary>How a model is trained. A step is one change of the weights.</summary>
public sealed record TrainerOptions
{
    /// <summary>The run folder; null keeps everything in memory and makes the run impossible to resume.</summary>
    public string? Folder { get; init; }

    /// <summary>What to write to the folder's <c>recipe.json</c>; null writes none.</summary>
    public Recipe? Recipe { get; init; }

    /// <summary>Stop after this many passes over the data.</summary>
    public int? Epochs { get; init; }

    /// <summary>Stop after this many steps; with <see cref="Epochs"/>, whichever comes first.</summary>
    public long? Steps { get; init; }

    /// <summary>What weights, order of the data, dropout and samples are drawn from.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The optimizer and its learning rate.</summary>
    public OptimizerOptions Optimizer { get; init; } = new AdamOptions();

    /// <summary>How the learning rate changes.</summary>
    public Schedule Schedule { get; init; } = Schedule.Constant;

    /// <summary>How large gradients are cut down.</summary>
    public Clipping Clipping { get; init; } = Clipping.None;

    /// <summary>A prior on the weights, which makes the trained model the most probable one (MAP); null for maximum likelihood.</summary>
    public Prior? Prior { get; init; }

    /// <summary>How many batches' gradients are averaged for one step.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Steps between reports.</summary>
    public int ReportEvery { get; init; } = 50;

    /// <summary>Steps between validations; null validates after each epoch. The last step is always validated.</summary>
    public int? ValidateEvery { get; init; }

    /// <summary>Steps between samples; null samples after each validation.</summary>
    public int? SampleEvery { get; init; }

    /// <summary>Steps between checkpoints. The beginning, an interruption and the end are always kept.</summary>
    public int CheckpointEvery { get; init; } = 250;

    /// <summary>Stop when this many validations in a row have brought no better loss; null never does.</summary>
    public int? Patience { get; init; }

    /// <summary>By how much a validation loss must fall below the best one to count as better for <see cref="Patience"/>.</summary>
    public double MinimumImprovement { get; init; }

    /// <summary>Fail when this many steps in a row had to be skipped because loss or gradient were not finite.</summary>
    public int MaximumSkippedSteps { get; init; } = 10;

    /// <summary>Refuses values that make no sense.</summary>
    internal void Check()
    {
        if (Epochs is null && Steps is null) throw new BadUsageException("Nothing says when to stop; give a number of epochs or steps.");
        AtLeast(1, Epochs, "number of epochs");
        AtLeast(1, Steps, "number of steps");
        AtLeast(1, GradientAccumulation, "number of batches to accumulate");
        AtLeast(1, ReportEvery, "number of steps between reports");
        AtLeast(1, ValidateEvery, "number of steps between validations");
        AtLeast(1, SampleEvery, "number of steps between samples");
        AtLeast(1, CheckpointEvery, "number of steps between checkpoints");
        AtLeast(1, Patience, "patience");
        AtLeast(1, MaximumSkippedSteps, "number of steps that may be skipped");
        if (!(MinimumImprovement >= 0)) throw new BadUsageException($"The minimum improvement is {MinimumImprovement}; it must be 0 or more.");

        static void AtLeast(long least, long? value, string name)
        {
            if (value < least) throw new BadUsageException($"The {name} is {value}; it must be {least} or more.");
        }
    }
}
