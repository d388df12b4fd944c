using System.Diagnostics;
using Unroll.Analysis;
using Unroll.Optimizers;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>Trains a model: epochs and steps, accumulation, clipping, schedule, validation, early stopping, checkpoints, logs. The same job, options and
/// seed give the same bits for any number of threads, and also when the run is killed at any moment and resumed.</summary>
/// <example><code>
/// var trainer = new Trainer(job, new TrainerOptions { Folder = "runs/first", Epochs = 10, Clipping = Clipping.GlobalNorm(5) });
/// RunResult result = trainer.Run();
/// </code></example>
public sealed class Trainer
{
    private readonly TrainingJob _job;
    private readonly TrainerOptions _options;
    private readonly RunFolder? _folder;
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly List<IRunObserver> _observers = [];
    private readonly Optimizer _optimizer;
    private readonly Asgd? _averages;
    private readonly RandomState _dataRandom, _stepRandom;
    private readonly Tape _tape;
    private readonly RunProgress _progress = new();
    private readonly long _totalSteps;
    private readonly double _stepsPerEpoch;
    private RunLog? _log;
    private IReadOnlyList<GateValues> _gates = [];
    private IReadOnlyDictionary<string, double> _metrics = new Dictionary<string, double>();
    private long _began, _stepTicks, _savedAt = -1;
    private bool _used;

    /// <summary>A trainer for one run of a job.</summary>
    /// <param name="job">What to train.</param>
    /// <param name="options">How to train it.</param>
    /// <exception cref="BadUsageException">An option makes no sense.</exception>
    /// <exception cref="BadInputException">The job has no data.</exception>
    public Trainer(TrainingJob job, TrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        if (job.StepsPerEpoch < 1) throw new BadInputException("The data is too little for a single batch. Give more of it, or a smaller batch or sequence length.");
        if (options.Prior is not null && job.SymbolsPerEpoch < 1)
            throw new BadUsageException("A prior needs to know how many symbols the data has, and this task does not say. Train it without a prior.");
        (_job, _options, _parameters) = (job, options, job.Model.Parameters);
        _folder = options.Folder is null ? null : new RunFolder(options.Folder);
        _optimizer = options.Optimizer.Create();
        _averages = _optimizer as Asgd;
        var root = new RandomState(options.Seed);
        (_dataRandom, _stepRandom) = (root.Fork("data"), root.Fork("step"));
        _tape = new Tape(_stepRandom);
        _stepsPerEpoch = (double)job.StepsPerEpoch / options.GradientAccumulation;
        long epochSteps = options.Epochs is { } epochs ? (long)Math.Ceiling(epochs * _stepsPerEpoch) : long.MaxValue;
        _totalSteps = Math.Min(epochSteps, options.Steps ?? long.MaxValue);
    }

    /// <summary>Adds a listener. The logs of the run folder need none.</summary>
    /// <returns>This trainer.</returns>
    public Trainer Observe(IRunObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        _observers.Add(observer);
        return this;
    }

    /// <summary>Trains from the beginning.</summary>
    /// <param name="cancellation">Cancelling ends the run after the step at hand, with a checkpoint.</param>
    /// <exception cref="BadUsageException">The run folder already holds a run.</exception>
    /// <exception cref="RunFailedException">A file could not be written, or too many steps in a row were not finite. The last checkpoint is untouched.</exception>
    public RunResult Run(CancellationToken cancellation = default)
    {
        if (_folder is not null && (_folder.HasCheckpoint || File.Exists(_folder.Model)))
            throw new BadUsageException($"{_folder.Path} already holds a run. Resume it, or choose another folder.");
        return Start(cancellation);
    }

    /// <summary>Continues the run in the folder from its last checkpoint, or begins it if it was killed before the first one. A run that has ended
    /// ends again at once, unless the options now allow more steps.</summary>
    /// <param name="cancellation">Cancelling ends the run after the step at hand, with a checkpoint.</param>
    /// <exception cref="BadUsageException">The options name no run folder.</exception>
    /// <exception cref="BadInputException">The checkpoint is damaged, or of another model or optimizer.</exception>
    /// <exception cref="RunFailedException">A file could not be written, or too many steps in a row were not finite. The last checkpoint is untouched.</exception>
    public RunResult Resume(CancellationToken cancellation = default)
    {
        if (_folder is null) throw new BadUsageException("There is no run folder to resume from; name one.");
        if (!_folder.HasCheckpoint) return Start(cancellation);
        UseOnce();
        using FileStream hold = _folder.Hold();
        CheckpointReader reader = CheckpointReader.Open(_folder.Checkpoint);
        Load(reader);
        using var log = RunLog.Resume(_folder, reader.Within("log"));
        return Train(log, fresh: false, cancellation);
    }

    private RunResult Start(CancellationToken cancellation)
    {
        UseOnce();
        if (_folder is null) return Train(null, fresh: true, cancellation);
        using FileStream hold = _folder.Hold();
        _options.Recipe?.Save(_folder.Recipe);
        using var log = RunLog.Create(_folder);
        return Train(log, fresh: true, cancellation);
    }

    private void UseOnce()
    {
        if (_used) throw new InvalidOperationException("A trainer runs once; make another one for the next run.");
        _used = true;
    }

    private RunResult Train(RunLog? log, bool fresh, CancellationToken cancellation)
    {
        _log = log;
        if (log is not null) _observers.Insert(0, log);
        _began = Stopwatch.GetTimestamp();
        _job.Model.ClearGradients();     // from here on each step leaves them so
        if (fresh) _job.Initialize(new RandomState(_options.Seed).Fork("weights"));
        var started = new RunStarted(_progress.Step, _totalSteps, _stepsPerEpoch, _job.Model.ParameterCount, _folder?.Path);
        foreach (IRunObserver observer in _observers) observer.OnStart(started);
        if (fresh) SaveCheckpoint();
        RunOutcome outcome = Loop(cancellation);
        if (_savedAt != _progress.Step) SaveCheckpoint();
        RunResult result = Result(outcome);
        foreach (IRunObserver observer in _observers) observer.OnEnd(result);
        return result;
    }

    private RunOutcome Loop(CancellationToken cancellation)
    {
        while (true)
        {
            if (_progress.StepUnfinished && !FinishStep(cancellation)) return RunOutcome.Interrupted;
            if (_job.IsSolved) return RunOutcome.Solved;
            if (_options.Patience is { } patience && _progress.HasLostPatience(patience, _options.MinimumImprovement)) return RunOutcome.StoppedEarly;
            if (_progress.Step >= _totalSteps) return RunOutcome.Completed;
            if (cancellation.IsCancellationRequested) return RunOutcome.Interrupted;
            TakeStep();
            if (_progress.Step % _options.ReportEvery == 0 || _progress.Step == _totalSteps) Report();
            _progress.StepUnfinished = true;
        }
    }

    /// <summary>Does what is due after a step: validation, sample, checkpoint. False when cancelled within; it is then done anew on resuming.</summary>
    private bool FinishStep(CancellationToken cancellation)
    {
        long step = _progress.Step;
        bool validates = IsValidatedAfter(step), samples = step == _totalSteps || (_options.SampleEvery is { } pause ? step % pause == 0 : validates);
        if ((validates || samples) && !Judge(validates, samples, cancellation)) return false;
        _progress.StepUnfinished = false;
        if (step % _options.CheckpointEvery == 0) SaveCheckpoint();
        return true;
    }

    private bool IsValidatedAfter(long step) => step == _totalSteps || (_options.ValidateEvery is { } every ? step % every == 0 : Epoch(step) != Epoch(step - 1));

    /// <summary>Validates and samples, with averages of the weights in their place where the optimizer keeps some. False when cancelled within.</summary>
    private bool Judge(bool validates, bool samples, CancellationToken cancellation)
    {
        _averages?.Exchange(_parameters);
        try
        {
            if (validates && !Validate(cancellation)) return false;
            if (samples) Sample();
        }
        finally
        {
            _averages?.Exchange(_parameters);
        }
        if (validates) _averages?.OnValidation(_progress.ValidationLosses);
        return true;
    }

    private long Epoch(long step) => step * _options.GradientAccumulation / _job.StepsPerEpoch;

    private double Epochs => _progress.Step / _stepsPerEpoch;

    private double Seconds => _progress.SecondsBefore + Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <summary>One change of the weights. Allocates nothing once the job does not.</summary>
    private void TakeStep()
    {
        long began = Stopwatch.GetTimestamp();
        double rate = _options.Optimizer.LearningRate * _options.Schedule.Factor(_progress.Step, _progress.ValidationLosses);
        double loss = 0, norm = double.NaN, factors = 0;
        int symbols = 0;
        bool finite = true;
        for (int i = 0; i < _options.GradientAccumulation; i++)
        {
            finite &= Accumulate(_progress.Step * _options.GradientAccumulation + i, ref loss, ref symbols);
            factors += _job.LearningRateFactor;
        }
        rate *= factors / _options.GradientAccumulation;
        if (finite)
        {
            _options.Prior?.AddGradient(_parameters, _job.SymbolsPerEpoch, _options.GradientAccumulation);
            if (IsShown) Show();
            norm = _optimizer.Step(_parameters, (float)rate, _options.Clipping, 1.0 / _options.GradientAccumulation);
            finite = double.IsFinite(norm);
        }
        _progress.Step++;
        _progress.Symbols += symbols;
        if (finite) CountStep(loss, norm, symbols);
        else CountSkipped();
        _stepTicks += Stopwatch.GetTimestamp() - began;
        var done = new StepDone(_progress.Step, Epochs, loss / Math.Max(symbols, 1), norm, rate, symbols, !finite);
        for (int i = 0; i < _observers.Count; i++) _observers[i].OnStep(done);
    }

    /// <summary>Whether parameters, gradients and gates of the step at hand are shown.</summary>
    private bool IsShown => _observers.Count > 0 && IsValidatedAfter(_progress.Step + 1);

    private void Show()
    {
        foreach (IRunObserver observer in _observers)
        {
            observer.OnParameters(new ParametersShown(_progress.Step + 1, _parameters));
            observer.OnGates(new GatesShown(_progress.Step + 1, _gates));
        }
        _gates = [];
    }

    /// <summary>Adds the gradients of one batch. False if its loss is not finite.</summary>
    private bool Accumulate(long batch, ref double loss, ref int symbols)
    {
        int within = (int)(batch % _job.StepsPerEpoch);
        if (within == 0) _job.BeginEpoch((int)(batch / _job.StepsPerEpoch), _dataRandom);
        _tape.Begin();
        try
        {
            StepLoss step = _job.Step(within);
            float value = step.Loss.Item;
            loss += (double)value * step.Symbols;
            symbols += step.Symbols;
            if (!float.IsFinite(value)) return false;
            _tape.Backward(step.Penalty.IsEmpty ? step.Loss : step.Loss + step.Penalty);
            // Here the step's memory, and the state it began with, are still there.
            if (IsShown && (batch + 1) % _options.GradientAccumulation == 0) _gates = GateReader.Read(_tape);
        }
        finally
        {
            _tape.End();
        }
        _job.AfterStep();
        return true;
    }

    private void CountStep(double loss, double norm, int symbols)
    {
        _progress.SkippedInRow = 0;
        _progress.WindowLoss += loss;
        _progress.WindowSymbols += symbols;
        _progress.WindowNorm += norm;
        _progress.WindowSteps++;
    }

    private void CountSkipped()
    {
        _progress.Skipped++;
        _progress.SkippedInRow++;
        string what = Gradients.FirstNonFiniteValue(_parameters) is { } weight ? $"the values of {weight} are"
            : Gradients.FirstNonFiniteGradient(_parameters) is { } gradient ? $"the gradient of {gradient} is"
            : "the loss is";
        _job.Model.ClearGradients();
        Warn($"Step {_progress.Step} was skipped: {what} not finite.");
        if (_progress.SkippedInRow >= _options.MaximumSkippedSteps)
            throw new RunFailedException(
                $"{_progress.SkippedInRow} steps in a row were skipped, up to step {_progress.Step}: {what} not finite. Lower the learning rate, or clip the gradient.");
    }

    private void Report()
    {
        double seconds = Stopwatch.GetElapsedTime(0, _stepTicks).TotalSeconds;
        _progress.TrainingLoss = _progress.WindowLoss / _progress.WindowSymbols;
        var report = new RunReport(
            _progress.Step, Epochs, _progress.TrainingLoss, _options.Prior?.Loss(_parameters, _job.SymbolsPerEpoch) ?? 0,
            _progress.WindowNorm / _progress.WindowSteps,
            _options.Optimizer.LearningRate * _options.Schedule.Factor(_progress.Step - 1, _progress.ValidationLosses),
            _progress.Symbols, _progress.Skipped, Seconds, _progress.WindowSymbols / seconds);
        (_progress.WindowLoss, _progress.WindowSymbols, _progress.WindowNorm, _progress.WindowSteps, _stepTicks) = (0, 0, 0, 0, 0);
        for (int i = 0; i < _observers.Count; i++) _observers[i].OnReport(report);
    }

    private bool Validate(CancellationToken cancellation)
    {
        try
        {
            _metrics = _job.Validate(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
        if (_metrics.Count == 0) return true;
        if (!_metrics.TryGetValue("loss", out double loss))
            throw new InvalidOperationException("The job's validation has no metric named 'loss'.");
        bool best = _progress.AddValidation(loss, _job.Criterion(_metrics));
        if ((best || _job.IsSolved) && _folder is not null) _job.ToModelFile().Save(_folder.Model);
        var validation = new ValidationDone(
            _progress.Step, Epochs, _metrics, best, _progress.BestLoss ?? double.NaN, _progress.BestStep ?? 0, Seconds);
        foreach (IRunObserver observer in _observers) observer.OnValidation(validation);
        return true;
    }

    private void Sample()
    {
        // A source of its own for every sample: whether samples are drawn changes nothing else.
        string? text = _job.Sample(new RandomState(_options.Seed).Fork($"sample {_progress.Step}"));
        if (text is null) return;
        var sample = new SampleDrawn(_progress.Step, text);
        foreach (IRunObserver observer in _observers) observer.OnSample(sample);
    }

    private void Warn(string message)
    {
        var warning = new RunWarning(_progress.Step, message);
        foreach (IRunObserver observer in _observers) observer.OnWarning(warning);
    }

    private RunResult Result(RunOutcome outcome) => new()
    {
        Outcome = outcome,
        Steps = _progress.Step,
        Epochs = Epochs,
        TrainingLoss = _progress.TrainingLoss,
        BestLoss = _progress.BestLoss,
        BestStep = _progress.BestStep,
        Metrics = _metrics,
        Symbols = _progress.Symbols,
        Skipped = _progress.Skipped,
        Seconds = Seconds,
        Model = _folder?.Model,
    };

    private void SaveCheckpoint()
    {
        if (_folder is null) return;
        // Until a validation has chosen a best model, the model file is the latest one.
        if (_progress.BestLoss is null)
        {
            _averages?.Exchange(_parameters);
            try
            {
                _job.ToModelFile().Save(_folder.Model);
            }
            finally
            {
                _averages?.Exchange(_parameters);
            }
        }
        var writer = new CheckpointWriter();
        foreach (Parameter parameter in _parameters) writer.Add("model." + parameter.Name, parameter.Values, parameter.Shape);
        writer.Add("batches_per_epoch", (long)_job.StepsPerEpoch);
        writer.Add("gradient_accumulation", (long)_options.GradientAccumulation);
        writer.Add("optimizer", _options.Optimizer.Name);
        SaveOptimizer(writer.Within("optimizer"));
        writer.Add("random.data", _dataRandom);
        writer.Add("random.step", _stepRandom);
        _progress.Save(writer.Within("progress"), Seconds);
        _job.Save(writer.Within("job"));
        _log?.Save(writer.Within("log"));
        writer.Save(_folder.Checkpoint);
        _savedAt = _progress.StepUnfinished ? -1 : _progress.Step;
        var saved = new CheckpointSaved(_progress.Step, _folder.Checkpoint);
        foreach (IRunObserver observer in _observers) observer.OnCheckpoint(saved);
    }

    private void Load(CheckpointReader reader)
    {
        // The job first: it knows best what is wrong when its data is not what it was.
        _job.Load(reader.Within("job"));
        // The position in the data is counted in batches: it means something else when an epoch has more of them, or a step takes more.
        Require("batches per epoch", reader.Integer("batches_per_epoch"), _job.StepsPerEpoch);
        Require("batches accumulated for a step", reader.Integer("gradient_accumulation"), _options.GradientAccumulation);
        Require("optimizer", reader.Text("optimizer"), _options.Optimizer.Name);
        foreach (Parameter parameter in _parameters)
        {
            reader.Read("model." + parameter.Name, parameter.Values);
            parameter.Changed();
        }
        LoadOptimizer(reader.Within("optimizer"));
        reader.Read("random.data", _dataRandom);
        reader.Read("random.step", _stepRandom);
        _progress.Load(reader.Within("progress"));
        _savedAt = _progress.StepUnfinished ? -1 : _progress.Step;
    }

    private void Require<T>(string name, T found, T wanted) where T : IEquatable<T>
    {
        if (!found.Equals(wanted))
            throw new BadInputException($"The run in {_options.Folder} was begun with {name}: {found}, and was now to go on with {wanted}. Resume it with the same data and options.");
    }

    private void SaveOptimizer(CheckpointWriter writer)
    {
        writer.Add("steps", _optimizer.Steps);
        if (_averages is not null) writer.Add("average_from", _averages.AverageFrom);
        for (int i = 0; i < _parameters.Count; i++)
            for (int state = 0; state < _optimizer.StateNames.Count; state++)
                writer.Add($"{_optimizer.StateNames[state]}.{_parameters[i].Name}", _optimizer.State(_parameters, i, state), _parameters[i].Shape);
    }

    private void LoadOptimizer(CheckpointReader reader)
    {
        _optimizer.Steps = reader.Integer("steps");
        if (_averages is not null) _averages.AverageFrom = reader.Integer("average_from");
        for (int i = 0; i < _parameters.Count; i++)
            for (int state = 0; state < _optimizer.StateNames.Count; state++)
                reader.Read($"{_optimizer.StateNames[state]}.{_parameters[i].Name}", _optimizer.State(_parameters, i, state));
    }
}
