using System.Globalization;
using Unroll.Data;
using Unroll.Exchange;
using Unroll.Files;
using Unroll.Layers;
using Unroll.Losses;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Ranking;

/// <summary>A model that ranks candidates by how well they answer a question.</summary>
internal sealed class RankingModel : ExampleModel<AskedQuestion, RankedTexts, RankingBatch>
{
    private const string WordsKey = "words", SentencesKey = "sentences";
    private const int JudgedTogether = 8;

    private readonly TokenVocabulary _words;
    private readonly WordOverlap _overlap;
    private readonly RankingNetwork _network;
    private readonly bool _lower, _isPairwise;
    private readonly int _longest;
    private readonly float _margin;
    private WordVectors? _vectors;

    private RankingModel(TokenVocabulary words, WordOverlap overlap, TaskSettings settings)
        : base(settings)
    {
        (_words, _overlap, _lower, _longest) = (words, overlap, settings.Flag(WordOptions.Lower.Name), settings.Whole(RankingTask.MaximumLength.Name));
        (_isPairwise, _margin) = (settings.Text(RankingTask.Loss.Name) == "pairwise", (float)settings.Number(RankingTask.Margin.Name));
        _network = new RankingNetwork(words.Count, settings);
    }

    /// <summary>A model for what is to be learned.</summary>
    public static RankingModel Create(IReadOnlyList<AskedQuestion> training, TaskSettings settings)
    {
        if (!training.Any(question => question.Candidates.Any(candidate => candidate.IsRight == true) && question.Candidates.Any(candidate => candidate.IsRight == false)))
            throw new BadInputException($"None of the {training.Count:N0} questions has both a right (1) and a wrong (0) candidate, so there is nothing to learn. Do the lines of a question stand together?");
        (bool lower, int longest) = (settings.Flag(WordOptions.Lower.Name), settings.Whole(RankingTask.MaximumLength.Name));
        var counts = new SymbolCounts();
        var tokens = new List<string>();
        foreach (AskedQuestion question in training)
            foreach (string text in question.Candidates.Select(candidate => candidate.Text).Prepend(question.Text))
                foreach (string token in Cut(text, lower, longest, tokens)) counts.Add(token);
        TokenVocabulary words = WordOptions.Build(counts, settings);
        WordVectors? vectors = TokenEncoder.ReadVectors(settings, words);
        return new RankingModel(words, WordOverlap.Count(words, training.SelectMany(question => question.Candidates)
            .Select(candidate => (IReadOnlyList<int>)[.. Cut(candidate.Text, lower, longest, tokens).Select(token => words.NumberOf(token))])), settings)
        {
            _vectors = vectors,
        };
    }

    /// <summary>A trained model.</summary>
    public static RankingModel Restore(ModelFile file, TaskSettings settings)
    {
        TokenVocabulary words = TokenVocabulary.FromJson(file.Text(WordsKey), "the model's words");
        return new RankingModel(words, WordOverlap.Parse(words, file.Text(SentencesKey)), settings);
    }

    /// <inheritdoc/>
    public override Module Module => _network;

    /// <inheritdoc/>
    public override IReadOnlyList<Fact> Describe() => [TokenEncoder.Describe(_words, _vectors, Settings), new("model", _network.Summary)];

    /// <inheritdoc/>
    public override string BestBy => "map";

    /// <inheritdoc/>
    public override Action? AfterInitialize => _network.Encoder.Begin(_vectors, _words);

    /// <inheritdoc/>
    public override void KeepWeights(WeightFormat format) => _network.Encoder.Recurrent.InferenceWeights = format;

    /// <inheritdoc/>
    public override IReadOnlyList<ForwardPass> ForwardPasses(bool streaming = false) => streaming ? throw NoStreaming("a candidate is read whole") : [_network.ForwardPass(_words.Count)];

    /// <inheritdoc/>
    public override void Save(ModelFile file)
    {
        file.Metadata[WordsKey] = _words.ToJson();
        file.Metadata[SentencesKey] = _overlap.ToString();
    }

    /// <inheritdoc/>
    public override RankedTexts Encode(IReadOnlyList<AskedQuestion> examples)
    {
        var set = new RankedTexts();
        var tokens = new List<string>();
        Span<float> overlap = stackalloc float[WordOverlap.Features];
        foreach (AskedQuestion question in examples)
        {
            WordOverlap.Question asked = _overlap.Ask(Cut(question.Text, _lower, _longest, tokens));
            foreach (string token in tokens) set.Questions.Add(_words.NumberOf(token));
            foreach (AnswerCandidate candidate in question.Candidates)
            {
                asked.Compare(Cut(candidate.Text, _lower, _longest, tokens), overlap);
                foreach (string token in tokens)
                {
                    set.Candidates.Add(_words.NumberOf(token));
                    set.Shared.Add(asked.Has(token) ? 1 : 0);
                }
                set.EndCandidate(candidate.IsRight, overlap);
            }
            set.EndQuestion();
        }
        return set;
    }

    /// <inheritdoc/>
    protected override Tensor Loss(RankedTexts set, ReadOnlySpan<int> numbers, RankingBatch batch) => LossOf(Forward(set, numbers, batch), set, numbers, batch);

    /// <inheritdoc/>
    public override Judgement Judge(RankedTexts set, TaskSettings? given, CancellationToken cancellation)
    {
        (double loss, double weight) = (0, 0);
        var (model, baseline) = (new RankingScores(), new RankingScores());
        ForEachBatch(set, JudgedTogether, (numbers, batch) =>
        {
            Tensor scores = Forward(set, numbers, batch);
            int counted = numbers.Sum(number => !_isPairwise ? set.JudgedOf(number) : set.IsMixed(number) ? 1 : 0);
            if (counted > 0) loss += counted * (double)LossOf(scores, set, numbers, batch).Item;
            weight += counted;
            int first = 0;
            foreach (int number in numbers)
            {
                int count = set.JudgedOf(number);
                model.Add(scores.Span.Slice(first, count), set.LabelsOf(number));
                first += count;
                float[] overlaps = new float[count];
                for (int i = 0; i < count; i++) overlaps[i] = set.OverlapOf(set.FirstOf(number) + i)[WordOverlap.Baseline];
                baseline.Add(overlaps, set.LabelsOf(number));
            }
        }, cancellation);
        var metrics = new Dictionary<string, double> { ["loss"] = loss / Math.Max(1, weight) };
        if (model.Judged == 0)
        {
            if (given is not null) throw new BadInputException($"None of the {set.Count:N0} questions has a right candidate, so MAP and MRR do not exist. Is the label, 0 or 1, in the last column?");
            return new Judgement(metrics);
        }
        (metrics["map"], metrics["mrr"], metrics["baseline_map"], metrics["baseline_mrr"]) = (model.Map, model.Mrr, baseline.Map, baseline.Mrr);
        double share = model.Judged / (double)set.Count;
        return new Judgement(metrics, set.Candidates.Count)
        {
            Notes = model.WithoutRight == 0 ? [] : [string.Create(CultureInfo.InvariantCulture,
                $"{model.WithoutRight:N0} of {set.Count:N0} questions have no right candidate and are left out of the means; counted as 0, as trec_eval does with their judgements, map {model.Map * share:F4}, mrr {model.Mrr * share:F4}")],
        };
    }

    /// <inheritdoc/>
    protected override AskedQuestion Parse(string line, int number)
    {
        string[] columns = line.Split('\t');
        if (columns.Length != 2) throw new BadInputException($"{Line(number)}: {(columns.Length == 1 ? "no tabulator" : $"{columns.Length} columns")}; expected a question, a tabulator and a candidate.");
        return new AskedQuestion(columns[0], [new AnswerCandidate(columns[1], null)]);
    }

    /// <inheritdoc/>
    protected override void Answer(RankedTexts set, ReadOnlySpan<int> numbers, RankingBatch batch, TaskSettings given, Prediction[] answers)
    {
        ReadOnlySpan<float> scores = Forward(set, numbers, batch).Span;
        for (int i = 0; i < numbers.Length; i++)
        {
            (float score, float overlap) = (scores[i], set.OverlapOf(numbers[i])[WordOverlap.Baseline]);
            // All digits: what sorts the printed scores sorts the candidates as evaluate does.
            answers[numbers[i]] = new Prediction(score.ToString("R", CultureInfo.InvariantCulture), json =>
            {
                json.WriteNumber("score", score);
                if (!_isPairwise) json.WriteNumber("probability", 1 / (1 + MathF.Exp(-score)));
                json.WriteNumber("overlap", overlap);
            });
        }
    }

    /// <summary>Scores all candidates of questions, one question's after the other's: [candidates, 1].</summary>
    private Tensor Forward(RankedTexts set, ReadOnlySpan<int> numbers, RankingBatch batch)
    {
        batch.Fill(set, numbers);
        Tensor overlap = Tensor.From(Of(batch.Overlap), [batch.Numbers.Count, WordOverlap.Features]);
        (Tensor ofQuestions, Tensor ofCandidates) = _network.HasMarks ? (Marks(batch.Questions), Marks(batch.Candidates, set.Shared, Of(batch.Numbers))) : default;
        return _network.Forward(batch.Questions, batch.Candidates, Of(batch.Asked), ofQuestions, ofCandidates, overlap);
    }

    /// <summary>The marks of a batch's words; of a question's own words all are shared.</summary>
    private Tensor Marks(TokenBatch batch, TokenSequences? shared = null, ReadOnlySpan<int> numbers = default)
    {
        Tensor marks = Tensor.Zeros([batch.Count, batch.Time, RankingNetwork.Marks]);
        Span<float> values = marks.Node.Values;
        for (int i = 0; i < batch.Count; i++)
            for (int t = 0; t < batch.Lengths[i]; t++)
            {
                if (shared is not null && shared[numbers[i]][t] == 0) continue;
                int at = i * batch.Time + t;
                values[at * RankingNetwork.Marks] = 1;
                values[at * RankingNetwork.Marks + 1] = _overlap.Idf(batch.Tokens[at]) / _overlap.GreatestIdf;
            }
        return marks;
    }

    private Tensor LossOf(Tensor scores, RankedTexts set, ReadOnlySpan<int> numbers, RankingBatch batch)
    {
        (List<float> wanted, List<int> better, List<int> worse) = (batch.Wanted, batch.Pairs.Better, batch.Pairs.Worse);
        wanted.Clear();
        if (!_isPairwise)
        {
            foreach (int number in numbers)
                foreach (int label in set.LabelsOf(number)) wanted.Add(label);
            return Likelihood.Bernoulli(scores, Tensor.From(Of(wanted), scores.Shape));
        }
        // The hinge max(0, margin − better + worse), the mean over the pairs of a question and over the questions that have any.
        better.Clear();
        worse.Clear();
        (int first, int mixed) = (0, 0);
        foreach (int number in numbers)
        {
            ReadOnlySpan<int> labels = set.LabelsOf(number);
            int before = better.Count;
            for (int i = 0; i < labels.Length; i++)
                for (int j = 0; j < labels.Length; j++)
                {
                    if (labels[i] != 1 || labels[j] != 0) continue;
                    better.Add(first + i);
                    worse.Add(first + j);
                }
            int pairs = better.Count - before;
            for (int i = 0; i < pairs; i++) wanted.Add(1f / pairs);
            if (pairs > 0) mixed++;
            first += labels.Length;
        }
        if (mixed == 0) return (scores * 0).Sum();
        Shape shape = [better.Count];
        Tensor hinges = (scores.Gather(Of(worse), shape) - scores.Gather(Of(better), shape) + _margin).Relu();
        return (hinges * Tensor.From(Of(wanted), hinges.Shape)).Sum() * (1f / mixed);
    }

    private static List<string> Cut(string text, bool lower, int longest, List<string> tokens)
    {
        tokens.Clear();
        PlainWords.Visit(lower ? text.ToLowerInvariant() : text, token =>
        {
            if (longest == 0 || tokens.Count < longest) tokens.Add(token.ToString());
        });
        return tokens;
    }

    private static Span<T> Of<T>(List<T> list) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(list);
}
