using Unroll.Exchange;
using Unroll.Layers;
using Unroll.Tasks.Examples;
using Unroll.Tensors;

namespace Unroll.Tasks.Ranking;

/// <summary>
/// Scores candidates for questions. One encoder reads both: a vector of the question is pooled from its steps; that of a candidate too (siamese), or its steps are weighted by attention of the
/// question's vector (Tan, dos Santos, Xiang &amp; Zhou 2016, "Improved representation learning for question answer matching"). The two vectors make a score, and with the
/// features of <see cref="WordOverlap"/> beside it a linear layer makes the final one.
/// </summary>
internal sealed class RankingNetwork : Module
{
    /// <summary>Features of a word besides its embedding: whether the question has it, and its idf if so.</summary>
    public const int Marks = 2;

    /// <summary>Added to squared lengths, so that the cosine of zeros is 0.</summary>
    private const float Tiny = 1e-6f;

    private readonly Pooling _pooling;
    private readonly Attention? _attention;
    private readonly Dropout _dropout;
    private readonly Linear? _bilinear, _features, _score;
    private readonly Linear _output;
    private readonly bool _overlap;

    /// <summary>Builds the layers that settings ask for.</summary>
    /// <param name="words">How many words there are.</param>
    /// <param name="settings">The options.</param>
    public RankingNetwork(int words, TaskSettings settings)
    {
        string overlap = settings.Text(RankingTask.Overlap.Name), encoder = settings.Text(RankingTask.Encoder.Name), score = settings.Text(RankingTask.Score.Name);
        _overlap = overlap is "both" or "score";
        HasMarks = overlap is "both" or "words";
        Encoder = Add("encoder", new TokenEncoder(words, settings, HasMarks ? Marks : 0));
        int features = Encoder.Recurrent.OutputSize;
        _pooling = Add("pooling", new Pooling(settings.Text(Pooling.Option.Name), Encoder.Recurrent));
        if (encoder == "attentive") _attention = Add("attention", new Attention(AttentionScore.Additive, features, features));
        _dropout = Add("dropout", new Dropout((float)settings.Number(CommonOptions.Dropout.Name)));
        if (score == "bilinear") _bilinear = Add("bilinear", new Linear(features, features, bias: false));
        if (score == "features")
        {
            _features = Add("features", new Linear(4 * features, features));
            _score = Add("score", new Linear(features, 1));
        }
        _output = Add("output", new Linear(1 + (_overlap ? WordOverlap.Features : 0), 1));
        Summary = $"{Encoder.Describe()}, {settings.Text(Pooling.Option.Name)} pooling, {encoder}, {score} score, {(overlap == "none" ? "no word overlap" : $"word overlap: {overlap}")}; {ParameterCount:N0} parameters";
    }

    /// <summary>What reads the words.</summary>
    public TokenEncoder Encoder { get; }

    /// <summary>Whether words carry <see cref="Marks"/>.</summary>
    public bool HasMarks { get; }

    /// <summary>The layers in words.</summary>
    public string Summary { get; }

    /// <summary>Scores candidates.</summary>
    /// <param name="questions">The questions.</param>
    /// <param name="candidates">Candidates for them.</param>
    /// <param name="asked">Which of the questions each is for.</param>
    /// <param name="questionMarks">[questions, time, <see cref="Marks"/>]; empty without marks.</param>
    /// <param name="candidateMarks">[candidates, time, <see cref="Marks"/>]; empty without marks.</param>
    /// <param name="overlap">[candidates, <see cref="WordOverlap.Features"/>].</param>
    /// <returns>[candidates, 1]</returns>
    public Tensor Forward(TokenBatch questions, TokenBatch candidates, ReadOnlySpan<int> asked, Tensor questionMarks, Tensor candidateMarks, Tensor overlap)
    {
        Tensor question = _pooling.Forward(Encoder.Forward(questions, questionMarks), questions.Lengths).Pooled.Gather(asked, [candidates.Count]);
        Tensor read = Encoder.Forward(candidates, candidateMarks);
        Tensor candidate = _attention is null ? _pooling.Forward(read, candidates.Lengths).Pooled : Attended(read, question, candidates.Lengths);
        (question, candidate) = (_dropout.Forward(question), _dropout.Forward(candidate));
        Tensor score = Compare(question, candidate);
        return _output.Forward(_overlap ? Tensor.Concat(1, score, overlap) : score);
    }

    /// <summary>Questions and candidates, with what was counted of them (<see cref="Marks"/> of each word, <see cref="WordOverlap"/> of each candidate) where the network reads that, to the candidates' scores.</summary>
    /// <param name="words">How many words there are.</param>
    public ForwardPass ForwardPass(int words)
    {
        IEnumerable<PassInput> marks = HasMarks ? [PassInput.Numbers("question_marks", "questions", "question_time", Marks), PassInput.Numbers("candidate_marks", "candidates", "time", Marks)] : [];
        IEnumerable<PassInput> overlap = _overlap ? [PassInput.Numbers("overlap", "candidates", WordOverlap.Features)] : [];
        return new ForwardPass("rank",
        [
            PassInput.Whole("question_words", words, "questions", "question_time"),
            PassInput.Lengths("question_lengths", "questions", "question_time"),
            PassInput.Whole("words", words, "candidates", "time"),
            PassInput.Lengths("lengths", "candidates", "time"),
            PassInput.Whole("question_of_candidate", "questions", "candidates"),
            .. marks,
            .. overlap,
        ], values =>
        [
            new("scores", Forward(new TokenBatch().Take(values.Whole("question_words"), values.Whole("question_lengths")), new TokenBatch().Take(values.Whole("words"), values.Whole("lengths")),
                values.Whole("question_of_candidate"), HasMarks ? values.Numbers("question_marks") : default, HasMarks ? values.Numbers("candidate_marks") : default, _overlap ? values.Numbers("overlap") : default)),
        ]);
    }

    private Tensor Attended(Tensor output, Tensor question, ReadOnlySpan<int> lengths)
    {
        (int batch, int features) = (question.Shape[0], question.Shape[1]);
        // A candidate of no words has its first step all the same: zeros.
        AttentionMemory memory = _attention!.RememberAtLeast(output, lengths, least: 1);
        return _attention.Forward(question.Reshape(batch, 1, features), memory).Context.Reshape(batch, features);
    }

    private Tensor Compare(Tensor question, Tensor candidate)
    {
        Tensor both = question * candidate;
        if (_features is not null) return _score!.Forward(_dropout.Forward(_features.Forward(Tensor.Concat(1, question, candidate, both, (question - candidate).Square())).Tanh()));
        if (_bilinear is not null) return (_bilinear.Forward(question) * candidate).Sum(1, keep: true);
        Tensor lengths = (question.Square().Sum(1, keep: true) + Tiny) * (candidate.Square().Sum(1, keep: true) + Tiny);
        return both.Sum(1, keep: true) / lengths.Sqrt();
    }
}
