using System.Collections.Concurrent;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Flows;

/// <summary>Section Flows.</summary>
sealed class FlowOptions : ICheckedOptions
{
    public const string Section = "Flows";

    /// <summary>Where the *.yaml flows are; default: the nearest folder `flows` at or above the program. A flow that is not here is taken from there.</summary>
    public string? Directory { get; set; }

    public IEnumerable<string> Problems()
    {
        if (FlowLibrary.Find(Directory) is null)
        {
            yield return Directory is null
                ? $"Flows:Directory must be set where no folder 'flows' stands at or above {AppContext.BaseDirectory}, for example /app/flows."
                : $"Flows:Directory must be an existing folder, not '{Directory}', for example /app/flows.";
        }
    }
}

/// <summary>
/// The flows on disk. A changed file is read again when the next call is placed; one that is broken is reported and the last good
/// version stays in use, because a typing error must not stop the dispatch.
/// </summary>
sealed partial class FlowLibrary(IOptions<FlowOptions> options, ILogger<FlowLibrary> log)
{
    readonly ConcurrentDictionary<string, Loaded> _flows = new(StringComparer.Ordinal);
    readonly string _directory = Find(options.Value.Directory) ?? throw new FlowException("flows", ["Flows:Directory must be an existing folder."]);

    /// <summary>Throws a <see cref="FlowException"/> when there is no good version at all.</summary>
    /// <param name="tools">Names of the tools that this kind of call has; those of a call about an incident where nothing is said.</param>
    public Flow Get(string name, IReadOnlyCollection<string>? tools = null)
    {
        _flows.TryGetValue(name, out var loaded);
        var own = Path.Combine(_directory, name + ".yaml");
        var file = File.Exists(own) ? own : loaded?.File ?? Shipped(name) ?? own;
        var stamp = File.GetLastWriteTimeUtc(file);
        if (loaded?.Stamp == stamp && loaded.File == file)
        {
            return loaded.Flow;
        }

        try
        {
            var flow = Read(file, tools ?? ToolBox.Names);
            _flows[name] = new Loaded(flow, stamp, file);
            LogLoaded(file);
            return flow;
        }
        catch (FlowException error) when (loaded is not null)
        {
            LogBroken(error, file);
            _flows[name] = loaded with { Stamp = stamp, File = file };
            return loaded.Flow;
        }
    }

    static string? Shipped(string name) => Find(null) is { } shipped && Path.Combine(shipped, name + ".yaml") is var file && File.Exists(file) ? file : null;

    static Flow Read(string file, IReadOnlyCollection<string> tools)
    {
        try
        {
            return FlowFile.Parse(Path.GetFileName(file), File.ReadAllText(file), tools);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FlowException(file, [$"{file}: cannot be read: {error.Message}"]);
        }
    }

    internal static string? Find(string? configured)
    {
        if (configured is not null)
        {
            return Directory.Exists(configured) ? Path.GetFullPath(configured) : null;
        }

        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var candidate = Path.Combine(at.FullName, "flows");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    sealed record Loaded(Flow Flow, DateTime Stamp, string File);

    [LoggerMessage(4301, LogLevel.Information, "Flow {File} read")]
    partial void LogLoaded(string file);

    [LoggerMessage(4302, LogLevel.Error, "Flow {File} is broken; its last good version stays in use")]
    partial void LogBroken(Exception error, string file);
}
