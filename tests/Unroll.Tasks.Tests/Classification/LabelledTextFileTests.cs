using System.IO.Compression;
using System.Text;
using Unroll.Tasks.Classification;

namespace Unroll.Tasks.Tests.Classification;

public sealed class LabelledTextFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-labelled-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        using Stream stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(File.Create(path), CompressionLevel.Fastest) : File.Create(path);
        stream.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }

    private static TaskSettings Settings(string? label = null, string? text = null)
    {
        var settings = new TaskSettings(new ClassificationTask().EvaluationOptions);
        if (label is not null) settings.Set("label", label);
        if (text is not null) settings.Set("text", text);
        return settings;
    }

    private static string[] Read(string path, TaskSettings named, TaskSettings? before = null) =>
        [.. LabelledTextFile.Read(path, named, before ?? Settings()).Select(text => $"{text.Label}|{text.Text}|{text.Where[(path.Length + 2)..]}")];

    private string Refused(string name, string text, TaskSettings named) => Assert.Throws<BadInputException>(() => Read(Write(name, text), named)).Message;

    [Theory]
    [InlineData("texts")]
    [InlineData("texts.tsv.gz")]
    public void The_label_is_the_first_column_and_the_text_the_last_whatever_ends_a_line(string name) =>
        Assert.Equal(["good|a film|line 1", "bad|no film|line 3", "good||line 4", "bad|x|line 5"], Read(Write(name, "\uFEFFgood\ta film\r\n\r\n bad \t7\tno film\rgood\t\nbad\tx"), Settings()));

    [Theory]
    [InlineData("t.csv", null, null, "text,id,label\n\"one, two\",1,a\nthree,2, b \n")]
    [InlineData("t.CSV.gz", null, null, "\uFEFFlabel;text\r\na;one, two\r\nb;three\r\n")]
    [InlineData("t.csv", "kind", null, "text,kind\n\"one, two\",a\nthree,b\n")]
    [InlineData("t.tsv", "kind", "body", "body\tid\tkind\none, two\t1\ta\nthree\t2\tb\n")]
    public void A_table_s_columns_are_found_by_their_names(string name, string? label, string? text, string content) =>
        Assert.Equal(["a|one, two|line 2", "b|three|line 3"], Read(Write(name, content), Settings(label, text)));

    [Fact]
    public void A_text_in_quotes_may_have_lines_of_its_own() =>
        Assert.Equal(["a|one\n\ntwo \"x\"|line 2", "b|y|line 5"], Read(Write("t.csv", "label,text\na,\"one\r\n\r\ntwo \"\"x\"\"\"\r\nb,y\r\n"), Settings()));

    [Fact]
    public void Names_given_in_training_hold_for_later_tables_but_do_not_make_one_of_lines()
    {
        Assert.Equal(["a|x|line 2"], Read(Write("t.csv", "kind,body\na,x\n"), Settings(), Settings("kind", "body")));
        Assert.Equal(["kind|body|line 1"], Read(Write("t.tsv", "kind\tbody\n"), Settings(), Settings("kind", "body")));
    }

    [Theory]
    [InlineData("t", null, "a\tx\nno label\n", "t, line 2: no tabulator; expected a label, a tabulator and a text. A table with a header is read with --label and --text")]
    [InlineData("t", null, "a\tx\n \ty\n", "t, line 2: the label is empty; expected a label, a tabulator and a text.")]
    [InlineData("t.csv", null, "kind,text\na,x\n", "t.csv, line 1: no column 'label'; the columns are 'kind', 'text'. Name the one that has the label with --label.")]
    [InlineData("t.csv", "kinds", "kind,text\na,x\n", "t.csv, line 1: no column 'kinds'; the columns are 'kind', 'text'. Name the one that has the label with --label. Did you mean")]
    [InlineData("t.csv", "kind", "kind,body\na,x\n", "t.csv, line 1: no column 'text'; the columns are 'kind', 'body'. Name the one that has the text with --text.")]
    [InlineData("t.csv", null, "label,text,label\na,x,b\n", "t.csv, line 1: 2 columns are called 'label'")]
    [InlineData("t.csv", null, "label,text\na,x\n\" \",y\n", "t.csv, line 3: the label is empty; expected one in the column 'label'")]
    [InlineData("t.csv", null, "label,text\na,x, y\n", "t.csv, line 2: 3 fields, and the first line has 2")]
    public void What_is_not_of_the_format_is_said_with_its_place(string name, string? label, string content, string message) =>
        Assert.Contains(message, Refused(name, content, Settings(label)));
}
