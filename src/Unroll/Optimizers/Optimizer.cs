using System.Numerics.Tensors;
using Unroll.Tensors;

namespace Unroll.Optimizers;

/// <summary>Turns gradients into changed parameters. Formulas and defaults are PyTorch's. What an optimizer remembers about each parameter (its state)
/// is named, so that checkpoints can hold it.</summary>
public abstract class Optimizer
{
    private readonly string[] _stateNames;
    private readonly GradientNorm _norm = new();
    private Changes? _changes;
    private float[][] _states = [];   // [parameter · names + name]

    /// <summary>An optimizer that keeps one buffer of the parameter's size for each name; at most two.</summary>
    /// <param name="stateNames">What the buffers are called in checkpoints, in the field's words.</param>
    /// <exception cref="ArgumentException">More than two names.</exception>
    protected Optimizer(params string[] stateNames)
    {
        ArgumentNullException.ThrowIfNull(stateNames);
        if (stateNames.Length > 2) throw new ArgumentException("An optimizer keeps at most two buffers for a parameter.", nameof(stateNames));
        _stateNames = stateNames;
    }

    /// <summary>What is remembered about each parameter, by the names checkpoints use.</summary>
    public IReadOnlyList<string> StateNames => _stateNames;

    /// <summary>How many steps were taken; set when a run resumes.</summary>
    public long Steps { get; set; }

    /// <summary>The value that a new state buffer is filled with.</summary>
    protected virtual float InitialState => 0;

    /// <summary>Takes one step: changes every parameter by its gradient, in one pass that leaves the gradients zero for the next step. Allocates only at the first step.</summary>
    /// <param name="parameters">The parameters, always the same in the same order.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="gradientScale">A factor for all gradients, for instance 1/n where those of n batches were added up.</param>
    public void Step(IReadOnlyList<Parameter> parameters, float learningRate, float gradientScale = 1)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Change(parameters, learningRate, gradientScale, float.PositiveInfinity);
    }

    /// <summary>Takes one step with clipped gradients: a pass over the gradients for their norm, and the one that changes the parameters.</summary>
    /// <param name="parameters">The parameters, always the same in the same order.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="clipping">How gradients are cut down.</param>
    /// <param name="gradientScale">A factor for all gradients before they are clipped.</param>
    /// <returns>The Euclidean norm of all gradients before clipping. Where it is not finite, because a gradient is not or is too large to be squared, no step was taken:
    /// nothing has changed, and the gradients are as they were.</returns>
    public double Step(IReadOnlyList<Parameter> parameters, float learningRate, Clipping clipping, double gradientScale = 1)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(clipping);
        double norm = _norm.Of(parameters) * gradientScale;
        if (double.IsFinite(norm)) Change(parameters, learningRate, (float)(gradientScale * clipping.Factor(norm)), clipping.Limit);
        return norm;
    }

    private void Change(IReadOnlyList<Parameter> parameters, float learningRate, float gradientScale, float limit)
    {
        if (_states.Length != parameters.Count * _stateNames.Length) Allocate(parameters);
        Steps++;
        (_changes ??= new Changes(this)).Run(parameters, learningRate, gradientScale, limit);
        for (int i = 0; i < parameters.Count; i++) parameters[i].Changed();
    }

    /// <summary>Changes some elements of one parameter. Called for one stretch of elements after the other, by several threads at a time; each element depends on its own
    /// neighbours in the buffers only, so the result does not depend on how the work is split.</summary>
    protected abstract void Update(in ParameterUpdate update);

    /// <summary>A state buffer of one parameter, for checkpoints to read and write; allocated if no step was taken yet.</summary>
    /// <param name="parameters">The parameters, always the same in the same order.</param>
    /// <param name="parameter">Which parameter.</param>
    /// <param name="state">Which of <see cref="StateNames"/>.</param>
    public Span<float> State(IReadOnlyList<Parameter> parameters, int parameter, int state)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (_states.Length != parameters.Count * _stateNames.Length) Allocate(parameters);
        return _states[parameter * _stateNames.Length + state];
    }

    private void Allocate(IReadOnlyList<Parameter> parameters)
    {
        _states = new float[parameters.Count * _stateNames.Length][];
        for (int i = 0; i < _states.Length; i++)
        {
            _states[i] = new float[parameters[i / _stateNames.Length].Shape.Count];
            if (InitialState != 0) Array.Fill(_states[i], InitialState);
        }
    }

    /// <summary>The pass that changes the parameters and clears their gradients.</summary>
    private sealed class Changes(Optimizer optimizer) : OptimizerPass
    {
        private float _learningRate, _gradientScale, _limit;

        public void Run(IReadOnlyList<Parameter> parameters, float learningRate, float gradientScale, float limit)
        {
            (_learningRate, _gradientScale, _limit) = (learningRate, gradientScale, limit);
            Start(parameters);
        }

        protected override void Run(int parameter, int piece, int from, int to)
        {
            Span<float> gradient = Parameters[parameter].Gradient[from..to];
            float scale = _gradientScale;
            if (_limit < float.PositiveInfinity)
            {
                TensorPrimitives.Multiply(gradient, scale, gradient);
                TensorPrimitives.Clamp(gradient, -_limit, _limit, gradient);
                scale = 1;
            }
            int names = optimizer._stateNames.Length, state = parameter * names;
            optimizer.Update(new ParameterUpdate
            {
                Values = Parameters[parameter].Values[from..to],
                Gradient = gradient,
                First = names > 0 ? optimizer._states[state].AsSpan(from, to - from) : default,
                Second = names > 1 ? optimizer._states[state + 1].AsSpan(from, to - from) : default,
                LearningRate = _learningRate,
                GradientScale = scale,
                Step = optimizer.Steps,
            });
            gradient.Clear();
        }
    }
}

/// <summary>What an optimizer needs to change a stretch of one parameter: its elements, their gradients and the state kept for them, all of one length.</summary>
public readonly ref struct ParameterUpdate
{
    /// <summary>The elements, to be changed.</summary>
    public Span<float> Values { get; init; }

    /// <summary>The gradient of the loss, before <see cref="GradientScale"/>.</summary>
    public ReadOnlySpan<float> Gradient { get; init; }

    /// <summary>The first state buffer; empty when the optimizer has none.</summary>
    public Span<float> First { get; init; }

    /// <summary>The second state buffer; empty when the optimizer has fewer.</summary>
    public Span<float> Second { get; init; }

    /// <summary>The learning rate of this step.</summary>
    public float LearningRate { get; init; }

    /// <summary>The factor by which every gradient is multiplied first.</summary>
    public float GradientScale { get; init; }

    /// <summary>The number of this step, from 1.</summary>
    public long Step { get; init; }
}
