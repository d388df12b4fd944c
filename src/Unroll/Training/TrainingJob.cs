using Unroll.Files;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Training;

/// <summary>The loss of one batch: the mean over its symbols, to be differentiated, and how many symbols that were.</summary>
/// <param name="Loss">A scalar: nats per symbol or per example.</param>
/// <param name="Symbols">How many symbols or examples the mean is over; reports weight losses by it and measure speed by it.</param>
public readonly record struct StepLoss(Tensor Loss, int Symbols)
{
    /// <summary>A scalar that is added to the loss for the gradient and is not reported, such as an activation regularisation; none unless set.</summary>
    public Tensor Penalty { get; init; }
}

/// <summary>What is to be trained: one model, its data and its loss. A <see cref="Trainer"/> does the rest. A job is a function of its data, of its state
/// as <see cref="Save"/> writes it, and of the random sources it is given; nothing else, or a resumed run will not end like one never killed.</summary>
public abstract class TrainingJob
{
    /// <summary>The model whose parameters are trained.</summary>
    public abstract Module Model { get; }

    /// <summary>How many batches an epoch has; 1 or more, the same for every epoch.</summary>
    public abstract int StepsPerEpoch { get; }

    /// <summary>How many symbols or examples an epoch has, by which a <see cref="Losses.Prior"/> is divided. 0, the default, when unknown.</summary>
    public virtual long SymbolsPerEpoch => 0;

    /// <summary>A trained model whose weights are the first ones; null where they are drawn.</summary>
    public ModelFile? StartingModel { get; init; }

    /// <summary>Draws the first weights, or takes those of <see cref="StartingModel"/>.</summary>
    /// <exception cref="BadInputException">The starting model's weights have other names or shapes.</exception>
    public virtual void Initialize(RandomState random)
    {
        Model.Initialize(random);
        StartingModel?.CopyTo(Model.Parameters);
    }

    /// <summary>Begins an epoch: shuffles, clears carried state. Not called when a run resumes within an epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="random">The source for the order of the data.</param>
    public abstract void BeginEpoch(int epoch, RandomState random);

    /// <summary>Builds the loss of one batch on the current tape. After the first steps it should allocate nothing.</summary>
    /// <param name="step">Which batch of the epoch, 0 to <see cref="StepsPerEpoch"/> − 1.</param>
    public abstract StepLoss Step(int step);

    /// <summary>What the learning rate is multiplied by for the batch that <see cref="Step"/> built last, such as a share of the usual length.</summary>
    public virtual double LearningRateFactor => 1;

    /// <summary>Called after the gradients of a batch are there and before the next batch: carries the hidden state forward (truncated
    /// backpropagation through time). Not called after a batch whose loss was not finite, so the state of the batch before stays.</summary>
    public virtual void AfterStep()
    {
    }

    /// <summary>Measures the model on data it is not trained on, and leaves the job's state as it was. One of the metrics is named <c>loss</c>. An
    /// empty result means that there is no such data.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the trainer measures again after resuming.</exception>
    public abstract IReadOnlyDictionary<string, double> Validate(CancellationToken cancellation);

    /// <summary>What decides which model is best, and when patience is lost: the lower, the better. The metric <c>loss</c> unless overridden.</summary>
    /// <param name="metrics">What <see cref="Validate"/> returned.</param>
    public virtual double Criterion(IReadOnlyDictionary<string, double> metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        return metrics["loss"];
    }

    /// <summary>Whether the last validation showed that there is nothing left to learn: the trainer keeps that model and ends the run as
    /// <see cref="RunOutcome.Solved"/>. A job that may say so writes what it goes by in <see cref="Save"/>.</summary>
    public virtual bool IsSolved => false;

    /// <summary>Something the model makes now, to be shown: a text, a tagged sentence; null for nothing. Leaves the job's state as it was.</summary>
    public virtual string? Sample(RandomState random) => null;

    /// <summary>Writes what the next steps depend on besides weights and random sources: the order of the data, carried state. The position
    /// within the epoch is the trainer's to keep.</summary>
    public abstract void Save(CheckpointWriter writer);

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <exception cref="BadInputException">The checkpoint is of another job.</exception>
    public abstract void Load(CheckpointReader reader);

    /// <summary>The model as it is now, with all that is needed to use it.</summary>
    public abstract ModelFile ToModelFile();
}
