namespace Unroll.Cli.Comparing;

/// <summary>Finds the hidden size that gives a model about so many parameters.</summary>
internal static class EqualBudget
{
    /// <summary>The hidden size whose count comes nearest to the budget; of two equally near, the smaller.</summary>
    /// <param name="count">The parameters of a hidden size; more of the one is never fewer of the other.</param>
    /// <param name="budget">The budget.</param>
    /// <param name="least">The least hidden size.</param>
    /// <param name="most">The greatest.</param>
    /// <exception cref="BadUsageException">The budget is below the least or above the greatest count.</exception>
    public static int Nearest(Func<int, long> count, long budget, int least, int most)
    {
        var low = (Hidden: least, Parameters: count(least));
        if (low.Parameters > budget) throw new BadUsageException($"it has {low.Parameters:N0} parameters at least, with --hidden {least}.");
        (int Hidden, long Parameters)? high = null;
        while (low.Hidden < (high?.Hidden ?? most + 1) - 1)
        {
            // Parameters grow like the square of the hidden size, or more slowly: from the nearer end along a parabola, and always at least one further.
            double guess = low.Hidden * Math.Sqrt((double)budget / low.Parameters);
            int hidden = Math.Clamp((int)Math.Round(guess), low.Hidden + 1, (high?.Hidden ?? most + 1) - 1);
            long parameters = count(hidden);
            if (parameters <= budget) low = (hidden, parameters);
            else high = (hidden, parameters);
        }
        if (high is null && low.Parameters < budget) throw new BadUsageException($"it has {low.Parameters:N0} parameters at most, with --hidden {most}.");
        return high is { } above && above.Parameters - budget < budget - low.Parameters ? above.Hidden : low.Hidden;
    }
}
