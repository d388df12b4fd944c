using System.Runtime.InteropServices;

namespace Unroll.Training;

/// <summary>All that the trainer itself remembers between steps; together with weights, optimizer, random sources and job it is the state of a run.</summary>
internal sealed class RunProgress
{
    private readonly List<double> _validationLosses = [];
    private readonly List<double> _validationSteps = [];   // whole numbers, kept as the checkpoint keeps them

    /// <summary>How many steps were taken, skipped ones included.</summary>
    public long Step { get; set; }

    /// <summary>How many symbols were seen.</summary>
    public long Symbols { get; set; }

    /// <summary>Steps skipped in all.</summary>
    public long Skipped { get; set; }

    /// <summary>Steps skipped in a row, up to the last one.</summary>
    public int SkippedInRow { get; set; }

    /// <summary>What follows a step, validation, sample and checkpoint, is still to do: the run was interrupted in between.</summary>
    public bool StepUnfinished { get; set; }

    /// <summary>The loss of the last report.</summary>
    public double TrainingLoss { get; set; } = double.NaN;

    /// <summary>Seconds trained before this process took over.</summary>
    public double SecondsBefore { get; set; }

    // Since the last report.
    public double WindowLoss { get; set; }
    public long WindowSymbols { get; set; }
    public double WindowNorm { get; set; }
    public long WindowSteps { get; set; }

    /// <summary>All validation losses so far, oldest first.</summary>
    public ReadOnlySpan<double> ValidationLosses => CollectionsMarshal.AsSpan(_validationLosses);

    /// <summary>Where the lowest validation loss stands, or −1.</summary>
    private int Best
    {
        get
        {
            int best = -1;
            for (int i = 0; i < _validationLosses.Count; i++)
                if (double.IsFinite(_validationLosses[i]) && (best < 0 || _validationLosses[i] < _validationLosses[best])) best = i;
            return best;
        }
    }

    /// <summary>The lowest validation loss, or null.</summary>
    public double? BestLoss => Best is var best && best >= 0 ? _validationLosses[best] : null;

    /// <summary>The step that had the lowest validation loss, or null.</summary>
    public long? BestStep => Best is var best && best >= 0 ? (long)_validationSteps[best] : null;

    /// <summary>Notes a validation loss and tells whether it is the lowest so far.</summary>
    public bool AddValidation(double loss)
    {
        _validationLosses.Add(loss);
        _validationSteps.Add(Step);
        return Best == _validationLosses.Count - 1;
    }

    /// <summary>Whether the last validations, as many as the patience, brought nothing better by the least improvement.</summary>
    public bool HasLostPatience(int patience, double minimumImprovement)
    {
        double best = double.PositiveInfinity;
        int bad = 0;
        foreach (double loss in _validationLosses)
        {
            if (loss < best - minimumImprovement) (best, bad) = (loss, 0);
            else if (++bad >= patience) return true;
        }
        return false;
    }

    public void Save(CheckpointWriter writer, double seconds)
    {
        writer.Add("step", Step);
        writer.Add("symbols", Symbols);
        writer.Add("skipped", Skipped);
        writer.Add("skipped_in_row", SkippedInRow);
        writer.Add("step_unfinished", StepUnfinished);
        writer.Add("training_loss", TrainingLoss);
        writer.Add("window_loss", WindowLoss);
        writer.Add("window_symbols", WindowSymbols);
        writer.Add("window_norm", WindowNorm);
        writer.Add("window_steps", WindowSteps);
        writer.Add("validation_losses", CollectionsMarshal.AsSpan(_validationLosses));
        writer.Add("validation_steps", CollectionsMarshal.AsSpan(_validationSteps));
        writer.Add("seconds", seconds);
    }

    public void Load(CheckpointReader reader)
    {
        Step = reader.Integer("step");
        Symbols = reader.Integer("symbols");
        Skipped = reader.Integer("skipped");
        SkippedInRow = (int)reader.Integer("skipped_in_row");
        StepUnfinished = reader.Flag("step_unfinished");
        TrainingLoss = reader.Number("training_loss");
        WindowLoss = reader.Number("window_loss");
        WindowSymbols = reader.Integer("window_symbols");
        WindowNorm = reader.Number("window_norm");
        WindowSteps = reader.Integer("window_steps");
        Fill(_validationLosses, "validation_losses");
        Fill(_validationSteps, "validation_steps");
        SecondsBefore = reader.Number("seconds");

        void Fill(List<double> list, string name)
        {
            CollectionsMarshal.SetCount(list, reader.Count(name));
            reader.Read(name, CollectionsMarshal.AsSpan(list));
        }
    }
}
