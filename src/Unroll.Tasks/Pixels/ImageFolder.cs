namespace Unroll.Tasks.Pixels;

/// <summary>Images and their labels out of a folder with files of the usual names.</summary>
internal static class ImageFolder
{
    /// <summary>The parts by the first word of their files' names.</summary>
    public const string Training = "train", Validation = "valid", Test = "t10k";

    /// <summary>Whether a folder has the images of a part.</summary>
    public static bool Has(string folder, string part) => Find(folder, part, "images", 3) is not null;

    /// <summary>Reads a part.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="parts">The part, or several of which the first that is there is read.</param>
    /// <returns>Square images, all of the same size.</returns>
    /// <exception cref="BadInputException">There is none of them, a file is damaged, or they do not belong together.</exception>
    public static LabelledImages Read(string folder, params string[] parts)
    {
        if (!Directory.Exists(folder)) throw new BadInputException(
            $"{folder}: no such folder; expected one with {Names(parts[0], "images", 3)[0]} and {Names(parts[0], "labels", 1)[0]}, or the same with .gz.");
        string part = parts.FirstOrDefault(part => Has(folder, part)) ?? throw Missing(folder, parts.SelectMany(part => Names(part, "images", 3)));
        string imageFile = Find(folder, part, "images", 3)!, labelFile = Find(folder, part, "labels", 1) ?? throw Missing(folder, Names(part, "labels", 1));
        (int[] sizes, byte[] pixels) = IdxFile.Read(imageFile, 3);
        (int[] counts, byte[] labels) = IdxFile.Read(labelFile, 1);
        if (sizes[0] != counts[0]) throw new BadInputException($"{imageFile} has {sizes[0]:N0} images, {labelFile} {counts[0]:N0} labels; expected as many of both.");
        if (sizes[1] != sizes[2]) throw new BadInputException($"{imageFile}: images of {sizes[1]} × {sizes[2]} pixels; expected square ones.");
        if (labels.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(LabelledImages.Classes - 1)) is var wrong and >= 0) throw new BadInputException(
            $"{labelFile}: label {wrong + 1} is {labels[wrong]}; expected 0 to {LabelledImages.Classes - 1}.");
        return new LabelledImages(pixels, labels, sizes[1]);
    }

    private static string? Find(string folder, string part, string what, int dimensions) => Names(part, what, dimensions).Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string[] Names(string part, string what, int dimensions) =>
        [$"{part}-{what}-idx{dimensions}-ubyte", $"{part}-{what}-idx{dimensions}-ubyte.gz", $"{part}-{what}.idx{dimensions}-ubyte", $"{part}-{what}.idx{dimensions}-ubyte.gz"];

    private static BadInputException Missing(string folder, IEnumerable<string> names) => new($"{folder}: none of the files {string.Join(", ", names)} is there.");
}

/// <summary>Square images with a class each.</summary>
/// <param name="Pixels">[images, rows, columns], 0 to 255.</param>
/// <param name="Labels">The class of each.</param>
/// <param name="Side">Rows, and columns.</param>
internal sealed record LabelledImages(byte[] Pixels, byte[] Labels, int Side)
{
    /// <summary>How many classes there are.</summary>
    public const int Classes = 10;

    /// <summary>Some of the images, in their order.</summary>
    public LabelledImages Part(int first, int count) => new(Pixels[(first * Side * Side)..((first + count) * Side * Side)], Labels[first..(first + count)], Side);
}
