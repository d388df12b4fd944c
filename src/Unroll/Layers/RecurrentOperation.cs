using Unroll.Kernels;
using Unroll.Tensors;

namespace Unroll.Layers;

/// <summary>One layer of a recurrent network, all directions and steps, as one operation of the tape. Inputs: x, the parameters of each
/// direction, and the initial states of each direction if given; outputs: y and the final states of each direction. Integers: number of the
/// layer's first executor, whether there are initial states, whether the noise within the steps acts, the two halves of its key; then the lengths.</summary>
internal sealed class RecurrentOperation : Operation
{
    public static readonly RecurrentOperation Instance = new();

    public override string Name => "Recurrent";

    public override void Shapes(OperationCall call)
    {
        var (layer, executor, directions, states) = Of(call);
        Shape x = call.InputShape(0);
        call.AddOutput([x[0], x[1], executor.Equations.OutputValue!.Size * directions]);
        for (int i = 0; i < directions * states; i++) call.AddOutput([x[0], executor.Equations.States[i % states].Previous.Size]);
    }

    public override void Forward(OperationCall call)
    {
        var (layer, _, directions, states) = Of(call);
        var workspaces = layer.RentWorkspaces(call.Integer(0));
        call.Workspace = workspaces;
        Shape x = call.InputShape(0);
        int stride = call.OutputShape(0)[2];
        for (int direction = 0; direction < directions; direction++)
        {
            CellWorkspace workspace = workspaces[direction];
            Drop(call, direction);
            workspace.Begin(call.NeedsGradient, x[0], x[1], call.Integers(0), reversed: layer.IsReversed(direction), layer.Options.Recompute, IsNoisy(call) ? DropoutMask.KeyOf((uint)call.Integer(3) | ((ulong)(uint)call.Integer(4) << 32), direction) : null);
            workspace.SetInput(call.Input(0));
            workspace.SetOutput(call.Output(0), stride, stride / directions * direction);
            for (int s = 0; s < states; s++)
            {
                if (call.Integer(1) != 0) workspace.SetInitial(s, call.Input(FirstState(call) + direction * states + s));
                workspace.SetFinal(s, call.Output(1 + direction * states + s));
            }
            workspace.Forward();
        }
    }

    public override void Backward(OperationCall call)
    {
        var (layer, _, directions, states) = Of(call);
        var workspaces = (RecurrentWorkspaces)call.Workspace!;
        for (int direction = 0, parameter = 1; direction < directions; direction++)
        {
            CellWorkspace workspace = workspaces[direction];
            if (call.HasOutputGradient(0)) workspace.SetOutputGradient(call.OutputGradient(0));
            for (int s = 0; s < states; s++)
            {
                int final = 1 + direction * states + s;
                if (call.HasOutputGradient(final)) workspace.SetFinalGradient(s, call.OutputGradient(final));
                int initial = FirstState(call) + direction * states + s;
                if (call.Integer(1) != 0 && call.Needs(initial)) workspace.SetInitialGradient(s, call.InputGradient(initial));
            }
            // Another call of the step may have dropped other weights since.
            if (layer.Executor(call.Integer(0) + direction).DroppedFor != workspaces && Drop(call, direction)) layer.Executor(call.Integer(0) + direction).Planned(training: true, noisy: true);
            PinnedSpans gradients = workspaces.Gradients[direction];
            int count = layer.Executor(call.Integer(0) + direction).Parameters.Length;
            for (int p = 0; p < count; p++, parameter++)
            {
                if (call.Needs(parameter)) gradients.Set(p, call.InputGradient(parameter));
                else gradients.Clear(p);
            }
            bool isFirst = false;
            workspace.Backward(gradients, call.Needs(0) ? call.InputGradient(0, out isFirst) : [], add: !isFirst);
        }
    }

    private static bool IsNoisy(OperationCall call) => call.Integer(2) != 0;

    /// <summary>Gives a direction's executor the call's recurrent matrices, if weights are dropped.</summary>
    private static bool Drop(OperationCall call, int direction)
    {
        var (layer, executor, _, _) = Of(call);
        if (!IsNoisy(call) || layer.Options.Regularization.WeightDrop == 0) return false;
        int count = executor.Parameters.Length;
        executor = layer.Executor(call.Integer(0) + direction);
        for (int p = 0; p < count; p++)
            if (executor.IsRecurrent[p]) executor.Drop(p, call.Input(1 + direction * count + p));
        executor.DroppedFor = call.Workspace;
        return true;
    }

    internal static (Recurrent Layer, CellExecutor Executor, int Directions, int States) Of(OperationCall call)
    {
        var layer = (Recurrent)call.Context!;
        return (layer, layer.Executor(call.Integer(0)), layer.Directions, layer.States);
    }

    /// <summary>Which input is the first of the initial states.</summary>
    internal static int FirstState(OperationCall call)
    {
        var (layer, executor, directions, _) = Of(call);
        return 1 + directions * executor.Parameters.Length;
    }
}

/// <summary>What a layer read in one direction, in a call that was recorded; as long as the step's memory is there. Steps are counted the way the direction goes.</summary>
internal readonly struct RecurrentReading(OperationCall call, int direction)
{
    /// <summary>How many directions a call has.</summary>
    public static int Directions(OperationCall call) => RecurrentOperation.Of(call).Directions;

    /// <summary>What ran the direction.</summary>
    public CellExecutor Executor => RecurrentOperation.Of(call).Layer.Executor(call.Integer(0) + direction);

    public int Batch => call.InputShape(0)[0];
    public int Time => call.InputShape(0)[1];
    public int Features => call.InputShape(0)[2];

    /// <summary>Steps of a sequence.</summary>
    public int LengthOf(int row) => call.Integers(0) is { IsEmpty: false } lengths ? lengths[row] : Time;

    /// <summary>x of a step, [features].</summary>
    public ReadOnlySpan<float> InputAt(int row, int step) => call.Input(0).Slice((row * Time + (RecurrentOperation.Of(call).Layer.IsReversed(direction) ? LengthOf(row) - 1 - step : step)) * Features, Features);

    /// <summary>A state before the first step, [batch, size]; empty where it is zero.</summary>
    public ReadOnlySpan<float> Initial(int state) => call.Integer(1) == 0 ? [] : call.Input(RecurrentOperation.FirstState(call) + direction * RecurrentOperation.Of(call).States + state);
}

/// <summary>The workspaces of a layer's directions for one call; used again by later calls.</summary>
internal sealed class RecurrentWorkspaces(Recurrent layer, int first) : IStepWorkspace
{
    private readonly CellWorkspace[] workspaces = new CellWorkspace[layer.Directions];

    /// <summary>Where each direction's parameter gradients go.</summary>
    public PinnedSpans[] Gradients { get; } =
        [.. Enumerable.Range(first, layer.Directions).Select(i => new PinnedSpans(layer.Executor(i).Parameters.Length))];

    public CellWorkspace this[int direction] => workspaces[direction] ??= layer.Executor(first + direction).Rent();

    public void Release()
    {
        for (int i = 0; i < workspaces.Length; i++)
        {
            workspaces[i]?.Release();
            workspaces[i] = null!;
        }
        layer.ReturnWorkspaces(first, this);
    }
}
