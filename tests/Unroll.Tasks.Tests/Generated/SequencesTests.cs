using Unroll.Tasks.Generated;
using Unroll.Tasks.Sequences;

namespace Unroll.Tasks.Tests.Generated;

/// <summary>Each generator against a statement of its task that shares nothing with it.</summary>
public sealed class SequencesTests
{
    private const int Count = 400;

    private static (SequenceSource Source, SequenceBatch Batch) Sequences(string task, params (string Name, string Value)[] values) => Sequences(task, 7, values);

    private static (SequenceSource Source, SequenceBatch Batch) Sequences(string task, ulong seed, params (string Name, string Value)[] values)
    {
        var definition = (GeneratedTask)TaskCatalogue.Get(task);
        var settings = new TaskSettings(definition.Options);
        foreach (var (name, value) in values) settings.Set(name, value);
        SequenceSource source = definition.Source(settings);
        var batch = new SequenceBatch(source, Count);
        batch.Fill(source, SequenceBatch.StreamOf(seed, "test"), 0, Count);
        return (source, batch);
    }

    private static float[] Row(SequenceSource source, SequenceBatch batch, int sequence, int step) =>
        batch.Inputs.Slice((sequence * source.Length + step) * source.Format.Inputs, source.Format.Inputs).ToArray();

    /// <summary>The symbols of a sequence whose steps are one of several: exactly one feature is 1.</summary>
    private static int[] SymbolsOf(SequenceSource source, SequenceBatch batch, int sequence) => [.. Enumerable.Range(0, batch.Lengths[sequence]).Select(step =>
    {
        float[] row = Row(source, batch, sequence, step);
        Assert.Equal(1, row.Sum());
        return Array.IndexOf(row, 1f);
    })];

    [Theory]
    [InlineData("adding", 100)]
    [InlineData("adding", 7)]
    [InlineData("multiplication", 2)]
    public void The_answer_is_the_sum_or_product_of_the_two_marked_numbers_one_in_each_half(string task, int length)
    {
        var (source, batch) = Sequences(task, ("length", $"{length}"));
        double mean = 0;
        for (int i = 0; i < Count; i++)
        {
            float[][] rows = [.. Enumerable.Range(0, length).Select(step => Row(source, batch, i, step))];
            int[] marked = [.. Enumerable.Range(0, length).Where(step => rows[step][1] == 1)];
            Assert.Equal(2, marked.Length);
            Assert.Equal(length - 2, rows.Count(row => row[1] == 0));
            Assert.True(marked[0] < length / 2 && marked[1] >= length / 2);
            Assert.All(rows, row => Assert.InRange(row[0], 0, 0.99999999f));
            (float a, float b) = (rows[marked[0]][0], rows[marked[1]][0]);
            Assert.Equal(task == "adding" ? a + b : a * b, batch.Values[i]);
            Assert.Equal(i * length + length - 1, batch.Rows[i]);
            Assert.Equal(length, batch.Lengths[i]);
            mean += batch.Values[i] / Count;
        }
        Assert.Equal(task == "adding" ? 1 : 0.25, mean, 0.08);
    }

    [Theory]
    [InlineData(2, 100)]
    [InlineData(3, 100)]
    [InlineData(3, 10)]
    public void The_class_says_which_of_X_and_Y_came_in_which_order(int symbols, int length)
    {
        var (source, batch) = Sequences("temporal-order", ("symbols", $"{symbols}"), ("length", $"{length}"));
        (int From, int To)[] stretches = symbols == 2 ? [(10, 20), (50, 60)] : [(10, 20), (33, 43), (66, 76)];
        var seen = new int[1 << symbols];
        for (int i = 0; i < Count; i++)
        {
            // abcd, X, Y, B, E
            string text = string.Concat(SymbolsOf(source, batch, i).Select(symbol => "abcdXYBE"[symbol]));
            Assert.InRange(text.Length, length, length + length / 10);
            Assert.Matches("^B[abcdXY]+E$", text);
            int[] places = [.. Enumerable.Range(0, text.Length).Where(step => text[step] is 'X' or 'Y')];
            Assert.Equal(symbols, places.Length);
            if (length == 100) Assert.All(places.Zip(stretches), place => Assert.InRange(place.First, place.Second.From, place.Second.To));
            string order = string.Concat(places.Select(place => text[place] == 'Y' ? '1' : '0'));
            Assert.Equal(Convert.ToInt32(order, 2), batch.Classes[i]);
            Assert.Equal(i * source.Length + text.Length - 1, batch.Rows[i]);
            seen[batch.Classes[i]]++;
        }
        Assert.All(seen, count => Assert.InRange(count, Count / seen.Length / 2, 2 * Count / seen.Length));
    }

    [Fact]
    public void What_was_shown_is_asked_for_after_the_signal_and_blanks_before()
    {
        var (source, batch) = Sequences("copy", ("symbols", "4"), ("length", "6"));
        for (int i = 0; i < Count; i++)
        {
            int[] symbols = SymbolsOf(source, batch, i);
            // Four of the eight symbols, blanks (8) but for the signal (9) at the sixth step after them.
            Assert.All(symbols[..4], symbol => Assert.InRange(symbol, 0, 7));
            Assert.Equal([8, 8, 8, 8, 8, 9, 8, 8, 8, 8], symbols[4..]);
            Assert.Equal([.. Enumerable.Repeat(8, 10), .. symbols[..4]], batch.Classes.Slice(14 * i, 14).ToArray());
        }
    }

    /// <summary>The automaton of the Reber grammar as the papers draw it: where a symbol leads from a node, −1 nowhere.</summary>
    private static int Reber(int node, char symbol) => (node, symbol) switch
    {
        (0, 'B') => 1,
        (1, 'T') => 2,
        (1, 'P') => 3,
        (2, 'S') => 2,
        (2, 'X') => 4,
        (3, 'T') => 3,
        (3, 'V') => 5,
        (4, 'S') => 6,
        (4, 'X') => 3,
        (5, 'V') => 6,
        (5, 'P') => 4,
        (6, 'E') => 7,
        _ => -1,
    };

    /// <summary>The symbols that may follow the beginning of an embedded string; empty after a whole one, null after what is none.</summary>
    private static string? Continuations(string text)
    {
        if (text.Length < 2) return text switch { "" => "B", "B" => "TP", _ => null };
        if (text[0] != 'B' || !"TP".Contains(text[1])) return null;
        int node = 0, at = 2;
        for (; at < text.Length && node is >= 0 and < 7; at++) node = Reber(node, text[at]);
        if (node < 0) return null;
        if (node < 7) return string.Concat("BTSXVPE".Where(symbol => Reber(node, symbol) >= 0));
        string end = $"{text[1]}E", rest = text[at..];
        return end.StartsWith(rest, StringComparison.Ordinal) ? end[rest.Length..][..Math.Min(1, 2 - rest.Length)] : null;
    }

    private static string SetAt(SequenceBatch batch, int slot) => string.Concat(Enumerable.Range(0, 7).Where(i => batch.Values[slot * 7 + i] == 1).Select(i => "BTSXVPE"[i]));

    [Fact]
    public void Strings_are_of_the_embedded_Reber_grammar_and_all_next_symbols_are_asked_for()
    {
        var (source, batch) = Sequences("embedded-reber", ("length", "30"));
        for (int i = 0; i < Count; i++)
        {
            string text = string.Concat(SymbolsOf(source, batch, i).Select(symbol => "BTSXVPE"[symbol]));
            Assert.InRange(text.Length, 9, 30);
            Assert.Equal("", Continuations(text));
            for (int step = 0; step + 1 < text.Length; step++)
            {
                Assert.Equal(1, batch.Counted[i * source.Judged + step]);
                Assert.Equal(Continuations(text[..(step + 1)])!.Order(), SetAt(batch, i * source.Judged + step).Order());
            }
            Assert.True(batch.Counted[(i * source.Judged + text.Length - 1)..((i + 1) * source.Judged)].IndexOf(1) < 0);
        }
        Assert.True(batch.Lengths.ToArray().Distinct().Count() > 10);
    }

    [Fact]
    public void The_continual_form_is_string_after_string()
    {
        var (source, batch) = Sequences("reber", ("length", "100"), ("continual", "true"));
        for (int i = 0; i < Count; i++)
        {
            string text = string.Concat(SymbolsOf(source, batch, i).Select(symbol => "BTSXVPE"[symbol]));
            Assert.Equal(100, text.Length);
            string current = "";
            for (int step = 0; step < text.Length; step++)
            {
                current += text[step];
                string next = Continuations(current)!;
                Assert.NotNull(next);
                if (next.Length == 0) (current, next) = ("", "B");
                Assert.Equal(next.Order(), SetAt(batch, i * 100 + step).Order());
            }
        }
    }

    [Fact]
    public void Parity_is_the_number_of_ones_so_far_modulo_two()
    {
        var (source, batch) = Sequences("parity", ("length", "20"));
        for (int i = 0; i < Count; i++)
        {
            float[] bits = [.. Enumerable.Range(0, 20).Select(step => Row(source, batch, i, step)[0])];
            for (int step = 0; step < 20; step++) Assert.Equal((int)bits[..(step + 1)].Sum() % 2, batch.Classes[20 * i + step]);
        }
        Assert.Equal(0.5, batch.Classes.ToArray().Average(), 0.05);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_first_three_numbers_say_the_class_and_the_rest_is_noise(bool noisy)
    {
        var (source, batch) = Sequences("noisy-sequences", ("length", "50"), ("noisy-signal", noisy ? "true" : "false"));
        var (signal, noise) = (new List<double>(), new List<double>());
        for (int i = 0; i < Count; i++)
        {
            double sign = batch.Classes[i] == 1 ? 1 : -1;
            Assert.InRange(batch.Lengths[i], 50, 55);
            for (int step = 0; step < batch.Lengths[i]; step++) (step < 3 ? signal : noise).Add(Row(source, batch, i, step)[0] * sign);
        }
        if (noisy) Assert.Equal(0.2, signal.Average(x => (x - 1) * (x - 1)), 0.04);
        else Assert.All(signal, x => Assert.Equal(1, x));
        Assert.Equal(0, noise.Average(), 0.02);
        Assert.Equal(0.2, noise.Average(x => x * x), 0.01);
    }

    public static TheoryData<string> Tasks => [.. TaskCatalogue.All.OfType<GeneratedTask>().Select(task => task.Name)];

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_sequence_follows_from_seed_and_number_alone(string task)
    {
        var (source, whole) = Sequences(task);
        var (_, other) = Sequences(task, 8);
        Assert.False(whole.Inputs.SequenceEqual(other.Inputs));
        var part = new SequenceBatch(source, 3);
        part.Fill(source, SequenceBatch.StreamOf(7, "test"), 50, 3);
        part.Fill(source, SequenceBatch.StreamOf(7, "test"), 17, 3);
        int size = source.Length * source.Format.Inputs;
        Assert.True(part.Inputs.SequenceEqual(whole.Inputs.Slice(17 * size, 3 * size)));
        Assert.True(part.Lengths.SequenceEqual(whole.Lengths.Slice(17, 3)));
        Assert.True(part.Counted.SequenceEqual(whole.Counted.Slice(17 * source.Judged, 3 * source.Judged)));
        if (source.Format.Target == TargetKind.Class) Assert.True(part.Classes.SequenceEqual(whole.Classes.Slice(17 * source.Judged, 3 * source.Judged)));
        else Assert.True(part.Values.SequenceEqual(whole.Values.Slice(17 * source.Judged * source.Format.Outputs, 3 * source.Judged * source.Format.Outputs)));
        part.Fill(source, SequenceBatch.StreamOf(7, "something else"), 17, 3);
        Assert.False(part.Inputs.SequenceEqual(whole.Inputs.Slice(17 * size, 3 * size)));
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void The_least_length_works_and_less_is_refused_with_what_was_found_and_expected(string task)
    {
        TaskOption length = ((GeneratedTask)TaskCatalogue.Get(task)).Length;
        int least = (int)length.Minimum;
        Sequences(task, ("length", $"{least}"));
        string message = Assert.Throws<BadUsageException>(() => Sequences(task, ("length", $"{least - 1}"))).Message;
        Assert.Equal($"--length {least - 1}: expected a whole number from {least} to 1048576.", message);
    }
}
