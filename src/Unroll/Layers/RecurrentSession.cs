using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>A recurrent layer run one step at a time, as its input arrives: sensor rows, audio frames, symbols being written. Gives the same numbers as
/// <see cref="Recurrent.Forward"/> over all steps at once, and allocates nothing. Several sessions over the same layer may run on threads of their
/// own, each with its own state; one session is used by one thread at a time. Follows the layer's parameters as they change.
/// <code>
/// RecurrentSession session = layer.NewSession();
/// while (source.Read(x)) { session.Step(x, y); … }
/// </code></summary>
public sealed class RecurrentSession
{
    private readonly Recurrent layer;
    private readonly CellWorkspace[] workspaces;
    private readonly float[][] rows;
    // Where what lies between layers is computed.
    private readonly Tape tape = new();
    private int threads;

    internal RecurrentSession(Recurrent layer, int batch)
    {
        if (layer.Options.Bidirectional || layer.Options.Reversed) throw new BadUsageException("a bidirectional or reversed layer reads each sequence from its end, which a session does not have; use Forward over whole sequences.");
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        (this.layer, Batch) = (layer, batch);
        State = layer.NewState(batch);
        workspaces = [.. Enumerable.Range(0, layer.Options.Layers).Select(i => layer.Executor(i).Rent())];
        // What goes into each layer, and what comes out of the last.
        rows = [.. workspaces.Select((_, i) => NewRows(layer.Executor(i).InputSize)), NewRows(layer.OutputSize)];

        float[] NewRows(int size) => GC.AllocateArray<float>(checked(batch * size), pinned: true);
    }

    /// <summary>Sequences side by side.</summary>
    public int Batch { get; }

    /// <summary>The states after the last step, at first zero: to read, to set (<see cref="RecurrentState.Values"/>, <see cref="RecurrentState.CopyTo"/>) or to
    /// clear where another sequence begins (<see cref="RecurrentState.Clear"/>).</summary>
    public RecurrentState State { get; }

    /// <summary>Runs one step of every sequence.</summary>
    /// <param name="x">[batch, input features], row-major.</param>
    /// <param name="y">Receives [batch, output features].</param>
    /// <exception cref="ShapeException">x or y is of another size.</exception>
    public void Step(ReadOnlySpan<float> x, Span<float> y)
    {
        if (x.Length != rows[0].Length) throw new ShapeException($"RecurrentSession: x has {x.Length} numbers; a step of this session takes [{Batch}, {layer.InputSize}], that is {rows[0].Length}.");
        if (y.Length != rows[^1].Length) throw new ShapeException($"RecurrentSession: y has room for {y.Length} numbers; a step of this session gives [{Batch}, {layer.OutputSize}], that is {rows[^1].Length}.");
        // How the work is shared depends on how many threads there are.
        if (threads != ThreadTeam.Available) Bind();
        x.CopyTo(rows[0]);
        for (int i = 0; i < workspaces.Length; i++)
        {
            layer.Executor(i).Planned(training: false);
            workspaces[i].Forward();
            if (layer.Join(i) is { } join) Join(join, i);
        }
        rows[^1].CopyTo(y);
    }

    private void Join(LayerJoin join, int i)
    {
        Tensor Of(float[] values) => Tensor.From(values, [Batch, 1, values.Length / Batch]);

        tape.Begin(gradients: false);
        join.Forward(Of(rows[i]), Of(rows[i + 1]), []).Span.CopyTo(rows[i + 1]);
        tape.End();
    }

    private void Bind()
    {
        int states = layer.States;
        for (int i = 0; i < workspaces.Length; i++)
        {
            if (threads != 0)
            {
                workspaces[i].Release();
                workspaces[i] = layer.Executor(i).Rent();
            }
            CellWorkspace workspace = workspaces[i];
            workspace.Begin(forTraining: false, Batch, time: 1, [], reversed: false);
            workspace.SetInput(rows[i]);
            workspace.SetOutput(rows[i + 1], rows[i + 1].Length / Batch, 0);
            for (int s = 0; s < states; s++)
            {
                Span<float> values = State.Values(i * states + s);
                workspace.SetInitial(s, values);
                workspace.SetFinal(s, values);
            }
        }
        threads = ThreadTeam.Available;
    }
}
