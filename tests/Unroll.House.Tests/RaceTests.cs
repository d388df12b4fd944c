using System.Diagnostics;

namespace Unroll.House.Tests;

/// <summary>The race's scripts (bench/peers) as far as they go without rivals: arguments, tables and the plot.</summary>
public sealed class RaceTests
{
    private static readonly string Peers = Path.Combine(Repository.Root, "bench", "peers");

    [Theory]
    [InlineData("'50,50,128': expected four whole numbers T,B,I,H", "--shapes", "50,50,128")]
    [InlineData("'1,2,3,0': expected four", "--shapes", "1,2,3,0")]
    [InlineData("invalid choice: 'lsmt'", "--cells", "lsmt")]
    [InlineData("'0': expected a whole number above 0", "--threads", "0")]
    [InlineData("'never': expected a number above 0", "--seconds", "never")]
    [InlineData("invalid choice: 'TensorFlow'", "--rivals", "TensorFlow")]
    [InlineData("unrecognized arguments: --round 5", "--round", "5")]
    public void A_wrong_argument_is_refused_before_anything_is_built(string expected, params string[] arguments)
    {
        var (status, printed) = Python(Peers, [Path.Combine(Peers, "race.py"), "--plan", .. arguments]);
        Assert.Equal(2, status);
        Assert.Contains(expected, printed);
    }

    [Fact]
    public void A_plan_says_how_many_rows_there_are()
    {
        var (status, printed) = Python(Peers, Path.Combine(Peers, "race.py"), "--plan", "--cells", "lstm", "char-rnn", "lstm-int8", "--shapes", "2,3,4,5", "--threads", "1", "2", "3");
        Assert.Equal(0, status);
        Assert.StartsWith("12 rows, up to ", printed);     // a whole training step has no inference, rounded weights no training
    }

    [Fact]
    public void Taggers_and_translators_are_trained_on_batches_and_predict_one_by_one_too()
    {
        var (status, printed) = Python(Peers, Path.Combine(Peers, "race.py"), "--plan", "--cells", "tag", "translate", "translate-greedy", "--threads", "1");
        Assert.Equal(0, status);
        Assert.StartsWith("10 rows, up to ", printed);     // 2 and 3 of tag, 1 and 2 of translate, 2 searches
    }

    [Theory]
    [InlineData("tag", 40, 64, 16654)]
    [InlineData("tag-crf", 5, 1, 3)]
    [InlineData("translate", 40, 64, 8000)]
    [InlineData("translate-greedy", 2, 3, 5)]
    public void Drawn_sentences_are_the_same_every_time_and_fit_their_shape(string cell, int time, int batch, int vocabulary)
    {
        var (status, printed) = Python(Peers, "-c", $"""
            import sentences
            data = sentences.draw('{cell}', {time}, {batch}, {vocabulary})
            assert data == sentences.draw('{cell}', {time}, {batch}, {vocabulary})
            lists = [data['words']] if 'words' in data else [data['sources'], data['targets']]
            assert all(1 <= len(sentence) <= {time} and 0 <= min(sentence) and max(sentence) < {vocabulary} for sentence in sum(lists, []))
            assert all(len(data[name]) == max(16, 4 * {batch}) for name in ('words', 'forms', 'tags', 'sources', 'targets') if name in data)
            for first in range(0, len(lists[0]), {batch}):  # PyTorch packs what is sorted
                lengths = [len(sentence) for sentence in lists[0][first:first + {batch}]]
                assert lengths == sorted(lengths, reverse=True)
            if 'words' in data:
                assert all(data['spellings'][form] == sentences.spelling(word) for words, forms in zip(data['words'], data['forms']) for word, form in zip(words, forms))
            print(sentences.tokens('{cell}', 'train', data) - sum(map(len, lists[-1])))
            """);
        Assert.True(status == 0, printed);
        Assert.Equal(cell.StartsWith("tag", StringComparison.Ordinal) ? 0 : Math.Max(16, 4 * batch), int.Parse(printed, System.Globalization.CultureInfo.InvariantCulture));     // the end symbols
    }

    [Fact]
    public void Models_of_tasks_are_told_in_tokens_a_second()
    {
        var (status, printed) = Python(Peers, "-c", """
            import report
            row = {'cell': 'translate', 'mode': 'infer', 'T': 40, 'B': 1, 'I': 8000, 'H': 512, 'threads': 2, 'peak_gflops': 270.0, 'tokens': 500, 'unroll_over': {'PyTorch': 0.5},
                   'entrants': {'Unroll': {'median_ms': 250, 'min_ms': 240}, 'PyTorch': {'median_ms': 500.5, 'min_ms': 490}}}
            about = {'commit': 'abc', 'date': '2026-01-01', 'processor': 'a processor', 'processors': 2, 'rounds': 5, 'seconds': 0.7, 'entrants': {}}
            print(report.tables(about, [row, {**row, 'cell': 'tag', 'mode': 'train', 'entrants': {'Unroll': {'median_ms': 1, 'min_ms': 1}}}]))
            """);
        Assert.True(status == 0, printed);
        Assert.Contains("| Tagger: words and characters, bidirectional LSTM | training | 40, 1, 8000, 512 | 2 | 500,000 | – | – |\n"
            + "| Translator with attention, beam of 5 | prediction | 40, 1, 8000, 512 | 2 | 2,000 | 999 | 0.50 |\n", printed.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void The_tables_of_several_files_replace_those_of_the_page()
    {
        var folder = Directory.CreateTempSubdirectory("unroll-race-").FullName;
        try
        {
            var page = Path.Combine(folder, "README.md");
            File.WriteAllText(Path.Combine(folder, "a.json"), Race("lstm", "abc"));
            File.WriteAllText(Path.Combine(folder, "b.json"), Race("gru", "abc"));
            File.WriteAllText(Path.Combine(folder, "other.json"), Race("gru", "def"));
            // What is raced are layers only, so that the place of whole models stays as it is.
            File.WriteAllText(page, "before\n<!-- race: begin -->\nold\n<!-- race: end -->\nafter\n<!-- models: begin -->\nkept\n<!-- models: end -->\n");
            for (var i = 0; i < 2; i++)     // the second time changes nothing
            {
                var (status, printed) = Python(folder, "-c", "import report; report.write_readme(['a.json', 'b.json'], 'README.md')");
                Assert.True(status == 0, printed);
                Assert.Equal("""
                    before
                    <!-- race: begin -->

                    **LSTM, training**

                    | T, B, I, H | threads | Unroll ms (min) | of peak | PyTorch ms (min) | Unroll / PyTorch |
                    |---|---|---|---|---|---|
                    | 2, 3, 4, 5 | 1 | 1.5 (1.25) | 90% | 123 (120) | 0.01 |

                    **GRU, reset after the product, training**

                    | T, B, I, H | threads | Unroll ms (min) | of peak | PyTorch ms (min) | Unroll / PyTorch |
                    |---|---|---|---|---|---|
                    | 2, 3, 4, 5 | 1 | 1.5 (1.25) | 90% | 123 (120) | 0.01 |

                    a processor, 2 processors; measured peak 270 GF/s on 1. Commit abc, 2026-01-01, 5 rounds of 0.7 s. Unroll: version 1. Without oneDNN: it is not here.

                    <!-- race: end -->
                    after
                    <!-- models: begin -->
                    kept
                    <!-- models: end -->

                    """.ReplaceLineEndings("\n"), File.ReadAllText(page));
            }
            File.WriteAllText(Path.Combine(folder, "models.json"), Race("tag", "def").Replace("\"cell\"", "\"tokens\": 30, \"cell\"", StringComparison.Ordinal));
            string raced = File.ReadAllText(page);
            var (written, said) = Python(folder, "-c", "import report; report.write_readme(['models.json'], 'README.md')");
            Assert.True(written == 0, said);
            Assert.StartsWith(raced[..raced.IndexOf("kept", StringComparison.Ordinal)], File.ReadAllText(page));
            Assert.Contains("| training | 2, 3, 4, 5 | 1 | 20,000 | 244 | 0.01 |", File.ReadAllText(page));

            var (mixed, complaint) = Python(folder, "-c", "import report; report.write_readme(['a.json', 'other.json'], 'README.md')");
            Assert.Equal(1, mixed);
            Assert.Contains("a table is of one machine and one commit", complaint);

            var (drawn, error) = Python(folder, Path.Combine(Peers, "plot.py"), "a.json", "--out", "race.svg");
            Assert.SkipWhen(error.Contains("No module named 'matplotlib'", StringComparison.Ordinal), "no python3 with Matplotlib here");
            Assert.True(drawn == 0, error);
            Assert.Contains("training, 1 thread", File.ReadAllText(Path.Combine(folder, "race.svg")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_entrants_compute_the_same_numbers()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Repository.Root, "bench", "Unroll.Bench", "bin", "Release", "net10.0", "Unroll.Bench.dll")), "the bench is not built");
        var (status, printed) = Python(Peers, Path.Combine(Peers, "race.py"), "--check", "--threads", "1", "2");
        Assert.True(status == 0, printed);
        Assert.SkipUnless(printed.Contains(" agrees to ", StringComparison.Ordinal), "none of the rivals is here");
    }

    private static string Race(string cell, string commit) => $$"""
        {
          "about": {"commit": "{{commit}}", "date": "2026-01-01", "processor": "a processor", "processors": 2, "rounds": 5, "seconds": 0.7,
                    "entrants": { "Unroll": "version 1" }, "missing": { "oneDNN": "it is not here" } },
          "results": [{"cell": "{{cell}}", "mode": "train", "T": 2, "B": 3, "I": 4, "H": 5, "threads": 1, "peak_gflops": 270.0,
                       "unroll_over": { "PyTorch": 0.0122 },
                       "entrants": {"Unroll": {"median_ms": 1.5, "min_ms": 1.25, "share_of_peak": 0.9}, "PyTorch": {"median_ms": 123, "min_ms": 120, "share_of_peak": 0.011} } }]
        }
        """;

    private static (int Status, string Printed) Python(string folder, params string[] arguments)
    {
        // Debian's own, which has Matplotlib where anything has it, before what a shell would find.
        foreach (var program in new[] { "/usr/bin/python3", "python3" })
        {
            try
            {
                var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
                (start.Environment["PYTHONPATH"], start.Environment["PYTHONDONTWRITEBYTECODE"]) = (Peers, "1");
                using var process = Process.Start(start)!;
                var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
                var printed = process.StandardOutput.ReadToEnd();
                process.WaitForExit();
                return (process.ExitCode, printed + error.Result);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Not here: the next.
            }
        }
        Assert.Skip("no python3 here");
        return default;
    }
}
