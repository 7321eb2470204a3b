namespace CityMonitor.Hosting;

/// <summary>Where the built services lie: artifacts/bin/{Project}/{configuration}/{Project}.dll, beside whatever program runs this.</summary>
static class Artifacts
{
    public static string ServiceOf(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var candidates = new[] { own.Name, "debug", "release" }.Distinct()
            .Select(configuration => Path.Combine(own.Parent!.Parent!.FullName, project, configuration, project + ".dll"));
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new CityStartException($"{project} is not built: there is no {Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, project + ".dll")}. Build it with: dotnet build DevHost");
    }

    /// <summary>The dotnet that runs us, so that a child needs no PATH.</summary>
    public static string Dotnet =>
        System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path && File.Exists(path) ? path
        : System.Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self
        : Platform.FindOnPath("dotnet")
        ?? throw new CityStartException("There is no dotnet on PATH. Install the .NET 10 SDK: https://dot.net");
}
