using Unroll.Layers;
using Unroll.Tensors;

namespace Unroll.Tasks.LanguageModel;

/// <summary>What a language model is built of, but for its vocabulary.</summary>
/// <param name="Cell">The recurrent cell's name.</param>
/// <param name="Hidden">Units of the recurrent layers.</param>
/// <param name="Layers">What is around the cells.</param>
/// <param name="Embedding">Features of a symbol.</param>
/// <param name="Tie">Whether the embedding is the last layer's weights too.</param>
internal sealed record LanguageModelShape(string Cell, int Hidden, RecurrentOptions Layers, int Embedding, bool Tie)
{
    private static readonly TaskOption EmbeddingOption = new("embedding", OptionKind.Whole, "features of a symbol; 0 for as many as --hidden, with --tie as the last layer's units")
    {
        Default = "0",
        Minimum = 0,
        Maximum = 65536,
        Group = "Model",
    };

    internal static readonly TaskOption TieOption = new("tie", OptionKind.Flag, "use the embedding as the weights of the last layer too") { Group = "Model" };

    private static readonly TaskOption LastHidden = new("last-hidden", OptionKind.Whole, "units of the last recurrent layer; 0 for as many as --hidden") { Default = "0", Minimum = 0, Maximum = 65536, Group = "Model" };

    private static readonly TaskOption Width = new("embedding-init", OptionKind.Number, "the embedding and a full softmax's weights begin uniform in ±X (default: normal with variance 1; ±1/√inputs)")
    {
        Minimum = 0,
        Exclusive = true,
        Group = "Model",
    };

    private static readonly TaskOption WordDropout = CommonOptions.Dropout with { Name = "embedding-dropout", Help = "share of the symbols dropped while training, each wherever it stands in a step" };

    private static readonly TaskOption AtInputs = new("dropout-inputs", OptionKind.Flag, "let --dropout act before the first recurrent layer too") { Group = "Model" };

    private static readonly TaskOption Activation = new("activation-reg", OptionKind.Number, "adds so much of the mean square of the last layer's units to the loss (AR)") { Default = "0", Minimum = 0, Group = "Training" };

    private static readonly TaskOption Temporal = Activation with { Name = "temporal-activation-reg", Help = "the same of their change from step to step (TAR)" };

    /// <summary>The options that are a language model's own.</summary>
    public static IReadOnlyList<TaskOption> Options { get; } = [EmbeddingOption, LastHidden, TieOption, Width, WordDropout, AtInputs, Activation, Temporal];

    /// <summary>Half the width of the embedding's first values; null for the layers' own.</summary>
    public float? EmbeddingWidth { get; init; }

    /// <summary>The share of symbols dropped.</summary>
    public float EmbeddingDropout { get; init; }

    /// <summary>Whether dropout acts on what the first recurrent layer reads.</summary>
    public bool DropoutOnInputs { get; init; }

    /// <summary>The weight of the activations' mean square.</summary>
    public float ActivationWeight { get; init; }

    /// <summary>The weight of the mean square of their change.</summary>
    public float TemporalWeight { get; init; }

    /// <summary>What settings ask for.</summary>
    /// <exception cref="BadUsageException">They do not go together.</exception>
    public static LanguageModelShape Of(TaskSettings settings)
    {
        int hidden = settings.Whole(CommonOptions.Hidden.Name), last = settings.Whole(LastHidden.Name), embedding = settings.Whole(EmbeddingOption.Name);
        bool tie = settings.Flag(TieOption.Name);
        if (last == 0) last = hidden;
        if (embedding == 0) embedding = tie ? last : hidden;
        if (tie && embedding != last) throw new BadUsageException(
            $"--tie needs as many features of a symbol as units of the last layer; found --embedding {embedding} and {(last == hidden ? "--hidden" : "--last-hidden")} {last}. Make them equal, or give --last-hidden {embedding}.");
        return new LanguageModelShape(settings.Text(CommonOptions.Cell.Name), hidden, CommonOptions.ToRecurrentOptions(settings) with { LastHiddenSize = last }, embedding, tie)
        {
            EmbeddingWidth = settings.Find(Width.Name) is null ? null : (float)settings.Number(Width.Name),
            EmbeddingDropout = (float)settings.Number(WordDropout.Name),
            DropoutOnInputs = settings.Flag(AtInputs.Name),
            ActivationWeight = (float)settings.Number(Activation.Name),
            TemporalWeight = (float)settings.Number(Temporal.Name),
        };
    }

    /// <summary>Activation regularisation, α·mean(dropped²) + β·mean((hₜ₊₁ − hₜ)²); no tensor where both weights are 0.
    /// Merity, McCann &amp; Socher 2017, "Revisiting activation regularization for language RNNs".</summary>
    /// <param name="output">The last layer's output, [batch, time, units].</param>
    /// <param name="dropped">The same after dropout.</param>
    public Tensor Penalty(Tensor output, Tensor dropped)
    {
        Tensor penalty = default;
        if (ActivationWeight > 0) penalty = dropped.Square().Mean() * ActivationWeight;
        int changes = output.Shape[1] - 1;
        if (TemporalWeight == 0 || changes == 0) return penalty;
        Tensor temporal = (output.Slice(1, 1, changes) - output.Slice(1, 0, changes)).Square().Mean() * TemporalWeight;
        return penalty.IsEmpty ? temporal : penalty + temporal;
    }
}
