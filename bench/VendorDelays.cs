using CityMonitor.Bench.City;

namespace CityMonitor.Bench;

/// <summary>
/// An engine with vendors that take as long as real ones. Their delays add up to the same 825 ms for each: 350 to the end of the turn, 375 to
/// the model's first token, 100 to the voice's first byte (the targets that Twilio publishes for voice agents), and a connection takes 300 ms.
/// </summary>
/// <param name="Delays">What each delay is, for whoever reads the figures.</param>
/// <param name="Ears">As Cascade:Ears has them; null: the engine is Deepgram's agent.</param>
sealed record VendorDelays(
    string Engine, string Delays, string? Ears, IReadOnlyDictionary<string, string> Simulator, IReadOnlyList<(string Target, int LatencyMs)> Connecting)
{
    /// <summary>From the caller's last sound to the first sound of the answer, if everything of ours took no time.</summary>
    public const int Sum = 825;

    public static IReadOnlyList<VendorDelays> All { get; } =
    [
        new("agent", "end of turn 350 ms; model and voice together 475 ms", null,
            new Dictionary<string, string>
            {
                ["Simulator__Deepgram__EndOfTurn"] = "00:00:00.350",
                ["Simulator__Deepgram__EagerEndOfTurn"] = "00:00:00.250",
                ["Simulator__Deepgram__ThinkTime"] = "00:00:00.475",
            },
            [("deepgram-agent", 300), ("deepgram-speak", 100)]),
        new("cascade, listen", "end of turn 350 ms, of which 280 ms are our own detector's and 70 ms the ear's last words; first token 375 ms, then a word each 12 ms; voice 100 ms", "deepgram",
            Cascade(listenMs: 70),
            [("deepgram-listen", 300), ("deepgram-speak", 300)]),
        new("cascade, flux", "end of turn 350 ms, all of it the ear's: 260 ms of silence and 90 ms of work; first token 375 ms, then a word each 12 ms; voice 100 ms", "flux",
            Cascade(listenMs: 90),
            [("deepgram-listen", 300), ("deepgram-speak", 300)]),
    ];

    /// <summary>A city whose vendors are so slow, and whose flow for dispatch names the engine.</summary>
    /// <param name="worker">Further environment of AgentWorker.</param>
    public async Task<Town> StartAsync(int calls, DirectoryInfo flows, params (string Key, string Value)[] worker)
    {
        foreach (var shipped in ShippedFlows().EnumerateFiles("*.yaml"))
        {
            var text = await File.ReadAllTextAsync(shipped.FullName);
            await File.WriteAllTextAsync(
                Path.Combine(flows.FullName, shipped.Name), Ears is null ? text : text.Replace("engine: deepgram-agent", "engine: cascade", StringComparison.Ordinal));
        }

        var town = await Town.StartAsync(calls, new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["Simulator"] = Simulator,
            ["AgentWorker"] = worker.Append(("Flows__Directory", flows.FullName)).ToDictionary(one => one.Item1, one => one.Item2),
            ["MediaBridge"] = new Dictionary<string, string> { ["Cascade__Ears"] = $"{Ears ?? "deepgram"},elevenlabs" },
        });
        foreach (var (target, milliseconds) in Connecting)
        {
            await town.Simulator.SetFaultAsync(target, new { latencyMs = milliseconds });
        }

        return town;
    }

    static Dictionary<string, string> Cascade(int listenMs) => new()
    {
        ["Simulator__Deepgram__ListenLatency"] = $"00:00:00.{listenMs:000}",
        ["Simulator__Deepgram__EndOfTurn"] = "00:00:00.260", // the silence after which Flux is sure
        ["Simulator__Deepgram__EagerEndOfTurn"] = "00:00:00.200",
        ["Simulator__Deepgram__SpeakLatency"] = "00:00:00.100",
        ["Simulator__OpenAI__FirstToken"] = "00:00:00.375",
        ["Simulator__OpenAI__TokenEvery"] = "00:00:00.012",
    };

    static DirectoryInfo ShippedFlows()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !Directory.Exists(Path.Combine(directory.FullName, "flows")))
        {
            directory = directory.Parent;
        }

        return new DirectoryInfo(Path.Combine(directory!.FullName, "flows"));
    }
}
