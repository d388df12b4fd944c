using Unroll.Files;

namespace Unroll.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("model.safetensors");

    public void Dispose() => _folder.Dispose();

    private static SafetensorsFile Tensor(float value)
    {
        var file = new SafetensorsFile();
        file.Add("a", [value], [1]);
        return file;
    }

    [Fact]
    public void A_full_disk_leaves_the_old_file_and_no_other()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no /dev/full on this system");
        Tensor(1).Save(Path);
        // What is written to the temporary file goes to the device that is always full.
        File.CreateSymbolicLink(Path + AtomicFile.TemporarySuffix, "/dev/full");
        string message = Assert.Throws<RunFailedException>(() => Tensor(2).Save(Path)).Message;
        Assert.Contains("No space left on device", message, StringComparison.Ordinal);
        Assert.Contains("the file that was there before is untouched", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Equal([1f], SafetensorsFile.Read(Path)["a"].ToSingles());
        Assert.Single(Directory.GetFiles(_folder.Path));
        Tensor(2).Save(Path);
        Assert.Equal([2f], SafetensorsFile.Read(Path)["a"].ToSingles());
    }

    [Fact]
    public void A_writer_that_fails_leaves_the_old_file_and_no_other()
    {
        AtomicFile.WriteText(Path, "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(Path, stream =>
        {
            stream.WriteByte(1);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(Path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named()
    {
        string path = _folder.File("none/model.safetensors");
        string message = Assert.Throws<RunFailedException>(() => Tensor(1).Save(path)).Message;
        Assert.Contains("Could not save " + path, message, StringComparison.Ordinal);
        Assert.Contains("nothing was left behind", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_left_over_temporary_file_is_replaced()
    {
        File.WriteAllText(Path + AtomicFile.TemporarySuffix, "torn by a kill, and longer than what comes next");
        AtomicFile.WriteText(Path, "new");
        Assert.Equal("new", File.ReadAllText(Path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }
}
