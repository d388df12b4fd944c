using Unroll.Cells;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Tagging;

/// <summary>Reads a sentence, each word as a whole and by its characters, and scores the tags of every token.</summary>
internal sealed class TagNetwork : Module
{
    private readonly WordEncoder? _characters;
    private readonly Dropout _dropout;
    private readonly Linear _output;

    /// <summary>Builds the layers that settings ask for.</summary>
    /// <param name="words">How many words there are.</param>
    /// <param name="characters">How many characters.</param>
    /// <param name="tags">How many tags.</param>
    /// <param name="settings">The options.</param>
    public TagNetwork(int words, int characters, int tags, TaskSettings settings)
    {
        string kind = settings.Text(TagTask.Characters.Name);
        int features = settings.Whole(TagTask.CharacterFeatures.Name), units = settings.Whole(TagTask.CharacterUnits.Name);
        if (kind != TagTask.NoCharacters)
            _characters = Add<WordEncoder>("characters", kind == TagTask.Recurrent ? new RecurrentWordEncoder(CellCatalogue.Find(settings.Text(CommonOptions.Cell.Name)).Create(), characters, features, units)
                : new ConvolutionalWordEncoder(characters, features, 2 * units));
        Encoder = Add("encoder", new TokenEncoder(words, settings, _characters?.OutputSize ?? 0));
        _dropout = Add("dropout", new Dropout((float)settings.Number(CommonOptions.Dropout.Name)));
        _output = Add("output", new Linear(Encoder.Recurrent.OutputSize, tags));
        if (settings.Text(TagTask.Crf.Name) == TagTask.On) Crf = Add("crf", new ConditionalRandomField(tags));
        Summary = $"{Encoder.Describe()}{(_characters is null ? "" : $", {kind} characters {characters:N0} × {features} → {_characters.OutputSize}")}, linear {Encoder.Recurrent.OutputSize} → {tags}{(Crf is null ? "" : ", conditional random field")}; {ParameterCount:N0} parameters";
    }

    /// <summary>What reads the words.</summary>
    public TokenEncoder Encoder { get; }

    /// <summary>What judges the tags of a sentence together; null if each stands on its own.</summary>
    public ConditionalRandomField? Crf { get; }

    /// <summary>Whether words are read character by character.</summary>
    public bool ReadsCharacters => _characters is not null;

    /// <summary>The layers in words.</summary>
    public string Summary { get; }

    /// <summary>Scores tags.</summary>
    /// <param name="batch">The words.</param>
    /// <param name="characters">Their characters; left alone where they are not read.</param>
    /// <returns>[batch, time, tags].</returns>
    public Tensor Forward(TokenBatch batch, CharacterBatch characters)
    {
        Tensor more = _characters is null ? default
            : _characters.Forward(characters.Characters, characters.Time, characters.Lengths).Gather(characters.Places(batch.Count * batch.Time), [batch.Count, batch.Time]);
        return _output.Forward(_dropout.Forward(Encoder.Forward(batch, more)));
    }

    /// <summary>The mean negative log-likelihood of the right tags over all tokens.</summary>
    /// <param name="scores">[batch, time, tags].</param>
    /// <param name="batch">The words.</param>
    /// <param name="targets">The tags [batch, time]; −1 beyond a sentence's end.</param>
    public Tensor Loss(Tensor scores, TokenBatch batch, ReadOnlySpan<int> targets) =>
        Crf is null ? Likelihood.Categorical(scores, targets) : Crf.Loss(scores, targets, batch.Lengths);
}
