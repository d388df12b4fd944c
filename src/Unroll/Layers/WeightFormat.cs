namespace Unroll.Layers;

/// <summary>How a recurrent layer keeps its matrices for inference. A step of one sequence reads every weight once: fewer bytes, less time. Biases, gains, states and all
/// elementwise work stay single precision.</summary>
public enum WeightFormat
{
    /// <summary>As they were trained.</summary>
    Float32,
    /// <summary>Rounded to 8 significant bits, ties to even: half the bytes.</summary>
    BFloat16,
    /// <summary>Whole numbers from −127 to 127 times a scale for each row of a matrix, which is its largest magnitude / 127: a quarter of the bytes. What a matrix multiplies,
    /// x or h of one sequence at one step, is rounded in the same way, its scale found anew each time, and the products are added up exactly as whole numbers: the same bits on
    /// every processor, by one instruction for four products where there is VNNI. A vector that holds a number that is not finite makes its products not a number; one whose largest magnitude is
    /// below 4·10⁻³⁷ counts as zero. (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference".)</summary>
    Int8,
}
