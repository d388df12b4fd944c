using Unroll.Tensors;

namespace Unroll.Tasks.Pixels;

/// <summary>Draws digits for a model to learn when no images are given: strokes whose corners tremble, moved, stretched and slanted by chance, with a pen of varying width.</summary>
internal static class DigitPainter
{
    /// <summary>The corners of each digit's one stroke, x to the right and y down, in hundredths of the image.</summary>
    private static readonly (int X, int Y)[][] Strokes =
    [
        [(50, 10), (68, 25), (72, 50), (66, 78), (50, 90), (33, 77), (28, 50), (33, 24), (50, 10)],
        [(35, 27), (52, 10), (50, 90)],
        [(25, 30), (36, 12), (60, 11), (71, 30), (58, 53), (25, 90), (76, 90)],
        [(25, 15), (52, 10), (70, 26), (60, 44), (42, 48), (64, 55), (72, 74), (52, 90), (25, 83)],
        [(61, 90), (60, 10), (22, 63), (80, 62)],
        [(72, 10), (33, 10), (29, 46), (55, 42), (72, 60), (65, 82), (46, 90), (25, 83)],
        [(65, 12), (41, 30), (28, 60), (35, 85), (60, 88), (70, 68), (55, 52), (31, 63)],
        [(24, 11), (75, 10), (42, 90)],
        [(50, 48), (31, 30), (50, 10), (69, 30), (50, 48), (28, 70), (50, 90), (72, 70), (50, 48)],
        [(70, 30), (52, 48), (31, 36), (36, 15), (58, 10), (70, 30), (62, 90)],
    ];

    /// <summary>Draws digits, each as likely.</summary>
    /// <param name="random">All that they depend on.</param>
    /// <param name="count">How many.</param>
    /// <param name="side">Pixels of a side.</param>
    public static LabelledImages Draw(RandomState random, int count, int side)
    {
        ArgumentNullException.ThrowIfNull(random);
        (byte[] pixels, byte[] labels) = (new byte[count * side * side], new byte[count]);
        for (int i = 0; i < count; i++) Draw(random, labels[i] = (byte)random.NextInt(Strokes.Length), pixels.AsSpan(i * side * side, side * side), side);
        return new LabelledImages(pixels, labels, side);
    }

    private static void Draw(RandomState random, int digit, Span<byte> pixels, int side)
    {
        double width = 0.85 + 0.15 * random.NextGaussian(), height = 0.95 + 0.1 * random.NextGaussian(), slant = 0.15 * random.NextGaussian();
        double right = 0.5 + 0.04 * random.NextGaussian(), down = 0.5 + 0.04 * random.NextGaussian(), pen = 0.05 + 0.02 * random.NextDouble();
        (double X, double Y) last = default;
        for (int corner = 0; corner < Strokes[digit].Length; corner++)
        {
            double x = Strokes[digit][corner].X / 100.0 - 0.5 + 0.02 * random.NextGaussian(), y = Strokes[digit][corner].Y / 100.0 - 0.5 + 0.02 * random.NextGaussian();
            (double X, double Y) at = (right + width * x - slant * y, down + height * y);
            if (corner > 0) Line(last, at, pen, pixels, side);
            last = at;
        }
    }

    /// <summary>Darkens the pixels near a line: full within the pen's width, less and less over one pixel more.</summary>
    private static void Line((double X, double Y) from, (double X, double Y) to, double pen, Span<byte> pixels, int side)
    {
        (double dx, double dy) = (to.X - from.X, to.Y - from.Y);
        double square = Math.Max(1e-12, dx * dx + dy * dy);
        for (int i = 0; i < pixels.Length; i++)
        {
            (double x, double y) = ((i % side + 0.5) / side, (i / side + 0.5) / side);
            double along = Math.Clamp(((x - from.X) * dx + (y - from.Y) * dy) / square, 0, 1);
            (double offX, double offY) = (x - from.X - along * dx, y - from.Y - along * dy);
            double ink = 1 - (Math.Sqrt(offX * offX + offY * offY) - pen) * side;
            pixels[i] = Math.Max(pixels[i], (byte)(255 * Math.Clamp(ink, 0, 1)));
        }
    }
}
