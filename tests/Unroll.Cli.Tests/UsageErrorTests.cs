namespace Unroll.Cli.Tests;

public sealed class UsageErrorTests
{
    [Theory]
    [InlineData("there is no command 'tran'. Did you mean 'train'?", "tran")]
    [InlineData("there is no command 'xyz'.", "xyz")]
    [InlineData("no option --hiden. Did you mean '--hidden'?", "train", "--hiden", "3")]
    [InlineData("no option --lenght. Did you mean '--length'?", "generate", "model", "--lenght=3")]
    [InlineData("There is no task 'languagemodel'. Did you mean 'language-model'?", "train", "languagemodel")]
    [InlineData("Did you mean 'lstm'?", "train", "--cell", "lsmt")]
    [InlineData("there is no cell 'gur'. Did you mean 'gru'?", "cells", "gur")]
    [InlineData("--pytorch prints one cell and none is named", "cells", "--pytorch")]
    [InlineData("Did you mean 'adam'?", "train", "--optimizer", "admm")]
    [InlineData("expected full or adaptive. Did you mean 'adaptive'?", "train", "--softmax", "adaptiv")]
    [InlineData("expected char, word, token or byte. Did you mean 'word'?", "train", "--level", "words")]
    public void A_wrong_word_gets_the_nearest_right_one(string expected, params string[] args)
    {
        using var session = new CommandSession();
        Assert.Contains(expected, session.Fail(ExitCode.Usage, args));
    }

    [Theory]
    [InlineData("--hidden 0: expected a whole number from 1", "--hidden", "0")]
    [InlineData("--hidden -3:", "--hidden", "-3")]
    [InlineData("--hidden 1.5:", "--hidden", "1.5")]
    [InlineData("--hidden many:", "--hidden", "many")]
    [InlineData("--layers 0:", "--layers", "0")]
    [InlineData("--batch 0:", "--batch", "0")]
    [InlineData("--sequence 0:", "--sequence", "0")]
    [InlineData("--epochs 0:", "--epochs", "0")]
    [InlineData("--steps 99999999999:", "--steps", "99999999999")]
    [InlineData("--dropout 1:", "--dropout", "1")]
    [InlineData("--dropout nan:", "--dropout", "nan")]
    [InlineData("--learning-rate 0: expected a number above 0.", "--learning-rate", "0")]
    [InlineData("--learning-rate inf:", "--learning-rate", "inf")]
    [InlineData("--clip -1:", "--clip", "-1")]
    [InlineData("--clip-value 0:", "--clip-value", "0")]
    [InlineData("--threads 0:", "--threads", "0")]
    [InlineData("--seed -1:", "--seed", "-1")]
    [InlineData("--valid-share 1:", "--valid-share", "1")]
    [InlineData("--checkpoint-every 0:", "--checkpoint-every", "0")]
    [InlineData("is no schedule", "--schedule", "sometimes")]
    [InlineData("the prior is 0", "--prior", "gaussian:0")]
    [InlineData("--prior flat:", "--prior", "flat")]
    [InlineData("--tie needs", "--tie", "--embedding", "3")]
    [InlineData("--softmax adaptive and --level byte", "--softmax", "adaptive", "--level", "byte")]
    [InlineData("the vocabulary has 12 symbols, and it pays from some thousands on. Leave it out, or choose --cutoffs below 12.", "--softmax", "adaptive")]
    [InlineData("--cutoffs 4: only the adaptive softmax cuts the symbols, and --softmax is full. Add --softmax adaptive", "--cutoffs", "4")]
    [InlineData("--cutoffs 5,12: the vocabulary has 12 symbols; expected numbers below that.", "--softmax", "adaptive", "--cutoffs", "5,12")]
    [InlineData("--cutoffs 5,3: expected rising whole numbers", "--softmax", "adaptive", "--cutoffs", "5,3")]
    [InlineData("--cutoffs 0,3:", "--softmax", "adaptive", "--cutoffs", "0,3")]
    [InlineData("--cutoffs 5,:", "--softmax", "adaptive", "--cutoffs", "5,")]
    [InlineData("--cutoffs few:", "--softmax", "adaptive", "--cutoffs", "few")]
    [InlineData("--hidden needs a value: units of each recurrent layer.", "--hidden")]
    [InlineData("but 2 were provided", "--hidden", "3", "--hidden", "4")]
    [InlineData("a language model reads forward only", "--bidirectional")]
    [InlineData("one word too many", "lm", "another")]
    public void A_value_that_makes_no_sense_is_refused_before_anything_is_written(string expected, params string[] options)
    {
        using var session = new CommandSession();
        session.Write("text", string.Concat(Enumerable.Repeat("some text to learn\n", 200)));
        string[] task = options[0] == "lm" ? [] : ["lm"];
        Assert.Contains(expected, session.Fail(ExitCode.Usage, ["train", .. task, .. options, "--data", "@/text", "--out", "@/run"]));
        Assert.False(Directory.Exists(session.PathOf("run")));
    }

    [Theory]
    [InlineData("--temperature -1:", "--temperature", "-1")]
    [InlineData("--top-k -1:", "--top-k", "-1")]
    [InlineData("--top-p 0:", "--top-p", "0")]
    [InlineData("--top-p 1.5:", "--top-p", "1.5")]
    [InlineData("--length -1:", "--length", "-1")]
    public void Values_of_generation_are_checked(string expected, params string[] options)
    {
        using var session = new CommandSession();
        Assert.Contains(expected, session.Fail(ExitCode.Usage, ["generate", "model", .. options]));
    }

    [Theory]
    [InlineData("evaluate")]
    [InlineData("generate")]
    [InlineData("inspect")]
    public void A_model_must_be_named(string command)
    {
        using var session = new CommandSession();
        Assert.Contains("MODEL is missing", session.Fail(ExitCode.Usage, command));
    }
}
