using System.Collections.Concurrent;

namespace CityMonitor.Simulator.Phones;

/// <summary>Every phone that has a script: those of <c>scenarios/phones</c> and those put at run time.</summary>
sealed partial class PhoneBook(IHostEnvironment environment, IConfiguration configuration, ILogger<PhoneBook> logger)
{
    static readonly PhoneScript Unknown = new() { Number = "*", Greeting = "Hello?", HangUpAfterSilence = TimeSpan.FromSeconds(30) };

    readonly ConcurrentDictionary<string, PhoneScript> scripts = new();

    public IReadOnlyList<PhoneScript> All => [.. scripts.Values.OrderBy(script => script.Number, StringComparer.Ordinal)];

    /// <summary>The script of a number; of any number there is one.</summary>
    public PhoneScript For(string number) =>
        scripts.GetValueOrDefault(number) ?? scripts.GetValueOrDefault("*") ?? Unknown;

    public void Put(PhoneScript script) => scripts[script.Number] = script;

    public bool Remove(string number) => scripts.TryRemove(number, out _);

    /// <summary>Reads the folder again; what was put at run time is forgotten.</summary>
    public void Load()
    {
        scripts.Clear();
        var folder = Path.Combine(configuration["Simulator:Scenarios"] ?? Path.Combine(environment.ContentRootPath, "scenarios"), "phones");
        if (!Directory.Exists(folder))
        {
            LogNoFolder(folder);
            return;
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
        {
            try
            {
                Put(PhoneScriptReader.Read(File.ReadAllText(file)));
            }
            catch (PhoneScriptException e)
            {
                throw new InvalidOperationException($"{Path.GetFileName(file)}: {e.Message}", e);
            }
        }

        LogLoaded(scripts.Count, folder);
    }

    [LoggerMessage(8001, LogLevel.Information, "{Count} phones from {Folder}")]
    partial void LogLoaded(int count, string folder);

    [LoggerMessage(8002, LogLevel.Warning, "No phones: there is no folder {Folder}. Every number answers with the default behaviour")]
    partial void LogNoFolder(string folder);
}
