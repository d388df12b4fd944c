using System.Text.Json;

namespace Unroll.Data;

/// <content>How the pairs are kept in a model file.</content>
internal sealed partial class BytePairEncoding
{
    /// <summary>The pairs as one JSON array: left and right piece of each in turn.</summary>
    public string ToJson() => JsonText.OfList(_merges.SelectMany(IEnumerable<string> (pair) => [pair.Left, pair.Right]));

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The JSON array.</param>
    /// <param name="what">What to call it in a message.</param>
    /// <exception cref="BadInputException">It is not such an array.</exception>
    public static BytePairEncoding FromJson(string json, string what)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            string[] pieces = [.. document.RootElement.EnumerateArray().Select(piece => piece.GetString() ?? "")];
            if (pieces.Length % 2 != 0 || Array.Exists(pieces, piece => piece.Length == 0))
                throw new BadInputException($"{what}: damaged: found {pieces.Length} pieces of pairs, or an empty one; expected two for each pair.");
            return new BytePairEncoding([.. pieces.Chunk(2).Select(pair => (pair[0], pair[1]))]);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{what}: damaged: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
