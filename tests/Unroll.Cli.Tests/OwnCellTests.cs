using System.Diagnostics;

namespace Unroll.Cli.Tests;

/// <summary>samples/OwnCell: a program that adds a cell to the command.</summary>
public sealed class OwnCellTests
{
    [Fact]
    public async Task A_cell_of_ones_own_is_shown_trained_and_used_like_a_built_in_one()
    {
        string folder = Directory.CreateTempSubdirectory("unroll-own").FullName, model = Path.Combine(folder, "run", "model.safetensors");
        try
        {
            Assert.Contains("α = σ(a)", await Sample("cells", "leaky"), StringComparison.Ordinal);
            Assert.Contains("leaky ", await Sample("cells"), StringComparison.Ordinal);
            await Sample("train", "--cell", "leaky", "--hidden", "16", "--steps", "5", "--quiet", "--out", Path.Combine(folder, "run"));
            Assert.Contains("leaky", await Sample("inspect", model), StringComparison.Ordinal);
            Assert.NotEmpty(await Sample("generate", model, "--length", "20"));
            await Sample("train", "--resume", Path.Combine(folder, "run"), "--steps", "8", "--quiet");

            using var plain = new CommandSession();
            Assert.Equal(3, plain.Run("inspect", model));
            Assert.Contains("leaky", plain.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> Sample(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OwnCell.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await error);
        return output;
    }
}
