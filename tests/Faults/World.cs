using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CityMonitor.Hosting;

namespace CityMonitor.Faults;

/// <summary>A running city with everything that a fault needs: its vendors, its phones, its processes.</summary>
sealed class World : IAsyncDisposable
{
    readonly CancellationTokenSource closing = new();
    readonly ConcurrentDictionary<string, bool> frozen = [];
    readonly HttpClient control;
    readonly Task following;
    readonly Lock gate = new();
    readonly List<Happening> happenings = [];
    TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    World(City city, string redisDirectory)
    {
        City = city;
        RedisDirectory = redisDirectory;
        Simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk"));
        State = new CityState(city.Redis);
        control = new HttpClient { BaseAddress = city.Simulator };
        following = FollowAsync();
    }

    public City City { get; }

    public SimulatorClient Simulator { get; }

    public CityState State { get; }

    public string RedisDirectory { get; }

    public static async Task<World> StartAsync(Shape shape, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? more)
    {
        var directory = Directory.CreateTempSubdirectory("faults-redis-").FullName;
        var replicas = shape is Shape.OneOfEach ? 1 : 2;
        return new World(await City.StartAsync(new CityOptions
        {
            ReadyWithin = TimeSpan.FromMinutes(3),
            RedisDirectory = directory,
            StopWithin = TimeSpan.FromSeconds(40),
            Replicas = new[] { "IncidentPoller", "AgentWorker", "TelephonyApi", "MediaBridge" }.ToDictionary(name => name, _ => replicas),
            Environment = Settings.With(more),
        }), directory);
    }

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
        var seen = 0;
        while (true)
        {
            Task more;
            lock (gate)
            {
                for (; seen < happenings.Count; seen++)
                {
                    if (happenings[seen].Seq > after && match(happenings[seen]))
                    {
                        return happenings[seen];
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

    /// <summary>How late the simulated phones' clock runs: above some 20 ms the machine is too busy for honest figures.</summary>
    public async Task<double> AudioLateMsAsync() => JsonNode.Parse(await control.GetStringAsync("/ready"))!["audioClockLateMs"]!.GetValue<double>();

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
                happenings.Add(happening);
                (signal, changed) = (changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            signal.SetResult();
        }
    }
}
