using System.Globalization;
using Unroll.Data;

namespace Unroll.Tasks.Classification;

/// <summary>How much a text of each label counts in the loss: a weighted mean, so that rare labels are not drowned by frequent ones.</summary>
internal static class ClassWeights
{
    private const string Balanced = "balanced", Key = "class-weights", Expected = "none, balanced, or LABEL:WEIGHT,… with weights above 0, such as spam:5,ham:1";

    /// <summary>What is said about them.</summary>
    internal static readonly TaskOption Option = new(Key, OptionKind.Text, "how much a text counts in the loss: none, balanced (texts / (labels × texts of its label)) or LABEL:WEIGHT,…, 1 for the others")
    {
        Default = "none",
        Placeholder = "WORDS",
        Group = "Training",
        Check = static value => value is "none" or Balanced || Parse(value) is not null ? null : Expected,
    };

    /// <summary>The weights, by the labels' numbers; null where all count the same.</summary>
    /// <param name="option">What was said.</param>
    /// <param name="labels">The labels.</param>
    /// <param name="counts">How many texts to learn have each label.</param>
    /// <exception cref="BadUsageException">It names a label that there is not.</exception>
    public static float[]? Of(string option, TokenVocabulary labels, SymbolCounts counts)
    {
        if (option == "none") return null;
        float[] weights = new float[labels.Count];
        Array.Fill(weights, 1);
        if (option == Balanced)
            foreach ((string label, long count) in counts.ByFrequency()) weights[labels.NumberOf(label)] = (float)((double)counts.Total / (labels.Count * count));
        else
            foreach ((string label, float weight) in Parse(option)!)
                weights[labels.Contains(label) ? labels.NumberOf(label) : throw new BadUsageException(
                    $"--{Key} {option}: no text has the label {Vocabulary.Show(label)}; the labels are {string.Join(", ", labels.Tokens.Take(20))}.")] = weight;
        return weights;
    }

    /// <summary>Weights as they stand in a model file.</summary>
    public static string ToText(float[] weights) => string.Join(' ', weights.Select(weight => weight.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>Reads what <see cref="ToText"/> wrote.</summary>
    /// <exception cref="BadInputException">It is not so many weights.</exception>
    public static float[] FromText(string text, int labels)
    {
        float[] weights = [.. text.Split(' ').Select(word => float.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out float weight) && weight > 0 ? weight : 0)];
        return weights.Length == labels && !weights.Contains(0) ? weights : throw new BadInputException($"The model's class weights are damaged: expected {labels} numbers above 0.");
    }

    private static List<(string Label, float Weight)>? Parse(string option)
    {
        var weights = new List<(string, float)>();
        foreach (string pair in option.Split(','))
        {
            // A label may have colons of its own.
            int colon = pair.LastIndexOf(':');
            if (colon < 1 || !float.TryParse(pair[(colon + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out float weight) || !(weight > 0 && float.IsFinite(weight))) return null;
            weights.Add((pair[..colon].Trim(), weight));
        }
        return weights;
    }
}
