using System.Security.Cryptography;
using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Pixels;

/// <summary>Images read pixel by pixel or row by row, asked after the last step for their class.</summary>
internal sealed class PixelSequences : StoredSequences
{
    private readonly LabelledImages _images;
    private readonly int[]? _order;

    /// <summary>Sequences of images.</summary>
    /// <param name="images">The images.</param>
    /// <param name="byRows">Whether a step brings a row.</param>
    /// <param name="order">The order in which pixels are read; null for rows from the top, each from the left.</param>
    public PixelSequences(LabelledImages images, bool byRows, int[]? order)
        : base(FormatOf(images.Side, byRows))
    {
        (_images, _order) = (images, order);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(images.Pixels);
        digest.AppendData(images.Labels);
        Fingerprint = Convert.ToHexStringLower(digest.GetHashAndReset())[..32];
    }

    /// <inheritdoc/>
    public override int Count => _images.Labels.Length;

    /// <inheritdoc/>
    public override string Fingerprint { get; }

    /// <summary>Pixels of an image's side.</summary>
    public int Side => _images.Side;

    /// <summary>What a step brings for images of a size.</summary>
    public static SequenceFormat FormatOf(int side, bool byRows) => new(byRows ? side : 1, LabelledImages.Classes, TargetKind.Class);

    /// <summary>The order of a seed, for all images the same.</summary>
    public static int[] OrderOf(ulong seed, int side)
    {
        int[] order = [.. Enumerable.Range(0, side * side)];
        new RandomState(seed).Fork("pixels").Shuffle(order);
        return order;
    }

    /// <inheritdoc/>
    public override int LengthOf(int number) => Side * Side / Format.Inputs;

    /// <inheritdoc/>
    public override int JudgedOf(int number) => 1;

    /// <inheritdoc/>
    public override void Write(int number, SequenceBatch to)
    {
        ArgumentNullException.ThrowIfNull(to);
        int pixels = Side * Side, features = Format.Inputs, first = number * pixels;
        for (int i = 0; i < pixels; i++) to.Input(i / features, i % features, _images.Pixels[first + (_order is null ? i : _order[i])] / 255f);
        int length = LengthOf(number);
        to.AskClass(length - 1, _images.Labels[number]);
        to.End(length);
    }
}
