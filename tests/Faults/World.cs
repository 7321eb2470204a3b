using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CityMonitor.Hosting;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Faults;

/// <summary>A running city with everything that a fault needs: its vendors, its phones, its processes.</summary>
sealed partial class World : IAsyncDisposable
{
    const int Kept = 40_000;
    const string Flow = "incident-dispatch.yaml";

    readonly CancellationTokenSource closing = new();
    readonly ConcurrentDictionary<string, bool> frozen = [];
    readonly HttpClient control;
    readonly Task following;
    readonly Lock gate = new();
    readonly List<Happening> happenings = [];
    TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    World(City city, string redisDirectory, Holders holders)
    {
        City = city;
        Holders = holders;
        RedisDirectory = redisDirectory;
        Simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk"));
        State = new CityState(city.Redis);
        control = new HttpClient { BaseAddress = city.Simulator };
        following = FollowAsync();
    }

    public City City { get; }

    public SimulatorClient Simulator { get; }

    public CityState State { get; }

    public Holders Holders { get; }

    public string RedisDirectory { get; }

    public static async Task<World> StartAsync(Shape shape, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? more)
    {
        var directory = Directory.CreateTempSubdirectory("faults-redis-").FullName;
        var replicas = shape is Shape.OneOfEach ? 1 : 2;
        var holders = new Holders();
        var city = await City.StartAsync(new CityOptions
        {
            ReadyWithin = TimeSpan.FromMinutes(3),
            RedisDirectory = directory,
            StopWithin = TimeSpan.FromSeconds(40),
            Replicas = new[] { "IncidentPoller", "AgentWorker", "TelephonyApi", "MediaBridge" }.ToDictionary(name => name, _ => replicas),
            Environment = Settings.With(more, Script(directory)),
            Log = holders.Read,
        });
        Signals.Prefer(city.ProcessIdOf("Simulator")!.Value);
        return new World(city, directory, holders);
    }

    /// <summary>The flow of the house with a greeting that takes 4 s instead of 11; everything else is said as it stands there.</summary>
    static string Script(string directory)
    {
        var flows = Directory.CreateDirectory(Path.Combine(directory, "flows")).FullName;
        var house = new DirectoryInfo(AppContext.BaseDirectory);
        while (house is not null && !File.Exists(Path.Combine(house.FullName, "flows", Flow)))
        {
            house = house.Parent;
        }

        var text = File.ReadAllText(Path.Combine(house?.FullName ?? ".", "flows", Flow));
        File.WriteAllText(Path.Combine(flows, Flow), Greeting().Replace(text, "greeting: Hello, this is {{agent}} of the {{authority}}. Who am I speaking with?\n\n"));
        return flows;
    }

    [GeneratedRegex(@"^greeting: >-\n(  .*\n)+\n", RegexOptions.Multiline)]
    private static partial Regex Greeting();

    /// <summary>The latest happening's number: what comes later is behind it.</summary>
    public long Now
    {
        get
        {
            lock (gate)
            {
                return happenings.Count == 0 ? 0 : happenings[^1].Seq;
            }
        }
    }

    public async Task<Happening> WaitAsync(long after, Func<Happening, bool> match, TimeSpan within)
    {
        using var deadline = new CancellationTokenSource(within);
        while (true)
        {
            Task more;
            lock (gate)
            {
                for (var i = happenings.FindLastIndex(happening => happening.Seq <= after) + 1; i < happenings.Count; i++)
                {
                    after = happenings[i].Seq;
                    if (match(happenings[i]))
                    {
                        return happenings[i];
                    }
                }

                more = changed.Task;
            }

            await more.WaitAsync(deadline.Token);
        }
    }

    public async Task TwilioAsync(object settings)
    {
        using var answer = await control.PutAsJsonAsync("/settings/twilio", settings);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How late the simulated phones' clock was at most since this was last asked: figures of a machine that is too busy are not honest.</summary>
    public async Task<double> TakeClockLateMsAsync() => JsonNode.Parse(await control.GetStringAsync("/audio-clock"))!["worstLateMs"]!.GetValue<double>();

    /// <summary>What has happened after a number, as far as it is known here.</summary>
    public IReadOnlyList<Happening> Since(long seq)
    {
        lock (gate)
        {
            return [.. happenings.SkipWhile(happening => happening.Seq <= seq)];
        }
    }

    /// <summary>What the audit timeline holds from a time on, by incident: read once for a wave, since it is long.</summary>
    public async Task<ILookup<string, (DateTimeOffset At, AuditEntry Entry)>> AuditAsync(DateTimeOffset since) =>
        (await State.AuditAsync(since)).ToLookup(entry => entry.Entry.Root);

    /// <summary>SIGSTOP: open sockets, no answers.</summary>
    public void Freeze(string process)
    {
        Signals.Stop(City.ProcessIdOf(process)!.Value);
        frozen[process] = true;
    }

    /// <summary>Everything healthy again: vendors, frozen and stopped processes.</summary>
    public async Task HealAsync()
    {
        foreach (var process in frozen.Keys)
        {
            frozen.TryRemove(process, out _);
            if (City.IsRunning(process))
            {
                Signals.Continue(City.ProcessIdOf(process)!.Value);
            }
        }

        foreach (var process in City.Processes.Where(process => !City.IsRunning(process)))
        {
            await City.StartAgainAsync(process);
        }

        using var cleared = await control.DeleteAsync(new Uri("/faults", UriKind.Relative));
        cleared.EnsureSuccessStatusCode();
        await TwilioAsync(new { socketLoss = "nextVerb", statusCallbacks = "normal" });
    }

    /// <summary>An operator closes the tickets: what was tried with them is over.</summary>
    public async Task CloseAsync(IEnumerable<Incident> incidents)
    {
        foreach (var incident in incidents.Where(incident => incident.Ticket != 0))
        {
            await Simulator.UpdateTicketAsync(incident.Ticket, new { status = 5 });
        }
    }

    public async Task ReadyAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await City.ReadyAsync(deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in frozen.Keys)
        {
            Signals.Continue(City.ProcessIdOf(process)!.Value);
        }

        await closing.CancelAsync();
        await following.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        await State.DisposeAsync();
        Simulator.Dispose();
        control.Dispose();
        await City.DisposeAsync();
        closing.Dispose();
        Directory.Delete(RedisDirectory, recursive: true);
    }

    async Task FollowAsync()
    {
        await foreach (var happening in Simulator.FollowAsync(0, closing.Token))
        {
            TaskCompletionSource signal;
            lock (gate)
            {
                // Some waves are enough: nobody asks for older ones.
                if (happenings.Count > Kept)
                {
                    happenings.RemoveRange(0, Kept / 2);
                }

                happenings.Add(happening);
                (signal, changed) = (changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            signal.SetResult();
        }
    }
}
