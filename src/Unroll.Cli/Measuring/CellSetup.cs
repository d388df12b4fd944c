using System.Globalization;
using Unroll.Cells;
using Unroll.Layers;
using Unroll.Tasks;
using Unroll.Tensors;

namespace Unroll.Cli.Measuring;

/// <summary>A cell and how it starts, as one word: <c>lstm</c>, <c>elman@orthogonal:0.9</c>, <c>lstm@forget:3</c>.</summary>
/// <param name="Name">The word.</param>
/// <param name="Variant">The cell.</param>
/// <param name="Start">How the matrices that multiply a state start; null where the word does not say it.</param>
/// <param name="ForgetBias">Where the bias of a forget gate starts; null where the word does not say it.</param>
internal sealed record CellSetup(string Name, CellVariant Variant, Initializer? Start, float? ForgetBias)
{
    /// <summary>What <see cref="TryParseStart"/> takes, for messages.</summary>
    public const string ExpectedStart = "default, orthogonal[:GAIN] or identity[:GAIN], such as orthogonal:0.9";

    private static readonly string[] Starts = ["default", "orthogonal", "identity"];
    private static readonly string[] Activations = ["tanh", .. CellCatalogue.All.Where(cell => cell.Name.StartsWith("elman-", StringComparison.Ordinal)).Select(cell => cell.Name[6..])];

    /// <summary>The nonlinearities that some cell is to be had with.</summary>
    public static IReadOnlyList<string> KnownActivations => Activations;

    /// <summary>Reads how matrices start.</summary>
    /// <param name="text">The words.</param>
    /// <param name="start">The initialiser; null for the cell's own.</param>
    /// <returns>Null, or what is wrong: what was expected.</returns>
    public static string? TryParseStart(string text, out Initializer? start)
    {
        start = null;
        string[] words = text.Split(':');
        float gain = 1;
        bool hasGain = words.Length == 2 && TryParseFinite(words[1], out gain);
        if (words.Length > 2 || words.Length == 2 && (!hasGain || words[0] == "default") || !Starts.Contains(words[0]))
            return ExpectedStart + (Starts.Contains(words[0]) ? "" : "." + NearestWord.Suggest(words[0], Starts)).TrimEnd('.');
        start = words[0] switch { "orthogonal" => Initializer.Orthogonal(gain), "identity" => Initializer.Identity(gain), _ => null };
        return null;
    }

    /// <summary>Reads cells with commas between.</summary>
    /// <param name="text">The words, each NAME, NAME@START or NAME@forget:BIAS.</param>
    /// <param name="setups">The cells.</param>
    /// <returns>Null, or what is wrong: what was expected.</returns>
    public static string? TryParse(string text, out CellSetup[] setups)
    {
        var found = new List<CellSetup>();
        setups = [];
        foreach (string word in text.Split(','))
        {
            string[] parts = word.Split('@', 2);
            CellVariant? variant = CellCatalogue.All.FirstOrDefault(cell => cell.Name.Equals(parts[0], StringComparison.OrdinalIgnoreCase));
            if (variant is null) return $"cells that 'unroll cells' lists, such as elman,lstm or elman@orthogonal:0.9.{NearestWord.Suggest(parts[0], CellCatalogue.All.Select(cell => cell.Name))}".TrimEnd('.');
            var setup = new CellSetup(parts.Length == 2 ? $"{variant.Name}@{parts[1]}" : variant.Name, variant, null, null);
            if (parts.Length == 1) found.Add(setup);
            else if (parts[1].StartsWith("forget:", StringComparison.Ordinal) && TryParseFinite(parts[1][7..], out float bias)) found.Add(setup with { ForgetBias = bias });
            else if (TryParseStart(parts[1], out Initializer? start) is not { } expected) found.Add(setup with { Start = start });
            else return $"after @ forget:BIAS, {expected}";
        }
        setups = [.. found];
        return null;
    }

    /// <summary>The same cells with another nonlinearity, those that are to be had with it; the others stay as they are.</summary>
    /// <exception cref="BadUsageException">None is.</exception>
    public static CellSetup[] WithActivation(CellSetup[] setups, string activation)
    {
        CellVariant? Other(CellSetup setup) => CellCatalogue.All.FirstOrDefault(cell => cell.Name == (activation == "tanh" ? setup.Variant.Name : $"{setup.Variant.Name}-{activation}") && setup.Variant.Name == "elman");
        if (setups.All(setup => Other(setup) is null)) throw new BadUsageException(
            $"--activation {activation}: {string.Join(", ", setups.Select(setup => setup.Variant.Name).Distinct())} has its own nonlinearities; the cell whose nonlinearity can be chosen is elman.");
        return [.. setups.Select(setup => Other(setup) is { } variant ? setup with { Name = setup.Name.Replace(setup.Variant.Name, variant.Name, StringComparison.Ordinal), Variant = variant } : setup)];
    }

    private static bool TryParseFinite(string text, out float value) => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && float.IsFinite(value);

    /// <summary>The layer with its first weights.</summary>
    /// <param name="input">Features of the input.</param>
    /// <param name="hidden">The hidden size.</param>
    /// <param name="start">How recurrent matrices start where the word does not say it; null for the cell's own.</param>
    /// <param name="forgetBias">Where the bias of a forget gate starts, where the word does not say it.</param>
    /// <param name="seed">The seed.</param>
    public Recurrent Layer(int input, int hidden, Initializer? start, float forgetBias, ulong seed)
    {
        var layer = new Recurrent(Variant.Create(), input, hidden, new RecurrentOptions { StateWeights = Start ?? start, ForgetBias = ForgetBias ?? forgetBias });
        layer.Initialize(new RandomState(seed));
        return layer;
    }
}
