namespace Unroll.Files;

/// <summary>The element types of the safetensors format.</summary>
public enum DataType
{
    /// <summary>One byte, 0 or 1 (<c>BOOL</c>).</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>8-bit floating point with 5 exponent bits (<c>F8_E5M2</c>).</summary>
    F8E5M2,

    /// <summary>8-bit floating point with 4 exponent bits (<c>F8_E4M3</c>).</summary>
    F8E4M3,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Half precision.</summary>
    F16,

    /// <summary>The upper half of a single: 8 exponent bits.</summary>
    BF16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Single precision.</summary>
    F32,

    /// <summary>Double precision.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,
}

/// <summary>The names and sizes of the element types, in one table.</summary>
internal static class DataTypes
{
    private static readonly (string Name, int Bytes)[] Table =
    [
        ("BOOL", 1), ("U8", 1), ("I8", 1), ("F8_E5M2", 1), ("F8_E4M3", 1), ("I16", 2), ("U16", 2), ("F16", 2), ("BF16", 2),
        ("I32", 4), ("U32", 4), ("F32", 4), ("F64", 8), ("I64", 8), ("U64", 8),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", Table.Select(row => row.Name));

    /// <summary>The name the file format uses.</summary>
    public static string NameOf(DataType type) => Table[(int)type].Name;

    /// <summary>The size of one element in bytes.</summary>
    public static int BytesOf(DataType type) => Table[(int)type].Bytes;

    /// <summary>The type with a name, or false.</summary>
    public static bool TryParse(string name, out DataType type)
    {
        int index = Array.FindIndex(Table, row => row.Name == name);
        type = (DataType)Math.Max(index, 0);
        return index >= 0;
    }
}
