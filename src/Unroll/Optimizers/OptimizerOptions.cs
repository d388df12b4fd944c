namespace Unroll.Optimizers;

/// <summary>The choice of an optimizer and its constants.</summary>
public abstract record OptimizerOptions
{
    /// <summary>The name that the command and checkpoints use.</summary>
    public abstract string Name { get; }

    /// <summary>The learning rate before a schedule changes it.</summary>
    public abstract float LearningRate { get; init; }

    /// <summary>L2 penalty: this times the parameter is added to its gradient (in <see cref="AdamW"/>, decoupled from it).</summary>
    public virtual float WeightDecay { get; init; }

    /// <summary>The optimizer itself, with nothing remembered yet.</summary>
    /// <exception cref="BadUsageException">A constant is out of its range.</exception>
    public abstract Optimizer Create();

    /// <summary>The names that <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["sgd", "asgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw"];

    /// <summary>The options of an optimizer by its name, with PyTorch's defaults.</summary>
    /// <exception cref="BadUsageException">There is no such optimizer.</exception>
    public static OptimizerOptions Named(string name) => name switch
    {
        "sgd" => new SgdOptions(),
        "asgd" => new AsgdOptions(),
        "momentum" => new MomentumOptions(),
        "nesterov" => new NesterovOptions(),
        "rmsprop" => new RmsPropOptions(),
        "adagrad" => new AdagradOptions(),
        "adam" => new AdamOptions(),
        "adamw" => new AdamWOptions(),
        _ => throw new BadUsageException($"There is no optimizer '{name}'; choose one of {string.Join(", ", Names)}."),
    };

    /// <summary>Refuses a constant outside its range.</summary>
    private protected static void Require(bool sound, string name, double value, string range)
    {
        if (!sound) throw new BadUsageException($"The optimizer's {name} is {value}; it must be {range}.");
    }

    /// <summary>Refuses learning rates and weight decays that make no sense.</summary>
    private protected void RequireRates()
    {
        Require(LearningRate is >= 0 and < float.PositiveInfinity, "learning rate", LearningRate, "0 or more");
        Require(WeightDecay is >= 0 and < float.PositiveInfinity, "weight decay", WeightDecay, "0 or more");
    }
}
