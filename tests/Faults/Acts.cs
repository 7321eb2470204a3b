namespace CityMonitor.Faults;

/// <summary>What can be done to a city.</summary>
static class Acts
{
    /// <summary>SIGKILL. With two replicas: the one that serves the first call where that is known, else the first.</summary>
    public static Func<Wave, Task> Kill(params string[] services) => async wave =>
    {
        var processes = await PickAsync(wave, services);
        await Task.WhenAll(processes.Select(process => wave.City.KillAsync(process)));
    };

    /// <summary>SIGKILL to every replica of a service.</summary>
    public static Func<Wave, Task> KillAll(string service) => wave =>
        Task.WhenAll(wave.City.Processes.Where(process => process == service || process.StartsWith(service + "#", StringComparison.Ordinal)).Select(process => wave.City.KillAsync(process)));

    /// <summary>SIGSTOP; the row's <see cref="FaultRow.Lasts"/> says for how long.</summary>
    public static Func<Wave, Task> Freeze(params string[] services) => async wave => (await PickAsync(wave, services)).ForEach(wave.World.Freeze);

    /// <summary>SIGTERM, and started again once it has ended.</summary>
    public static Func<Wave, Task> Drain(string service) => async wave => await wave.City.RestartAsync((await PickAsync(wave, [service]))[0]);

    /// <summary>SIGTERM to one process of ours after the other, each once the one before it is back: a new version is rolled out.</summary>
    public static async Task RollOut(Wave wave)
    {
        foreach (var process in wave.City.Processes.Where(process => process is not ("redis" or "Simulator")))
        {
            await wave.City.RestartAsync(process);
        }
    }

    public static Func<Wave, Task> Fault(string vendor, object fault) => wave => wave.World.Simulator.SetFaultAsync(vendor, fault);

    public static Func<Wave, Task> Twilio(object settings) => wave => wave.World.TwilioAsync(settings);

    public static Func<Wave, Task> All(params Func<Wave, Task>[] acts) => async wave =>
    {
        foreach (var act in acts)
        {
            await act(wave);
        }
    };

    public static Task Nothing(Wave wave) => Task.CompletedTask;

    /// <summary>Redis dies and comes back with what its append-only file holds.</summary>
    public static Func<Wave, Task> RedisDown(TimeSpan downFor) => async wave =>
    {
        await wave.City.KillAsync("redis", stayDown: true);
        await Task.Delay(downFor);
        await wave.City.StartAgainAsync("redis");
    };

    /// <summary>Redis and one of our services die at once.</summary>
    public static Func<Wave, Task> RedisAnd(string service) => async wave =>
    {
        var processes = await PickAsync(wave, [service]);
        await Task.WhenAll(wave.City.KillAsync("redis", stayDown: true), wave.City.KillAsync(processes[0]));
        await wave.City.StartAgainAsync("redis");
    };

    /// <summary>Redis dies and comes back with nothing.</summary>
    public static Func<Wave, Task> RedisWiped => async wave =>
    {
        await wave.City.KillAsync("redis", stayDown: true);
        foreach (var entry in new DirectoryInfo(wave.World.RedisDirectory).GetDirectories("appendonly*"))
        {
            entry.Delete(recursive: true);
        }

        await wave.City.StartAgainAsync("redis");
    };

    static async Task<List<string>> PickAsync(Wave wave, IReadOnlyList<string> services)
    {
        var picked = new List<string>();
        foreach (var service in services)
        {
            var replicas = wave.City.Processes.Where(process => process == service || process.StartsWith(service + "#", StringComparison.Ordinal)).ToList();
            picked.Add(replicas.Count == 1 ? replicas[0] : service switch
            {
                "MediaBridge" => await BridgeAsync(wave, replicas),
                "AgentWorker" => Worker(wave, replicas),
                "IncidentPoller" => wave.World.Holders.Poller ?? replicas[0],
                _ => replicas[wave.Number % replicas.Count],
            });
        }

        return picked;
    }

    static string Worker(Wave wave, List<string> replicas)
    {
        var first = wave.Incidents.FirstOrDefault(incident => incident.Phone == wave.Trigger?["phone"]) ?? wave.Incidents[0];
        var picked = wave.World.Holders.WorkerOf(first) ?? replicas[0];
        foreach (var incident in wave.Incidents)
        {
            incident.Served("AgentWorker", byTheBroken: wave.World.Holders.WorkerOf(incident) == picked);
        }

        return picked;
    }

    static async Task<string> BridgeAsync(Wave wave, List<string> replicas)
    {
        // One question only: the moment must not pass while all are looked up. Which calls were on this bridge is told afterwards.
        var first = wave.Incidents.FirstOrDefault(incident => incident.Phone == wave.Trigger?["phone"]) ?? wave.Incidents[0];
        var stream = (await wave.World.Simulator.CallsAsync(first.Phone)).Where(call => call["ended"] is null)
            .SelectMany(call => call["streams"]!.AsArray()).LastOrDefault(stream => stream!["stoppedAt"] is null);
        if (stream is null)
        {
            // Nobody has answered yet: whichever it is, the greetings were made and the calls will come.
            return replicas[wave.Number % replicas.Count];
        }

        wave.BrokenBridge = new Uri(stream["url"]!.GetValue<string>()).Port;
        return replicas.Single(replica => wave.City.Ports[replica] == wave.BrokenBridge);
    }
}
