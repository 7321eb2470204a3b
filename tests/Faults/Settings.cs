namespace CityMonitor.Faults;

/// <summary>Retries and looks come within seconds, so that a row takes a minute; what a call hears is as in a real city.</summary>
static class Settings
{
    static readonly Dictionary<string, Dictionary<string, string>> quick = new()
    {
        ["AgentWorker"] = new() { ["Dispatch__RetryDelays__0"] = "00:00:02", ["Dispatch__HungUpDelay"] = "00:00:01" },
        ["IncidentPoller"] = new() { ["Freshdesk__PollingInterval"] = "00:00:02", ["Freshdesk__RepublishInterval"] = "00:00:20" },
        ["TelephonyApi"] = new() { ["Twilio__CallsPerSecond"] = "10" },
        ["Simulator"] = new()
        {
            ["Simulator__Twilio__CallsPerSecond"] = "10",
            ["Simulator__Freshdesk__RequestsPerMinute"] = "100000",
            ["Simulator__Freshdesk__CreatesPerMinute"] = "100000",
            ["Simulator__Freshdesk__UpdatesPerMinute"] = "100000",
            ["Simulator__Freshdesk__ListsPerMinute"] = "100000",
        },
    };

    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> With(IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? more)
    {
        var all = quick.ToDictionary(process => process.Key, process => new Dictionary<string, string>(process.Value));
        foreach (var (process, settings) in more ?? new Dictionary<string, IReadOnlyDictionary<string, string>>())
        {
            all.TryAdd(process, []);
            foreach (var (name, value) in settings)
            {
                all[process][name] = value;
            }
        }

        return all.ToDictionary(process => process.Key, process => (IReadOnlyDictionary<string, string>)process.Value);
    }
}
