using Unroll.Cells;
using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Cli.Measuring;

/// <summary>The work that is timed: one recurrent layer through the public API, its input and output row-major [batch, time, features]. All numbers are the
/// same on every machine and in every entrant of bench/peers, so that results can be compared.</summary>
internal sealed class LayerWork
{
    private readonly Tape _tape = new();
    private readonly RecurrentState _initial;
    private readonly Tensor _x;
    private readonly float[] _outputGradient;
    private readonly int[] _lengths;

    /// <summary>Makes the layer and its numbers.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="lengths">Steps of each sequence; all if left out.</param>
    /// <param name="stepByStep">Whether all of a step is computed before the next begins.</param>
    public LayerWork(Cell cell, LayerShape shape, int[]? lengths = null, bool stepByStep = false)
    {
        _lengths = lengths ?? [];
        Layer = new Recurrent(cell, shape.Input, shape.Hidden, new RecurrentOptions { StepByStep = stepByStep });
        Layer.Initialize(new RandomState(1));
        float scale = 1 / MathF.Sqrt(shape.Hidden);
        foreach (Parameter parameter in Layer.Parameters)
        {
            // What other entrants have too; the rest, such as gains, keeps its first values.
            int which = parameter.Name switch
            {
                "weight_ih_l0" => 4,
                "weight_hh_l0" => 5,
                "bias_ih_l0" => 6,
                "bias_hh_l0" => 7,
                "vector_p_i_l0" => 9,
                "vector_p_f_l0" => 10,
                "vector_p_o_l0" => 11,
                _ => 0,
            };
            if (which == 0) continue;
            Numbers(which, scale, parameter.Values);
            parameter.Changed();
        }
        _x = Tensor.From(Numbers(1, 1, new float[shape.Time * shape.Batch * shape.Input]), [shape.Batch, shape.Time, shape.Input]);
        _initial = Layer.NewState(shape.Batch);
        for (int i = 0; i < _initial.Count; i++) Numbers(2 + i, 1, _initial.Values(i));
        _outputGradient = Numbers(8, 1, new float[shape.Time * shape.Batch * Layer.OutputSize]);
        Operations = 2.0 * shape.Time * shape.Batch * Layer.MultiplyAddsPerStep;
    }

    /// <summary>The layer.</summary>
    public Recurrent Layer { get; }

    /// <summary>Floating-point operations of the matrix products of one pass forward; training does three times as many.</summary>
    public double Operations { get; }

    /// <summary>The output of the last step done: [batch, time, hidden].</summary>
    public Tensor Output { get; private set; }

    /// <summary>The input of the last training step done, as it is watched.</summary>
    public Tensor Input { get; private set; }

    /// <summary>The initial state of the last training step done, as it is watched.</summary>
    public RecurrentState State { get; private set; }

    /// <summary>The tape, which has the gradients of input and state.</summary>
    public Tape Tape => _tape;

    /// <summary>A training step: forward, then the gradients of input, weights, biases and initial state for a given output gradient.</summary>
    public void Train()
    {
        Layer.ClearGradients();
        // As after an optimizer's step: what depends on the weights' values is made anew, and that counts.
        foreach (Parameter parameter in Layer.Parameters) parameter.Changed();
        _tape.Begin();
        (Input, State) = (_tape.Watch(_x), _initial.Watch(_tape));
        (Output, _) = Layer.Forward(Input, State, _lengths);
        _tape.Backward(Output, _outputGradient);
        _tape.End();
    }

    /// <summary>A pass forward with weights that do not change.</summary>
    public void Infer()
    {
        _tape.Begin(gradients: false);
        (Output, _) = Layer.Forward(_x, _initial, _lengths);
        _tape.End();
    }

    /// <summary>Fills an array with numbers in ±scale/2 that look random and are easily computed anywhere; bench/peers does the same in other languages.</summary>
    private static float[] Numbers(int which, float scale, float[] values)
    {
        Numbers(which, scale, values.AsSpan());
        return values;
    }

    private static void Numbers(int which, float scale, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            uint mixed = unchecked(((uint)i + 1) * 2654435761u ^ (uint)which * 2246822519u);
            mixed = unchecked((mixed ^ mixed >> 15) * 2654435769u);
            values[i] = ((mixed >> 16) / 65536f - 0.5f) * scale;
        }
    }
}
