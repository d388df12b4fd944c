using System.Buffers;
using System.Text;

namespace Unroll.Tasks.LanguageModel;

/// <summary>The text that is learned when none is given: this repository's own C# source, embedded when the project is built.</summary>
internal static class SourceCorpus
{
    private const string Prefix = "source/";

    /// <summary>What to call it.</summary>
    public const string Name = "Unroll's own C# source";

    /// <summary>The source files one after the other in ordinal order of their paths, with line breaks as \n, UTF-8.</summary>
    public static byte[] Read()
    {
        var assembly = typeof(SourceCorpus).Assembly;
        var text = new ArrayBufferWriter<byte>();
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            using var reader = new StreamReader(stream, Encoding.UTF8);
            text.Write(Encoding.UTF8.GetBytes(reader.ReadToEnd().ReplaceLineEndings("\n")));
        }
        return text.WrittenSpan.ToArray();
    }
}
