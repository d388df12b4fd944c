namespace Unroll.Layers;

/// <summary>What leads past a layer of a stack, from what it reads to what it gives out.</summary>
public enum LayerConnection
{
    /// <summary>Nothing: the layer's output is all the next one reads.</summary>
    None,
    /// <summary>y = x + layer(x). He, Zhang, Ren &amp; Sun 2016, "Deep residual learning for image recognition"; between recurrent layers, Wu et al. 2016,
    /// "Google's neural machine translation system".</summary>
    Residual,
    /// <summary>y = t ⊙ layer(x) + (1 − t) ⊙ x with the gate t = σ(W x + b), whose b starts at −1, so that a new layer mostly lets x pass. Srivastava, Greff &amp;
    /// Schmidhuber 2015, "Training very deep networks".</summary>
    Highway,
}
