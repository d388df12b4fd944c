using Unroll.Tasks.Polyphonic;

namespace Unroll.Tasks.Tests.Polyphonic;

public sealed class PieceReaderTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    private Pieces Read(string text)
    {
        File.WriteAllText(_path, text);
        return PieceReader.Read([_path]);
    }

    private static int[][] Steps(Pieces pieces, int piece) => [.. Enumerable.Range(0, pieces.StepsOf(piece)).Select(step => pieces[piece, step].ToArray().Select(note => (int)note).ToArray())];

    [Fact]
    public void A_line_is_a_piece_and_its_notes_are_a_set()
    {
        Pieces pieces = Read("\uFEFF[[0,87],[],[5]]\r\n\n [ [7, 3, 7], [1] ] \n[[2],[2]]");
        Assert.Equal(3, pieces.Count);
        Assert.Equal<int[]>([[0, 87], [], [5]], Steps(pieces, 0));
        Assert.Equal<int[]>([[3, 7], [1]], Steps(pieces, 1));
        Assert.Equal<int[]>([[2], [2]], Steps(pieces, 2));
        Assert.Equal(5, PieceReader.Read([_path, _path]).Part(1, 5).Count);
    }

    [Theory]
    [InlineData("[[1],[2]", "not JSON (")]
    [InlineData("[[1],[2],]", "not JSON (")]
    [InlineData("hello", "not JSON (")]
    [InlineData("{\"a\":1}", "no list; expected a list of time steps")]
    [InlineData("3", "no list")]
    [InlineData("[1,2]", "step 1 is no list")]
    [InlineData("[[1],\"2\"]", "step 2 is no list")]
    [InlineData("[[1],[2.5]]", "step 2 has something that is no whole number")]
    [InlineData("[[1],[99999999999]]", "step 2 has something that is no whole number")]
    [InlineData("[[1],[[2]]]", "step 2 has something that is no whole number")]
    [InlineData("[[1],[3,88]]", "step 2 has the note 88 (a MIDI number less 21 is meant); expected a list of time steps, each a list of notes from 0 to 87")]
    [InlineData("[[-1],[3]]", "step 1 has the note -1")]
    [InlineData("[[1],[2]] [[1],[2]]", "not JSON (")]
    [InlineData("[]", "a piece of 0 steps; it takes at least 2 to predict one from another. Take the line out.")]
    [InlineData("[[1]]", "a piece of 1 step;")]
    [InlineData("[[1],[2]\u00e9", "not JSON (")]
    public void What_is_no_piece_is_refused_with_file_line_and_what_was_expected(string line, string expected)
    {
        string message = Assert.Throws<BadInputException>(() => Read($"[[1],[2]]\n\n{line}\n[[1],[2]]\n")).Message;
        Assert.StartsWith($"{_path}, line 3: ", message);
        Assert.Contains(expected, message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Files_without_pieces_and_files_that_are_not_there_are_refused()
    {
        Assert.Contains("the file has no pieces", Assert.Throws<BadInputException>(() => Read("\n \n")).Message);
        Assert.Contains("nowhere: no such file", Assert.Throws<BadInputException>(() => PieceReader.Read(["/nowhere"])).Message);
        Assert.Contains("a folder; expected a file", Assert.Throws<BadInputException>(() => PieceReader.Read([Path.GetTempPath()])).Message);
    }

    [Fact]
    public void Parts_of_a_cut_piece_predict_every_step_but_the_first_once()
    {
        Pieces pieces = Read("[[0],[1],[2],[3],[4],[5],[6]]\n[[10],[11]]\n[[20],[21],[22],[23]]"), cut = pieces.Cut(3);
        int[][] parts = [.. Enumerable.Range(0, cut.Count).Select(i => Steps(cut, i).Select(notes => notes[0]).ToArray())];
        Assert.Equal<int[]>([[0, 1, 2, 3], [3, 4, 5, 6], [10, 11], [20, 21, 22, 23]], parts);
        Assert.Equal<int[]>([[0, 1], [1, 2], [2, 3]], [.. Enumerable.Range(0, 3).Select(i => Steps(pieces.Part(0, 1).Cut(1), i).Select(notes => notes[0]).ToArray())]);
        Assert.NotEqual(pieces.Fingerprint, cut.Fingerprint);
        Assert.Equal(pieces.Fingerprint, Read("[[0],[1],[2],[3],[4],[5],[6]]\n[[10],[11]]\n[[20],[21],[22],[23]]").Fingerprint);
    }
}
