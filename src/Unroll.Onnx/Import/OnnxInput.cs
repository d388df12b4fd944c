using Unroll.Onnx.Messages;

namespace Unroll.Onnx;

/// <summary>An input of an <see cref="OnnxNetwork"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsInteger">Whether it takes whole numbers or truth values, not a tensor.</param>
/// <param name="Dimensions">Its sizes, outermost first: numbers, and names for sizes that may differ from call to call, "?" for one without a name; null where the file does not say.</param>
public sealed record OnnxInput(string Name, bool IsInteger, IReadOnlyList<string>? Dimensions)
{
    internal static OnnxInput Of(ValueInfoProto input)
    {
        TypeProto.Types.Tensor? type = input.Type?.TensorType;
        bool isInteger = (TensorProto.Types.DataType)(type?.ElemType ?? 0) is TensorProto.Types.DataType.Int64 or TensorProto.Types.DataType.Int32 or TensorProto.Types.DataType.Bool;
        return new(input.Name, isInteger, type?.Shape is not { } shape ? null : [.. shape.Dim.Select(size => size.HasDimValue ? size.DimValue.ToString(System.Globalization.CultureInfo.InvariantCulture) : size.DimParam.Length > 0 ? size.DimParam : "?")]);
    }

    /// <summary>Name and sizes: <c>words [batch, time]</c>.</summary>
    public override string ToString() => Dimensions is null ? Name : $"{Name} [{string.Join(", ", Dimensions)}]";
}
