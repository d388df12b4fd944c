using System.IO.Compression;
using Unroll.Tasks.Pixels;

namespace Unroll.Tasks.Tests.Pixels;

public sealed class ImageFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("unroll-idx-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Idx(int type, int[] sizes, params byte[] values) =>
        [0, 0, (byte)type, (byte)sizes.Length, .. sizes.SelectMany(size => new[] { (byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size }), .. values];

    private static byte[] Gzip(byte[] bytes)
    {
        var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Optimal)) gzip.Write(bytes);
        return to.ToArray();
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static readonly byte[] Images = Idx(8, [2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 255), Labels = Idx(8, [2], 9, 0);

    private string Refused(byte[] images, byte[] labels)
    {
        Write("train-images-idx3-ubyte", images);
        Write("train-labels-idx1-ubyte", labels);
        string message = Assert.Throws<BadInputException>(() => ImageFolder.Read(_folder, "train")).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Theory]
    [InlineData("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", false)]
    [InlineData("t10k-images.idx3-ubyte", "t10k-labels-idx1-ubyte", false)]
    [InlineData("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", true)]
    public void Images_and_labels_are_read_by_the_usual_names_gzipped_or_not(string images, string labels, bool gzip)
    {
        Write(images, gzip ? Gzip(Images) : Images);
        Write(labels, gzip ? Gzip(Labels) : Labels);
        LabelledImages read = ImageFolder.Read(_folder, "valid", "t10k");
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 255], read.Pixels);
        Assert.Equal([9, 0], read.Labels);
        Assert.Equal([5, 6, 7, 255], read.Part(1, 1).Pixels);
        Assert.Equal([0], read.Part(1, 1).Labels);
        Assert.Equal((2, 2), (read.Side, read.Part(1, 1).Side));
        Assert.False(ImageFolder.Has(_folder, "train"));
    }

    [Fact]
    public void Files_that_are_not_idx_or_lie_are_refused_with_what_was_found_and_expected()
    {
        Assert.Contains("the magic number is 0x00000801; expected 0x00000803, an idx file of unsigned bytes in 3 dimensions (images)", Refused(Labels, Labels));
        Assert.Contains("the magic number is 0x00000803; expected 0x00000801", Refused(Images, Images));
        Assert.Contains("the magic number is 0x00000d03", Refused(Idx(13, [2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8), Labels));
        Assert.Contains("0 bytes; an idx header of 3 dimensions has 16", Refused([], Labels));
        Assert.Contains("15 bytes; an idx header of 3 dimensions has 16", Refused(Images[..15], Labels));
        Assert.Contains("the header promises 2 × 2 × 2 = 8 bytes, the file has only 7; it is cut off or damaged", Refused(Images[..^1], Labels));
        Assert.Contains("the header promises 2 × 2 × 2 = 8 bytes, the file has more", Refused([.. Images, 1], Labels));
        Assert.Contains("dimension 2 is 0 in the header", Refused(Idx(8, [2, 0, 2]), Labels));
        Assert.Contains("dimension 1 is 4294967295", Refused(Idx(8, [-1, 2, 2]), Labels));
        Assert.Contains("images of 1 × 2 pixels; expected square ones", Refused(Idx(8, [2, 1, 2], 1, 2, 3, 4), Labels));
        Assert.Contains("2 images, ", Refused(Images, Idx(8, [3], 1, 2, 3)));
        Assert.Contains("3 labels; expected as many of both", Refused(Images, Idx(8, [3], 1, 2, 3)));
        Assert.Contains("label 2 is 10; expected 0 to 9", Refused(Images, Idx(8, [2], 9, 10)));
        Assert.Contains("the file has only 7; it is cut off or damaged", Refused(Gzip(Images[..^1]), Labels));
        Assert.Contains("the file has more", Refused(Gzip([.. Images, 1]), Labels));
        Assert.Contains("train-images-idx3-ubyte: ", Refused([.. Gzip(Images)[..12], 77, 77, 77, 77], Labels));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_header_that_promises_much_allocates_little(bool gzip)
    {
        byte[] lie = Idx(8, [2_000_000, 28, 28], 1, 2, 3);
        string path = Write("lie", gzip ? Gzip(lie) : lie);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("the header promises 2000000 × 28 × 28 = 1,568,000,000 bytes", Assert.Throws<BadInputException>(() => IdxFile.Read(path, 3)).Message);
        Assert.Contains(" bytes", Assert.Throws<BadInputException>(() => IdxFile.Read(Write("most", Idx(8, [int.MaxValue, int.MaxValue, int.MaxValue])), 3)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 18);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains("none of the files train-images-idx3-ubyte, train-images-idx3-ubyte.gz, ", Assert.Throws<BadInputException>(() => ImageFolder.Read(_folder, "train")).Message);
        Write("train-images-idx3-ubyte.gz", Gzip(Images));
        Assert.Contains("none of the files train-labels-idx1-ubyte, ", Assert.Throws<BadInputException>(() => ImageFolder.Read(_folder, "train")).Message);
        Assert.Contains("nowhere: no such folder; expected one with t10k-images-idx3-ubyte", Assert.Throws<BadInputException>(() => ImageFolder.Read(_folder + "/nowhere", "t10k")).Message);
    }
}
