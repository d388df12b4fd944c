using System.Globalization;
using System.Text;
using System.Text.Json;
using Unroll.Data;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Tagging;

/// <summary>A model that tags sentences.</summary>
internal sealed class TagModel : ExampleModel<TaggedSentence, TaggedSentences, TagBatch>
{
    private const string WordsKey = "words", CharactersKey = "characters", TagsKey = "tags", SchemeKey = "tag_scheme", WrittenKey = "tag_scheme_written";
    private const int JudgedTogether = 64;

    /// <summary>Of longer words the beginning and the end are read, half of this each.</summary>
    private const int MostCharacters = 64;

    private readonly TokenVocabulary _words, _characters, _tags;
    /// <summary>The rules the network's tags keep, and those of the tags that are written.</summary>
    private readonly EntityScheme _scheme, _written;
    private readonly TagNetwork _network;
    private readonly bool _lower, _areEntities;
    /// <summary>By word, how often it is to be unknown in training; null in a trained model.</summary>
    private float[]? _drops;
    private WordVectors? _vectors;

    private TagModel(TokenVocabulary words, TokenVocabulary characters, TokenVocabulary tags, EntityScheme scheme, EntityScheme written, TaskSettings settings)
        : base(settings)
    {
        (_words, _characters, _tags, _scheme, _written) = (words, characters, tags, scheme, written);
        _areEntities = EntityTags.AreEntities(tags.Tokens);
        _network = new TagNetwork(words.Count, characters.Count, tags.Count, settings);
        // Characters tell capitals from small ones, so that words need not.
        _lower = _network.ReadsCharacters;
    }

    /// <summary>A model for what is to be learned.</summary>
    public static TagModel Create(IReadOnlyList<TaggedSentence> training, TaskSettings settings)
    {
        var (words, characters, tags) = (new SymbolCounts(), new SymbolCounts(), new SymbolCounts());
        bool lower = settings.Text(TagTask.Characters.Name) != TagTask.NoCharacters;
        string[][] all = [.. training.Select(sentence => sentence.Tags!)];
        EntityScheme written = EntityTags.SchemeOf(all);
        EntityScheme scheme = settings.Text(TagTask.Scheme.Name) switch { "bio" => EntityScheme.Bio, "bioes" => EntityScheme.Bioes, _ => written };
        bool areEntities = EntityTags.AreEntities(all.SelectMany(sentence => sentence));
        if (!areEntities && settings.Text(TagTask.Scheme.Name) != TagTask.Keep)
            throw new BadUsageException($"--scheme {settings.Text(TagTask.Scheme.Name)} is for tags of entities: O, B-type, I-type; found {Vocabulary.Show(all[0][0])}. Leave the option out.");
        // Tags that break the rules of both schemes are written in the simpler one when they are converted.
        if (written == EntityScheme.None && scheme != EntityScheme.None) written = EntityScheme.Bio;
        foreach (TaggedSentence sentence in training)
        {
            foreach (string word in sentence.Words)
            {
                words.Add(lower ? word.ToLowerInvariant() : word);
                VisitCharacters(word, characters.Add);
            }
            foreach (string tag in sentence.Tags!) tags.Add(tag);
        }
        IEnumerable<string> names = tags.ByFrequency().Select(pair => pair.Key);
        // Of every type all tags of the scheme: an entity of one token may be met later where there were longer ones only.
        if (scheme != EntityScheme.None)
            names = names.Where(tag => tag != "O").Select(tag => tag[2..]).Distinct().SelectMany(type => (scheme == EntityScheme.Bio ? "BI" : "BIES").Select(prefix => $"{prefix}-{type}")).Append("O");
        string[] known = [.. names.Order(StringComparer.Ordinal)];
        if (known.Length < 2) throw new BadInputException($"All {tags.Total:N0} tokens have the tag {Vocabulary.Show(known[0])}; it takes at least two tags to tell apart.");
        if (known.Length > TagTask.MostTags) throw new BadInputException(
            $"There are {known.Length:N0} different tags, such as {Vocabulary.Show(known[0])}; expected {TagTask.MostTags:N0} at most. Is the tag in another column? It is taken from the last.");
        if (settings.Text(TagTask.Crf.Name) == TagTask.Auto) settings.Set(TagTask.Crf.Name, areEntities ? TagTask.On : TagTask.Off);
        TokenVocabulary vocabulary = WordOptions.Build(words, settings);
        WordVectors? vectors = TokenEncoder.ReadVectors(settings, vocabulary);
        var model = new TagModel(vocabulary, TokenVocabulary.Build(characters, [Vocabulary.UnknownName]), TokenVocabulary.Build(new SymbolCounts(), known), scheme, written, settings)
        {
            _vectors = vectors,
            _drops = new float[vocabulary.Count],
        };
        // Kiperwasser & Goldberg 2016: the rarer a word, the more often it stands for all that are unknown.
        double alpha = settings.Number(TagTask.WordDropout.Name);
        foreach ((string word, long count) in words.ByFrequency()) model._drops[vocabulary.NumberOf(word)] = (float)(alpha / (alpha + count));
        model._drops[vocabulary.Unknown] = 0;
        return model;
    }

    /// <summary>A trained model.</summary>
    public static TagModel Restore(ModelFile file, TaskSettings settings)
    {
        return new TagModel(Vocabulary(WordsKey), Vocabulary(CharactersKey), Vocabulary(TagsKey), Scheme(SchemeKey), Scheme(WrittenKey), settings);

        TokenVocabulary Vocabulary(string key) => TokenVocabulary.FromJson(file.Text(key), $"the model's {key}");
        EntityScheme Scheme(string key) => Enum.TryParse(file.Text(key), out EntityScheme scheme) && Enum.IsDefined(scheme) ? scheme
            : throw new BadInputException($"the model's {key} is '{file.Text(key)}'; expected None, Bio or Bioes.");
    }

    /// <inheritdoc/>
    public override Module Module => _network;

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() =>
    [
        new("tags", string.Join(", ", _tags.Tokens.Take(40)) + (_tags.Count > 40 ? ", …" : "")),
        TokenEncoder.Describe(_words, _vectors, Settings),
        new("model", _network.Summary),
    ];

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => _network.Encoder.Recurrent.InferenceWeights = format;

    /// <summary>Words, and where they are read the characters of the different ones, to the scores of every word's tags; with a conditional random field what it gives to each tag after each other, first and last, from which the
    /// best tags follow (Viterbi).</summary>
    public override IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false)
    {
        if (streaming) throw NoStreaming("a word's tag depends on those that follow");
        IEnumerable<PassInput> characters = !_network.ReadsCharacters ? [] :
        [
            PassInput.Whole("characters", _characters.Count, "forms", "letters"),
            PassInput.Lengths("character_lengths", "forms", "letters"),
            PassInput.Whole("form_of_word", "forms", "batch", "time"),
        ];
        return [new ForwardPass("tag", [PassInput.Whole("words", _words.Count, "batch", "time"), PassInput.Lengths("lengths", "batch", "time"), .. characters], values =>
        {
            var forms = new CharacterBatch();
            if (_network.ReadsCharacters) forms.Take(values.Whole("characters"), values.Whole("character_lengths"), values.Whole("form_of_word"));
            Tensor scores = _network.Forward(new TokenBatch().Take(values.Whole("words"), values.Whole("lengths")), forms);
            return [new("scores", scores), .. _network.Crf is not { } crf ? Array.Empty<PassOutput>() : [new("transitions", crf.Transitions.Tensor), new("start", crf.Start.Tensor), new("end", crf.End.Tensor)]];
        })];
    }

    /// <inheritdoc/>
    public override void Save(ModelFile file)
    {
        file.Metadata[WordsKey] = _words.ToJson();
        file.Metadata[CharactersKey] = _characters.ToJson();
        file.Metadata[TagsKey] = _tags.ToJson();
        file.Metadata[SchemeKey] = _scheme.ToString();
        file.Metadata[WrittenKey] = _written.ToString();
    }

    /// <summary>Where most tokens are outside of entities, the loss is least long before entities are found.</summary>
    public override string BestBy => _areEntities ? "f1" : "accuracy";

    /// <inheritdoc/>
    public override Action? AfterInitialize => _network.Encoder.Begin(_vectors, _words);

    /// <inheritdoc/>
    public override TaggedSentences Encode(IReadOnlyList<TaggedSentence> examples)
    {
        var (words, forms, characters, tags) = (new TokenSequences(), new TokenSequences(), new TokenSequences(), new TokenSequences());
        var formOf = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (TaggedSentence sentence in examples)
        {
            foreach (string word in sentence.Words)
            {
                if (!formOf.TryGetValue(word, out int form))
                {
                    formOf.Add(word, form = formOf.Count);
                    VisitCharacters(word, character => characters.Add(_characters.NumberOf(character)));
                    characters.End();
                }
                forms.Add(form);
                words.Add(_words.NumberOf(_lower ? word.ToLowerInvariant() : word));
            }
            forms.End();
            words.End();
            if (sentence.Tags is not null)
            {
                string[] learned = EntityTags.Convert(sentence.Tags, _areEntities ? _scheme : EntityScheme.None);
                for (int i = 0; i < learned.Length; i++)
                    tags.Add(_tags.Contains(learned[i]) ? _tags.NumberOf(learned[i]) : throw new BadInputException(
                        $"{sentence.Where(i)}: the tag {Unroll.Data.Vocabulary.Show(sentence.Tags[i])} is none of those the model knows: {string.Join(", ", _tags.Tokens.Take(40))}{(_tags.Count > 40 ? ", …" : "")}. Correct it, or train with sentences that have it."));
            }
            tags.End();
        }
        return new TaggedSentences(examples, words, forms, characters, tags);
    }

    /// <inheritdoc/>
    protected override Tensor Loss(TaggedSentences set, ReadOnlySpan<int> numbers, TagBatch batch)
    {
        batch.Fill(set, numbers, _network.ReadsCharacters);
        if (_drops is not null && Tape.Current is { Training: true } tape) batch.Words.Drop(_drops, _words.Unknown, tape.Random);
        return _network.Loss(_network.Forward(batch.Words, batch.Characters), batch.Words, batch.Tags);
    }

    /// <inheritdoc/>
    public override Judgement Judge(TaggedSentences set, TaskSettings? given, CancellationToken cancellation)
    {
        var decoder = new TagDecoder(_tags.Tokens, _scheme, _network.Crf);
        var score = new TagScore(_areEntities);
        double loss = 0;
        ForEachBatch(set, JudgedTogether, (numbers, batch) =>
        {
            Tensor scores = Forward(set, numbers, batch);
            int tokens = 0;
            for (int i = 0; i < numbers.Length; i++)
            {
                TaggedSentence sentence = set.Sentences[numbers[i]];
                tokens += sentence.Words.Length;
                string[] right = _scheme == EntityScheme.None ? sentence.Tags! : EntityTags.Convert(sentence.Tags!, _written);
                score.Add(right, Written(decoder.Best(Scores(scores, batch, i))), set.Words[numbers[i]], _words.Unknown);
            }
            loss += _network.Loss(scores, batch.Words, batch.Tags).Item * (double)tokens;
        }, cancellation);
        return score.ToJudgement(loss);
    }

    /// <inheritdoc/>
    public override string? Shown(TaggedSentences set, RandomState random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int number = random.NextInt(set.Count);
        string[] tags = [];
        TaggedSentences one = Encode([set.Sentences[number]]);
        ForEachBatch(one, 1, (numbers, batch) => tags = Written(new TagDecoder(_tags.Tokens, _scheme, _network.Crf).Best(Scores(Forward(one, numbers, batch), batch, 0))), default);
        return Line(set.Sentences[number].Words, tags);
    }

    /// <inheritdoc/>
    protected override TaggedSentence Parse(string line, int number) => new(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries), null, Line(number), 0);

    /// <inheritdoc/>
    protected override void Answer(TaggedSentences set, ReadOnlySpan<int> numbers, TagBatch batch, TaskSettings given, Prediction[] answers)
    {
        Tensor scores = Forward(set, numbers, batch);
        var decoder = new TagDecoder(_tags.Tokens, _scheme, _network.Crf);
        int count = given.Whole(TagTask.NBest.Name);
        for (int i = 0; i < numbers.Length; i++)
        {
            string[] words = set.Sentences[numbers[i]].Words;
            ReadOnlySpan<float> own = Scores(scores, batch, i);
            (string[] Tags, double Probability)[] best = count == 1 ? [(Written(decoder.Best(own)), double.NaN)] : [.. decoder.NBest(own, count).Select(path => (Written(path.Tags), path.Probability))];
            string text = count == 1 ? Line(words, best[0].Tags) : string.Join('\n', best.Select(way => string.Create(CultureInfo.InvariantCulture, $"{way.Probability:F4}\t{Line(words, way.Tags)}")));
            answers[numbers[i]] = new Prediction(text, json => Write(json, words, best));
        }
    }

    private void Write(Utf8JsonWriter json, string[] words, (string[] Tags, double Probability)[] best)
    {
        WriteList("tokens", words);
        WriteList("tags", best[0].Tags);
        if (_areEntities)
        {
            json.WriteStartArray("entities");
            foreach ((int start, int end, string type) in EntityTags.Spans(best[0].Tags))
            {
                json.WriteStartObject();
                json.WriteString("type", type);
                json.WriteNumber("start", start);
                json.WriteNumber("end", end);
                json.WriteString("text", string.Join(' ', words[start..end]));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        if (double.IsNaN(best[0].Probability)) return;
        json.WriteStartArray("n_best");
        foreach ((string[] tags, double probability) in best)
        {
            json.WriteStartObject();
            json.WriteNumber("probability", probability);
            WriteList("tags", tags);
            json.WriteEndObject();
        }
        json.WriteEndArray();

        void WriteList(string name, string[] values)
        {
            json.WriteStartArray(name);
            foreach (string value in values) json.WriteStringValue(value);
            json.WriteEndArray();
        }
    }

    private Tensor Forward(TaggedSentences set, ReadOnlySpan<int> numbers, TagBatch batch)
    {
        batch.Fill(set, numbers, _network.ReadsCharacters);
        return _network.Forward(batch.Words, batch.Characters);
    }

    /// <summary>The scores of one sentence of the batch: [time, tags].</summary>
    private ReadOnlySpan<float> Scores(Tensor scores, TagBatch batch, int row) => scores.Span.Slice(row * batch.Words.Time * _tags.Count, batch.Words.Lengths[row] * _tags.Count);

    /// <summary>Tags as they are written.</summary>
    private string[] Written(int[] tags)
    {
        var names = new string[tags.Length];
        for (int i = 0; i < tags.Length; i++) names[i] = _tags[tags[i]];
        return _scheme == _written ? names : EntityTags.Convert(names, _written);
    }

    private static string Line(string[] words, string[] tags)
    {
        var line = new StringBuilder();
        for (int i = 0; i < words.Length; i++) line.Append(i > 0 ? " " : "").Append(words[i]).Append('/').Append(tags[i]);
        return line.ToString();
    }

    private static void VisitCharacters(string word, Action<ReadOnlySpan<char>> visit)
    {
        ReadOnlySpan<char> text = word;
        for (int at = 0, length; at < text.Length; at += length)
        {
            Rune.DecodeFromUtf16(text[at..], out _, out length);
            if (at < MostCharacters / 2 || text.Length - at <= MostCharacters / 2) visit(text.Slice(at, length));
        }
    }
}
