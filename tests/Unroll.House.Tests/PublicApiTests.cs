using System.Reflection;

namespace Unroll.House.Tests;

/// <summary>What the libraries promise, listed in api/: a change of it is seen in review.</summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("Unroll")]
    [InlineData("Unroll.Tasks")]
    [InlineData("Unroll.Onnx")]
    [InlineData("Unroll.Cli")]
    public void The_public_surface_is_the_listed_one(string assembly)
    {
        var path = Path.Combine(Repository.Root, "api", assembly + ".txt");
        var found = ApiListing.Of(Assembly.Load(assembly));
        if (Environment.GetEnvironmentVariable("UNROLL_API") == "update")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllLines(path, found);
        }
        var listed = File.Exists(path) ? File.ReadAllLines(path) : [];
        var added = found.Except(listed, StringComparer.Ordinal).ToList();
        var gone = listed.Except(found, StringComparer.Ordinal).ToList();
        Assert.True(added.Count == 0 && gone.Count == 0,
            $"the public API of {assembly} is not the one in api/{assembly}.txt. If that is meant, list it anew with "
            + $"UNROLL_API=update ./test.sh house, and say so in CHANGELOG.md.\n"
            + string.Join('\n', added.Take(30).Select(line => "+ " + line).Concat(gone.Take(30).Select(line => "- " + line))));
    }
}
