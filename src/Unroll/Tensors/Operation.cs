namespace Unroll.Tensors;

/// <summary>One differentiable operation: its shape rule, its value and its derivative, together in one file. An operation keeps no state;
/// all that belongs to one use of it is in the <see cref="OperationCall"/>.</summary>
internal abstract class Operation
{
    /// <summary>The name that error messages show.</summary>
    public abstract string Name { get; }

    /// <summary>The shape rule: checks the inputs' shapes and adds every output with
    /// <see cref="OperationCall.AddOutput"/> or <see cref="OperationCall.AddView"/>.</summary>
    /// <exception cref="ShapeException">The inputs' shapes do not fit.</exception>
    public abstract void Shapes(OperationCall call);

    /// <summary>Computes the outputs from the inputs. Outputs hold arbitrary numbers before.</summary>
    public abstract void Forward(OperationCall call);

    /// <summary>Adds to the gradient of every input that <see cref="OperationCall.Needs"/> one. Called when at least one output has a gradient;
    /// with several outputs ask <see cref="OperationCall.HasOutputGradient"/> for each.</summary>
    public abstract void Backward(OperationCall call);
}

/// <summary>What an operation keeps from its forward to its backward pass beyond buffers, and wants back when the step has ended.</summary>
internal interface IStepWorkspace
{
    /// <summary>Called once, when the step's values are given up.</summary>
    void Release();
}
