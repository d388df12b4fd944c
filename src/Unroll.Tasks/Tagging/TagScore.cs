using Unroll.Tasks.Examples;

namespace Unroll.Tasks.Tagging;

/// <summary>Counts right tags, of known and of unknown words, and entities where tags are of entities.</summary>
/// <param name="areEntities">Whether they are.</param>
internal sealed class TagScore(bool areEntities)
{
    private readonly EntityScore _entities = new();
    private long _tokens, _right, _unknown, _rightUnknown;

    /// <summary>Adds a sentence.</summary>
    /// <param name="right">The right tags.</param>
    /// <param name="found">The model's.</param>
    /// <param name="words">Its words' numbers.</param>
    /// <param name="unknown">The number of those that were not learned.</param>
    public void Add(string[] right, string[] found, ReadOnlySpan<int> words, int unknown)
    {
        for (int i = 0; i < right.Length; i++)
        {
            int hit = right[i] == found[i] ? 1 : 0;
            _tokens++;
            _right += hit;
            if (words[i] != unknown) continue;
            _unknown++;
            _rightUnknown += hit;
        }
        if (areEntities) _entities.Add(right, found);
    }

    /// <summary>What was counted.</summary>
    /// <param name="loss">The sum of all tokens' losses.</param>
    public Judgement ToJudgement(double loss)
    {
        var metrics = new Dictionary<string, double> { ["loss"] = Share(loss, _tokens), ["accuracy"] = Share(_right, _tokens) };
        if (_unknown < _tokens) metrics["accuracy_known"] = Share(_right - _rightUnknown, _tokens - _unknown);
        if (_unknown > 0) metrics["accuracy_unknown"] = Share(_rightUnknown, _unknown);
        string[] notes = [$"{_unknown:N0} of {_tokens:N0} words are unknown to the model ({Share(_unknown, _tokens):P1})"];
        if (!areEntities) return new Judgement(metrics, _tokens) { Notes = notes };
        EntityScore.Counts total = _entities.Total;
        (metrics["precision"], metrics["recall"], metrics["f1"]) = (total.Precision, total.Recall, total.F1);
        return new Judgement(metrics, _tokens)
        {
            Notes = notes,
            Tables = [new EvaluationTable("entities", ["type", "gold", "found", "correct", "precision", "recall", "f1"],
                [.. _entities.ByType.Select(pair => (pair.Key, (IReadOnlyList<double>)[pair.Value.Gold, pair.Value.Found, pair.Value.Correct, pair.Value.Precision, pair.Value.Recall, pair.Value.F1]))])],
        };
    }

    private static double Share(double part, long all) => all == 0 ? 0 : part / all;
}
