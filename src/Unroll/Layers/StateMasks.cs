using Unroll.Equations;
using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>Fills the masks of dropout on states and of zoneout. A mask is a hash of the sequence, the step and the feature, so that it is the same for any number of
/// threads and whenever it is filled again: a window of steps at a time, forward and backward.</summary>
internal static class StateMasks
{
    /// <summary>Fills the masks of a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="frame">Where its matrices lie.</param>
    /// <param name="key">Drawn for the pass.</param>
    /// <param name="range">The steps and rows.</param>
    public static void Fill(CellPlan plan, StepFrame frame, ulong key, StepRange range)
    {
        for (int i = 0; i < plan.MaskMatrices.Length; i++)
        {
            var (mask, matrix) = (plan.Cell.Masks[i], frame.Matrices[plan.MaskMatrices[i]]);
            for (int row = range.FirstRow; row < range.EndRow; row++)
            {
                int sequence = frame.Sequences.Order[row], end = Math.Min(range.End, frame.Sequences.Lengths[row] - range.Origin);
                for (int step = range.First; step < end; step++)
                    for (int block = 0; block < matrix.Blocks; block++)
                    {
                        var to = matrix.Row(step, block, row);
                        if (mask.EveryStep || step == range.First) Fill(mask, DropoutMask.KeyOf(key, i), frame.Sequences.Batch, sequence, range.Origin + step, block * ProductTile.Block, to);
                        else matrix.Row(range.First, block, row).CopyTo(to);
                    }
            }
        }
    }

    /// <summary>Some features of a mask.</summary>
    /// <param name="mask">The mask.</param>
    /// <param name="key">Its key.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="step">The step of the sequence, in the order in which its steps are computed.</param>
    /// <param name="first">The first feature.</param>
    /// <param name="to">Receives that feature and those after it; zeros beyond the last.</param>
    public static void Fill(StepMask mask, ulong key, int batch, int sequence, int step, int first, Span<float> to)
    {
        var places = new DropoutMask(key, mask.Probability);
        long place = ((long)(mask.EveryStep ? step : 0) * batch + sequence) * mask.Value.Size + first;
        int features = Math.Min(to.Length, mask.Value.Size - first);
        for (int i = 0; i < features; i++) to[i] = places.Keeps(place + i) ? mask.Kept : 0;
        to[features..].Clear();
    }
}
