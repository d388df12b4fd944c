using Google.Protobuf;
using Unroll.Files;
using Unroll.Onnx.Messages;

namespace Unroll.Onnx.Import;

/// <summary>Reads the message of an ONNX file. Nothing is made that the file has no bytes for.</summary>
internal static class ModelReader
{
    /// <summary>The versions of the operators whose meaning is known here.</summary>
    private const int FirstOpset = 7, LastOpset = 23;

    /// <exception cref="BadInputException">There is no such file, it is no ONNX model, or one of operators that are not known.</exception>
    public static (ModelProto Model, long Opset) Read(string path)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(Bytes(path));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"There is no file {path}. Check the path.", exception);
        }
        // Google.Protobuf 3.25 reaches for a number beyond the end of some files that were cut off.
        catch (Exception exception) when (exception is InvalidProtocolBufferException or IndexOutOfRangeException)
        {
            throw new BadInputException($"{path} is no ONNX model, or is damaged ({OneLine.Of(exception)}). Fetch or export it again.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BadInputException($"Cannot read {path}: {OneLine.Of(exception)}.", exception);
        }
        if (model.Graph is null) throw new BadInputException($"{path} has no graph; expected an ONNX model. Fetch or export it again.");
        OperatorSetIdProto[] sets = [.. model.OpsetImport.Where(set => IsOnnx(set.Domain))];
        if (sets is not [{ Version: >= FirstOpset and <= LastOpset } known])
            throw new BadInputException($"{path} uses {(sets.Length == 0 ? "no opset of ONNX" : $"the opset {string.Join(" and ", sets.Take(3).Select(set => set.Version))}")}; expected one from {FirstOpset} to {LastOpset}. Export it for one of these.");
        return (model, known.Version);
    }

    /// <summary>Whether a domain is that of ONNX's own operators.</summary>
    public static bool IsOnnx(string domain) => domain is "" or "ai.onnx";

    private static byte[] Bytes(string path)
    {
        if (Directory.Exists(path)) throw new BadInputException($"{path} is a folder; name a file in it.");
        using FileStream stream = File.OpenRead(path);
        if (!stream.CanSeek) throw new BadInputException($"{path} is a stream; save it to a file first.");
        if (stream.Length > Array.MaxLength) throw new BadInputException($"{path} has {stream.Length} bytes; an ONNX model has at most {Array.MaxLength}.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
