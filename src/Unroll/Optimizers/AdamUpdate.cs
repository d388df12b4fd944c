namespace Unroll.Optimizers;

/// <summary>The step that <see cref="Adam"/> and <see cref="AdamW"/> share; they differ in where the weight decay enters.</summary>
internal static class AdamUpdate
{
    public static void Apply(in ParameterUpdate update, double beta1, double beta2, float epsilon, float coupledDecay, float decoupledDecay)
    {
        // The corrections of the moments' bias are the same for all elements: m̂/(√v̂ + ε) = (m/c₁) / (√v/√c₂ + ε).
        double correction1 = 1 - Math.Pow(beta1, update.Step), correction2 = 1 - Math.Pow(beta2, update.Step);
        float rate = (float)(update.LearningRate / correction1), root = (float)Math.Sqrt(correction2);
        float shrink = (float)(1 - update.LearningRate * (double)decoupledDecay);
        float kept1 = (float)beta1, taken1 = (float)(1 - beta1), kept2 = (float)beta2, taken2 = (float)(1 - beta2), scale = update.GradientScale;
        Span<float> values = update.Values, first = update.First, second = update.Second;
        ReadOnlySpan<float> gradient = update.Gradient;
        for (int i = 0; i < values.Length; i++)
        {
            float g = gradient[i] * scale + coupledDecay * values[i];
            first[i] = kept1 * first[i] + taken1 * g;
            second[i] = kept2 * second[i] + taken2 * (g * g);
            values[i] = values[i] * shrink - rate * (first[i] / (MathF.Sqrt(second[i]) / root + epsilon));
        }
    }
}
