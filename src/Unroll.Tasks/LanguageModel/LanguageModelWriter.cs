using Unroll.Data;
using Unroll.Decoding;
using Unroll.Tensors;

namespace Unroll.Tasks.LanguageModel;

/// <summary>Writes text with a language model.</summary>
internal static class LanguageModelWriter
{
    /// <summary>Writes text, a piece at a time.</summary>
    /// <param name="network">The model.</param>
    /// <param name="vocabulary">Its symbols.</param>
    /// <param name="request">What to write.</param>
    /// <param name="warn">Told what of the prime is unknown.</param>
    public static IEnumerable<string> Write(LanguageModelNetwork network, Vocabulary vocabulary, GenerationRequest request, Action<string> warn)
    {
        if (request.Length < 0) throw new BadUsageException($"The length is {request.Length}; expected 0 or more.");
        var random = new RandomState(request.Seed);
        var sampler = new Sampler(request.Sampling, random) { Never = vocabulary.Unknown };
        string prime = request.Prime;
        // Words bring the space before them along, so one at the end of the prime would be one too many.
        if (vocabulary.Level == TextLevel.Word && prime.EndsWith(' ') && !prime.EndsWith("  ", StringComparison.Ordinal)) prime = prime[..^1];
        EncodedText encoded = vocabulary.Encode(prime);
        if (encoded.DescribeUnknown() is { } unknown) warn($"in the prime, {unknown}; {(vocabulary.Unknown >= 0 ? "read as the unknown symbol" : "left out")}");
        return Run();

        IEnumerable<string> Run()
        {
            var writer = new SymbolWriter(vocabulary);
            int length = request.Length;
            int[] read = encoded.Symbols;
            foreach (int symbol in read) yield return writer.Write(symbol);
            if (read.Length == 0 && length > 0)
            {
                // A text begins after a line break; where the model knows none, with any symbol.
                if (vocabulary.LineEnd is var lineEnd && lineEnd >= 0) read = [lineEnd];
                else
                {
                    bool avoids = vocabulary.Unknown >= 0 && vocabulary.Count > 1;
                    int first = random.NextInt(avoids ? vocabulary.Count - 1 : vocabulary.Count);
                    read = [avoids && first >= vocabulary.Unknown ? first + 1 : first];
                    yield return writer.Write(read[0]);
                    length--;
                }
            }
            if (length > 0)
                foreach (int symbol in Continuation.Sample(new LanguageModelSession(network), sampler, read, length)) yield return writer.Write(symbol);
            yield return writer.Finish();
        }
    }
}
