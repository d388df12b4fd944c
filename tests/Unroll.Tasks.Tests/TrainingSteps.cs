using Unroll.Tensors;
using Unroll.Training;

namespace Unroll.Tasks.Tests;

/// <summary>The steps of a task's training as the trainer takes them, without an optimizer.</summary>
internal static class TrainingSteps
{
    /// <summary>The managed bytes that steps allocate once they are running, over as many epochs as it takes.</summary>
    public static long AllocatedBy(TrainingJob job)
    {
        job.Initialize(new RandomState(1));
        var random = new RandomState(1);
        var tape = new Tape();
        return Allocation.OfSteadySteps(number =>
        {
            int step = number % job.StepsPerEpoch;
            if (step == 0) job.BeginEpoch(number / job.StepsPerEpoch, random);
            tape.Begin();
            StepLoss loss = job.Step(step);
            tape.Backward(loss.Penalty.IsEmpty ? loss.Loss : loss.Loss + loss.Penalty);
            tape.End();
            job.AfterStep();
        });
    }
}
