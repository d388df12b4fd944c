using System.Globalization;
using Unroll.Tasks.Sequences;
using Unroll.Tensors;

namespace Unroll.Tasks.Pixels;

/// <summary>Sequential and permuted MNIST: an image is read pixel by pixel, and then its class is asked for. Le, Jaitly &amp; Hinton 2015, "A simple way to initialize recurrent
/// networks of rectified linear units".</summary>
internal sealed class PixelsTask : StoredTask
{
    private const int SampleImages = 4000, SampleValidation = 500, SampleSide = 10, LargestSide = 256;

    /// <summary>Training images kept aside at most where no others are there to validate on.</summary>
    private const int MostKeptAside = 5000;

    internal static readonly TaskOption Permuted = new("permuted", OptionKind.Flag, "read the pixels in one random order, the same for all images, made from --seed");

    internal static readonly TaskOption Rows = new("rows", OptionKind.Flag, "read a row of pixels at a step");

    internal static readonly TaskOption Size = new("size", OptionKind.Whole, string.Create(CultureInfo.InvariantCulture, $"pixels of an image's side [as in --data; of drawn digits {SampleSide}]"))
    {
        Minimum = 4,
        Maximum = LargestSide,
        Group = "Data",
    };

    /// <inheritdoc/>
    public override string Name => "pixels";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Aliases => ["mnist"];

    /// <inheritdoc/>
    public override string Summary => "reads an image pixel by pixel, then says which digit it is";

    /// <inheritdoc/>
    public override string Paper => "Le, Jaitly & Hinton 2015: IRNN 97 % right on MNIST, 82 % permuted";

    /// <inheritdoc/>
    public override TaskOption Data { get; } = new("data", OptionKind.Path, "folder with idx files named as those of MNIST, as they are or gzipped (default: digits drawn from the seed)")
    {
        Placeholder = "FOLDER",
        Group = "Data",
    };

    /// <inheritdoc/>
    public override TaskOption Valid { get; } = new("valid", OptionKind.Path, "folder whose valid-… or t10k-… files to judge the model on (default: valid-… of --data, or its last training images)")
    {
        Placeholder = "FOLDER",
        Group = "Data",
    };

    /// <inheritdoc/>
    protected override IReadOnlyList<TaskOption> OwnOptions => [Permuted, Rows, Size];

    /// <inheritdoc/>
    private protected override IReadOnlyDictionary<string, string> Defaults { get; } = new Dictionary<string, string>
    {
        [CommonOptions.Hidden.Name] = "100",
        [CommonOptions.LearningRate.Name] = "0.003",
    };

    /// <inheritdoc/>
    protected override (int Data, int Sample) DefaultEpochs => (10, 15);

    /// <inheritdoc/>
    protected override TrainingUnits Units { get; } = new("images");

    /// <inheritdoc/>
    public override IReadOnlyList<(string Arguments, string Meaning)> Examples =>
    [
        ("", "an LSTM reads digits that are drawn from the seed"),
        ("--data mnist/ --rows", "MNIST row by row: 28 steps of 28 pixels"),
        ("--data mnist/ --cell irnn --learning-rate 0.0003", "MNIST pixel by pixel: 784 steps"),
        ("--data mnist/ --permuted", "the same in one random order of the pixels"),
    ];

    /// <inheritdoc/>
    public override SequenceFormat Format(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return PixelSequences.FormatOf(settings.Whole(Size.Name), settings.Flag(Rows.Name));
    }

    /// <inheritdoc/>
    public override StoredParts Read(TaskSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Flag(Rows.Name) && settings.Flag(Permuted.Name)) throw new BadUsageException("--rows and --permuted exclude each other: a random order of pixels has no rows.");
        LabelledImages training, validation;
        string source;
        if (settings.Find(Data.Name) is { } folder)
        {
            source = folder;
            training = ImageFolder.Read(folder, ImageFolder.Training);
            if (settings.Find(Valid.Name) is { } other) validation = ImageFolder.Read(other, ImageFolder.Validation, ImageFolder.Test);
            else if (ImageFolder.Has(folder, ImageFolder.Validation)) validation = ImageFolder.Read(folder, ImageFolder.Validation);
            else
            {
                int count = training.Labels.Length, kept = Math.Min(MostKeptAside, count / 10);
                if (kept == 0) throw new BadInputException($"{folder}: {count} training images; it takes at least 10 to keep some aside.");
                (training, validation) = (training.Part(0, count - kept), training.Part(count - kept, kept));
            }
            if (training.Side is < 4 or > LargestSide) throw new BadInputException($"{folder}: images of {training.Side} × {training.Side} pixels; expected sides of 4 to {LargestSide}.");
            if (settings.IsGiven(Size.Name) && settings.Whole(Size.Name) != training.Side) throw new BadInputException(
                $"{folder}: images of {training.Side} × {training.Side} pixels; expected a side of {settings.Whole(Size.Name)} (--size).");
        }
        else
        {
            source = "digits drawn from the seed";
            int side = settings.IsGiven(Size.Name) ? settings.Whole(Size.Name) : SampleSide;
            LabelledImages all = DigitPainter.Draw(new RandomState((ulong)settings.Whole(CommonOptions.Seed.Name)).Fork("digits"), SampleImages + SampleValidation, side);
            (training, validation) = (all.Part(0, SampleImages), all.Part(SampleImages, SampleValidation));
        }
        // Into the recipe: what a step brings depends on it.
        settings.Set(Size.Name, Text(training.Side));
        return new StoredParts(Sequences(training, settings), Sequences(validation, settings), source);
    }

    /// <inheritdoc/>
    protected override StoredSequences ReadToJudge(IReadOnlyList<string> paths, TaskSettings trainedWith)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Sequences(ImageFolder.Read(paths[^1], ImageFolder.Test, ImageFolder.Validation), trainedWith);
    }

    /// <inheritdoc/>
    protected override Dictionary<string, double> MetricsOf(SequenceScores scores) => new()
    {
        ["loss"] = scores.Loss,
        ["accuracy"] = (double)scores.Right / scores.Judged,
    };

    /// <inheritdoc/>
    protected override string Describe(StoredSequences sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        return $"{sequences.Count:N0} images, {sequences.LengthOf(0):N0} steps of {(sequences.Format.Inputs == 1 ? "1 pixel" : $"{sequences.Format.Inputs} pixels")}";
    }

    private static PixelSequences Sequences(LabelledImages images, TaskSettings settings)
    {
        int side = settings.Whole(Size.Name);
        if (images.Side != side) throw new BadInputException($"Images of {images.Side} × {images.Side} pixels are to be judged; the model reads {side} × {side}.");
        int[]? order = settings.Flag(Permuted.Name) ? PixelSequences.OrderOf((ulong)settings.Whole(CommonOptions.Seed.Name), side) : null;
        return new PixelSequences(images, settings.Flag(Rows.Name), order);
    }
}
