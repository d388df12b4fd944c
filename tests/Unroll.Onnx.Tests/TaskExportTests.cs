using Unroll.Exchange;
using Unroll.Files;
using Unroll.Tasks;
using Unroll.Tensors;

namespace Unroll.Onnx.Tests;

/// <summary>Models of every task, exported, give ONNX Runtime the outputs they have here.</summary>
public sealed class TaskExportTests
{
    [Theory]
    [InlineData("language-model", "cell=lstm")]
    [InlineData("language-model", "cell=min-gru layers=2 connection=residual layer-norm=true")]
    [InlineData("language-model", "cell=gru level=word tie=true embedding=8")]
    [InlineData("language-model", "cell=lstm level=word tie=true embedding=8 softmax=adaptive cutoffs=20,60")]
    [InlineData("language-model", "cell=elman level=word softmax=adaptive cutoffs=20,60")]
    [InlineData("classify", "pooling=attention cell=lstm bidirectional=true")]
    [InlineData("classify", "pooling=last cell=gru bidirectional=true")]
    [InlineData("classify", "pooling=mean cell=mgu bidirectional=false")]
    [InlineData("classify", "pooling=max cell=lstm-peephole layers=2")]
    [InlineData("tag", "characters=recurrent crf=on")]
    [InlineData("tag", "characters=convolution crf=off cell=gru")]
    [InlineData("tag", "characters=none crf=off cell=janet")]
    [InlineData("translate", "attention=general")]
    [InlineData("translate", "attention=dot cell=gru output=tied")]
    [InlineData("translate", "attention=concat input-feeding=true")]
    [InlineData("translate", "attention=bahdanau cell=gru-before")]
    [InlineData("translate", "model=cho")]
    [InlineData("rank", "encoder=siamese score=cosine overlap=both")]
    [InlineData("rank", "encoder=attentive score=bilinear overlap=score cell=gru")]
    [InlineData("rank", "encoder=siamese score=features overlap=words cell=ran")]
    [InlineData("rank", "encoder=attentive score=features overlap=none pooling=mean")]
    [InlineData("chat", "cell=lstm")]
    [InlineData("chat", "cell=ugrnn layers=2")]
    [InlineData("adding", "cell=ind-rnn")]
    [InlineData("copy", "cell=lru")]
    [InlineData("embedded-reber", "cell=lstm")]
    [InlineData("multiplication", "cell=gru")]
    [InlineData("noisy-sequences", "cell=elman")]
    [InlineData("parity", "cell=lstm-layer-norm")]
    [InlineData("pixels", "cell=irnn")]
    [InlineData("polyphonic", "cell=gru")]
    [InlineData("temporal-order", "cell=sru")]
    public void A_model_gives_ONNX_Runtime_the_same_outputs(string task, string options)
    {
        TaskModel model = Open(task, options);
        foreach (ForwardPass pass in model.ForwardPasses()) Comparison.Check(pass);
        if (Streams(task))
            foreach (ForwardPass pass in model.ForwardPasses(streaming: true)) Comparison.Check(pass, seed: 2);
    }

    [Fact]
    public void Every_task_is_tried()
    {
        var tried = typeof(TaskExportTests).GetMethod(nameof(A_model_gives_ONNX_Runtime_the_same_outputs))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(data => (string)data.Data[0]!);
        Assert.Empty(TaskCatalogue.All.Select(task => task.Name).Except(tried));
    }

    [Fact]
    public void What_reads_whole_sequences_says_that_it_has_no_streaming_form()
    {
        foreach (string task in new[] { "classify", "tag", "rank" })
            Assert.Contains("no streaming form", Assert.Throws<BadUsageException>(() => Open(task, "").ForwardPasses(streaming: true)).Message, StringComparison.Ordinal);
    }

    private static bool Streams(string task) => task is not ("classify" or "tag" or "rank");

    internal static TaskModel Open(string task, string options)
    {
        TaskDefinition definition = TaskCatalogue.Get(task);
        var settings = new TaskSettings(definition.Options);
        settings.Set("hidden", "8").Set("batch", "4");
        foreach (string name in (string[])["embedding", "context", "character-hidden", "character-embedding"])
            if (definition.Options.Any(option => option.Name == name)) settings.Set(name, "6");
        foreach (string[] pair in options.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(option => option.Split('='))) settings.Set(pair[0], pair[1]);
        var job = definition.Prepare(settings).Job;
        job.Initialize(new RandomState(1));
        var random = new RandomState(2);
        foreach (Parameter parameter in job.Model.Parameters)
        {
            for (int i = 0; i < parameter.Values.Length; i++) parameter.Values[i] += 0.5f * (random.NextSingle() - 0.5f);
            parameter.Changed();
        }
        ModelFile file = job.ToModelFile();
        return definition.Open(file);
    }
}
