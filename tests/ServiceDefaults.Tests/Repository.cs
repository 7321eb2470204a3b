namespace CityMonitor.ServiceDefaults.Tests;

/// <summary>The sources that this test was built from, for tests about the repository itself.</summary>
static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The C# sources below a folder of the repository, without what a build has made.</summary>
    public static IEnumerable<string> Sources(params string[] folder) =>
        Directory.EnumerateFiles(Path.Combine([Root, .. folder]), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CityMonitor.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
