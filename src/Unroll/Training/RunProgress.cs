using System.Runtime.InteropServices;

namespace Unroll.Training;

/// <summary>All that the trainer itself remembers between steps; together with weights, optimizer, random sources and job it is the state of a run.</summary>
internal sealed class RunProgress
{
    private readonly List<double> _validationLosses = [];
    private readonly List<double> _validationCriteria = [];
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

    /// <summary>Where the best validation stands, the one with the lowest criterion, or −1.</summary>
    private int Best
    {
        get
        {
            int best = -1;
            for (int i = 0; i < _validationCriteria.Count; i++)
                if (double.IsFinite(_validationCriteria[i]) && (best < 0 || _validationCriteria[i] < _validationCriteria[best])) best = i;
            return best;
        }
    }

    /// <summary>The loss of the best validation, or null.</summary>
    public double? BestLoss => Best is var best && best >= 0 ? _validationLosses[best] : null;

    /// <summary>The step of the best validation, or null.</summary>
    public long? BestStep => Best is var best && best >= 0 ? (long)_validationSteps[best] : null;

    /// <summary>Notes a validation and tells whether it is the best so far.</summary>
    public bool AddValidation(double loss, double criterion)
    {
        _validationLosses.Add(loss);
        _validationCriteria.Add(criterion);
        _validationSteps.Add(Step);
        return Best == _validationCriteria.Count - 1;
    }

    /// <summary>Whether the last validations, as many as the patience, brought nothing better by the least improvement.</summary>
    public bool HasLostPatience(int patience, double minimumImprovement)
    {
        double best = double.PositiveInfinity;
        int bad = 0;
        foreach (double criterion in _validationCriteria)
        {
            if (criterion < best - minimumImprovement) (best, bad) = (criterion, 0);
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
        writer.Add("validation_criteria", CollectionsMarshal.AsSpan(_validationCriteria));
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
        // Before there were criteria, the loss was the only one.
        Fill(_validationCriteria, reader.Contains("validation_criteria") ? "validation_criteria" : "validation_losses");
        Fill(_validationSteps, "validation_steps");
        SecondsBefore = reader.Number("seconds");

        void Fill(List<double> list, string name)
        {
            CollectionsMarshal.SetCount(list, reader.Count(name));
            reader.Read(name, CollectionsMarshal.AsSpan(list));
        }
    }
}
