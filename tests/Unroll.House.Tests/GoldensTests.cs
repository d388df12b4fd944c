using System.Diagnostics;

namespace Unroll.House.Tests;

/// <summary>The golden figures are what PyTorch says, wherever there is a PyTorch to ask.</summary>
public sealed class GoldensTests
{
    [Theory]
    [InlineData("make_recurrent.py")]
    [InlineData("make_training.py")]
    public void The_golden_figures_are_what_PyTorch_computes(string script)
    {
        var python = new[] { "/usr/bin/python3", "python3" }.FirstOrDefault(each => Run(each, "-c", "import torch").Status == 0);
        Assert.SkipWhen(python is null, "no python3 with torch here");
        var (status, printed) = Run(python!, Path.Combine(Repository.Root, "tests", "goldens", script), "--check");
        Assert.True(status == 0, printed);
    }

    private static (int Status, string Printed) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var printed = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, printed + error.Result);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "there is no " + program);
        }
    }
}
