namespace CityMonitor.Faults;

/// <summary>
/// Retries and looks come within seconds and a wave's calls are dialled at once, so that a row takes a minute; what a call hears is as in
/// a real city.
/// </summary>
static class Settings
{
    static readonly Dictionary<string, Dictionary<string, string>> quick = new()
    {
        ["*"] = new() { ["Drain__Timeout"] = "00:00:30" },
        ["AgentWorker"] = new()
        {
            ["Dispatch__RetryDelays__0"] = "00:00:02",
            ["Dispatch__HungUpDelay"] = "00:00:01",
            // Questions about the arrival would reach the phone in the middle of a later row.
            ["Dispatch__EtaGrace"] = "1.00:00:00",
            ["Dispatch__NoEtaCheck"] = "1.00:00:00",
        },
        ["IncidentPoller"] = new() { ["Freshdesk__PollingInterval"] = "00:00:02", ["Freshdesk__RepublishInterval"] = "00:00:20" },
        ["TelephonyApi"] = new() { ["Twilio__CallsPerSecond"] = "100", ["Capacity__MaxConcurrentCalls"] = "200" },
        ["Simulator"] = new()
        {
            // The world outside is no part of what is measured: it may be compiled the cheaper way.
            ["DOTNET_TieredPGO"] = "0",
            ["Simulator__Twilio__CallsPerSecond"] = "100",
            ["Simulator__Freshdesk__RequestsPerMinute"] = "100000",
            ["Simulator__Freshdesk__CreatesPerMinute"] = "100000",
            ["Simulator__Freshdesk__UpdatesPerMinute"] = "100000",
            ["Simulator__Freshdesk__ListsPerMinute"] = "100000",
        },
    };

    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> With(IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? more, string flows)
    {
        var all = quick.ToDictionary(process => process.Key, process => new Dictionary<string, string>(process.Value));
        all["AgentWorker"]["Flows__Directory"] = flows;
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
