using System.Text.Json.Nodes;
using CityMonitor.Hosting;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Bench.City;

/// <summary>One incident of a load run: its ticket and the phone that it names.</summary>
sealed record Case(string Phone, Habit Habit, DateTimeOffset FiledAt, long Ticket)
{
    public IncidentId Id => IncidentId.OfTicket(Ticket);
}

/// <summary>A whole city in processes of its own, and how a load run files tickets in it and looks at what became of them.</summary>
sealed class Town : IAsyncDisposable
{
    static readonly string[] services = ["IncidentPoller", "AgentWorker", "TelephonyApi", "MediaBridge"];

    readonly HttpClient control;
    int filed;

    Town(Hosting.City city)
    {
        City = city;
        Simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk"));
        State = new CityState(city.Redis);
        control = new HttpClient { BaseAddress = city.Simulator };
    }

    public Hosting.City City { get; }

    public SimulatorClient Simulator { get; }

    public CityState State { get; }

    /// <summary>What is measured: the services and Redis. The Simulator plays the world around them.</summary>
    public IEnumerable<(string Name, int Pid)> Processes =>
        City.Processes.Select(name => (name, City.ProcessIdOf(name)!.Value));

    public static bool IsService(string process) => services.Contains(process);

    /// <param name="calls">Calls that may be up at once.</param>
    /// <param name="more">Further environment by process.</param>
    public static async Task<Town> StartAsync(int calls, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? more = null)
    {
        var environment = new Dictionary<string, Dictionary<string, string>>
        {
            ["*"] = new() { ["Drain__Timeout"] = "00:00:10" },
            ["AgentWorker"] = new() { ["Dispatch__RetryDelays__0"] = "00:00:02", ["Dispatch__HungUpDelay"] = "00:00:01", ["Dispatch__RingSeconds"] = "8" },
            ["TelephonyApi"] = new() { ["Twilio__CallsPerSecond"] = "25", ["Capacity__MaxConcurrentCalls"] = $"{calls}" },
            ["MediaBridge"] = new() { ["Capacity__MaxConcurrentCalls"] = $"{calls}" },
            ["Simulator"] = new()
            {
                ["Simulator__Twilio__CallsPerSecond"] = "25",
                ["Simulator__Deepgram__MaxAgentSessions"] = "1000",
                ["Simulator__Deepgram__MaxListenSockets"] = "1000",
                ["Simulator__Deepgram__MaxSpeakSockets"] = "1000",
                ["Simulator__Freshdesk__RequestsPerMinute"] = "100000",
                ["Simulator__Freshdesk__CreatesPerMinute"] = "100000",
                ["Simulator__Freshdesk__UpdatesPerMinute"] = "100000",
                ["Simulator__Freshdesk__ListsPerMinute"] = "100000",
            },
        };
        foreach (var (process, settings) in more ?? new Dictionary<string, IReadOnlyDictionary<string, string>>())
        {
            environment.TryAdd(process, []);
            foreach (var (name, value) in settings)
            {
                environment[process][name] = value;
            }
        }

        return new Town(await Hosting.City.StartAsync(new CityOptions
        {
            ReadyWithin = TimeSpan.FromMinutes(3),
            StopWithin = TimeSpan.FromSeconds(20),
            Environment = environment.ToDictionary(one => one.Key, one => (IReadOnlyDictionary<string, string>)one.Value),
        }));
    }

    /// <summary>Puts a phone and files a ticket that names it, as a camera does.</summary>
    public Task<Case> FileAsync(string phone, Habit habit) => FileAsync(phone, habit, Responders.Yaml(habit, phone));

    /// <param name="yaml">How the phone behaves.</param>
    public async Task<Case> FileAsync(string phone, Habit habit, string yaml)
    {
        await Simulator.PutPhoneAsync(phone, yaml);
        var at = DateTimeOffset.UtcNow;
        var place = $"{at.ToUnixTimeMilliseconds() % 1_000_000}-{Interlocked.Increment(ref filed)}"; // never the same event twice
        var ticket = await Simulator.CreateTicketAsync(new JsonObject
        {
            ["subject"] = "Vehicle collision",
            ["description"] = "Two cars collided at the crossing.",
            ["email"] = "camera-ai@example.com",
            ["priority"] = 4,
            ["status"] = (int)TicketStatus.Open,
            ["custom_fields"] = new JsonObject
            {
                ["cf_incident_type"] = "Vehicle collision",
                ["cf_address"] = $"Harbour Road {place}",
                ["cf_confidence"] = 0.95,
                ["cf_camera_id"] = $"CAM-{place}",
                ["cf_evidence_urls"] = $"{City.Vendor("Freshdesk")}evidence/CAM-1.jpg",
                ["cf_responder_phone"] = phone,
            },
        });
        return new Case(phone, habit, at, ticket);
    }

    /// <summary>How late the simulated phones' clock has run: above some 20 ms the machine is too busy for honest figures.</summary>
    public async Task<double> AudioLateMsAsync() => JsonNode.Parse(await control.GetStringAsync(new Uri("/ready", UriKind.Relative)))!["audioClockLateMs"]!.GetValue<double>();

    /// <summary>The same of the worst moment since this was last asked.</summary>
    public async Task<double> WorstLateMsAsync() => JsonNode.Parse(await control.GetStringAsync(new Uri("/audio-clock", UriKind.Relative)))!["worstLateMs"]!.GetValue<double>();

    public Task<IncidentState?> StateAsync(Case one) => State.IncidentAsync(one.Id);

    /// <summary>The incident's calls as Twilio has them; numbers are used again.</summary>
    public async Task<IReadOnlyList<JsonNode>> CallsAsync(Case one) =>
        [.. (await Simulator.CallsAsync(one.Phone)).Where(call => call["created"]!.GetValue<DateTimeOffset>() >= one.FiledAt)];

    /// <summary>Waits until nobody talks any more and nothing is to be done for the incident. Null where that takes too long.</summary>
    public async Task<IncidentState?> SettledAsync(Case one, TimeSpan within, CancellationToken ct = default)
    {
        var deadline = DateTimeOffset.UtcNow + within;
        while (DateTimeOffset.UtcNow < deadline)
        {
            if (await StateAsync(one) is { } state && IsSettled(state))
            {
                return state;
            }

            await Task.Delay(500, ct);
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await State.DisposeAsync();
        Simulator.Dispose();
        control.Dispose();
        await City.DisposeAsync();
    }

    static bool IsSettled(IncidentState state) =>
        state.Status is not (IncidentStatus.Reported or IncidentStatus.Calling) && state.Attempts.All(attempt => attempt is { EndedAt: not null, Outcome: not null })
        && !state.Evidence.Any(message => message.Status is DeliveryStatus.Queued);
}
