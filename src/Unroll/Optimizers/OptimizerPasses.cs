using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Optimizers;

/// <summary>The two passes of an optimizer's step over all parameters as if they were one: the threads share out the elements, so that many small parameters cost
/// no more than one of their size. What is done to a stretch of elements is done while it is in the second-level cache.</summary>
internal abstract class OptimizerPass : TeamWork
{
    /// <summary>Elements worked on at a time: four buffers of as many fit the second-level cache.</summary>
    protected const int Piece = 1 << 13;

    /// <summary>Elements that are worth a thread of their own.</summary>
    private const int ElementsPerThread = 1 << 14;

    /// <summary>The parameters of the pass at hand.</summary>
    protected IReadOnlyList<Parameter> Parameters { get; private set; } = [];

    private long _elements;

    /// <summary>Works on elements [from, to) of one parameter, at most <see cref="Piece"/>.</summary>
    /// <param name="parameter">Which parameter.</param>
    /// <param name="piece">Which piece of all, counted through the parameters.</param>
    /// <param name="from">The first element, a multiple of <see cref="Piece"/>.</param>
    /// <param name="to">The end.</param>
    protected abstract void Run(int parameter, int piece, int from, int to);

    /// <summary>Goes through all elements once.</summary>
    protected void Start(IReadOnlyList<Parameter> parameters)
    {
        Parameters = parameters;
        Count(parameters, out _elements);
        ThreadTeam.Run(this, (int)Math.Clamp(_elements / ElementsPerThread, 1, ThreadTeam.Available));
        Parameters = [];
    }

    /// <summary>How many pieces and elements there are.</summary>
    protected static int Count(IReadOnlyList<Parameter> parameters, out long elements)
    {
        int pieces = 0;
        elements = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            int count = parameters[i].Shape.Count;
            pieces += (int)(((long)count + Piece - 1) / Piece);
            elements += count;
        }
        return pieces;
    }

    /// <summary>A part has the pieces that begin in its share of the elements.</summary>
    public sealed override void Run(int part, int parts)
    {
        long first = _elements * part / parts, end = _elements * (part + 1) / parts, before = 0;
        int piece = 0;
        for (int i = 0; i < Parameters.Count && before < end; i++)
        {
            int count = Parameters[i].Shape.Count;
            for (int from = 0; from < count; from += Piece, piece++)
                if (before + from >= first && before + from < end) Run(i, piece, from, Math.Min(count, from + Piece));
            before += count;
        }
    }
}

/// <summary>The Euclidean norm of all gradients in one reading pass. Each piece is summed by one thread and the sums are added in their order, in double precision,
/// so the bits do not depend on the number of threads.</summary>
internal sealed class GradientNorm : OptimizerPass
{
    private double[] _sums = [];

    /// <summary>The norm. Not finite when an element is not, or is too large to be squared.</summary>
    public double Of(IReadOnlyList<Parameter> parameters)
    {
        int pieces = Count(parameters, out _);
        if (_sums.Length < pieces) _sums = new double[pieces];
        Start(parameters);
        double sum = 0;
        for (int i = 0; i < pieces; i++) sum += _sums[i];
        return Math.Sqrt(sum);
    }

    protected override void Run(int parameter, int piece, int from, int to) => _sums[piece] = VectorMath.SumOfSquares(Parameters[parameter].Gradient[from..to]);
}
