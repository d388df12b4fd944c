namespace Unroll.Layers;

/// <summary>How a recurrent layer keeps its matrices for inference. A step of one sequence reads every weight once: fewer bytes, less time. The
/// numbers computed with stay single precision, and so do biases and gains.</summary>
public enum WeightFormat
{
    /// <summary>As they were trained.</summary>
    Float32,
    /// <summary>Rounded to 8 significant bits, ties to even: half the bytes.</summary>
    BFloat16,
    /// <summary>Whole numbers from −127 to 127 times a scale for each row of a matrix, which is its largest magnitude / 127: a quarter of the bytes.</summary>
    Int8,
}
