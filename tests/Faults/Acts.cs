namespace CityMonitor.Faults;

/// <summary>What can be done to a city.</summary>
static class Acts
{
    /// <summary>SIGKILL. With two of them: the one that holds the first call where that is known, else they take turns.</summary>
    public static Func<Wave, Task> Kill(string service) => async wave =>
    {
        var process = await PickAsync(wave, service);
        await wave.City.KillAsync(process);
    };

    /// <summary>SIGSTOP; the row's <see cref="FaultRow.Lasts"/> says for how long.</summary>
    public static Func<Wave, Task> Freeze(string service) => async wave => wave.World.Freeze(await PickAsync(wave, service));

    /// <summary>SIGTERM, and started again once it has ended.</summary>
    public static Func<Wave, Task> Drain(string service) => async wave => await wave.City.RestartAsync(await PickAsync(wave, service));

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

    static async Task<string> PickAsync(Wave wave, string service)
    {
        var replicas = wave.City.Processes.Where(process => process == service || process.StartsWith(service + "#", StringComparison.Ordinal)).ToList();
        if (replicas.Count == 1)
        {
            return replicas[0];
        }

        if (service != "MediaBridge")
        {
            return replicas[wave.Number % replicas.Count];
        }

        var streams = new Dictionary<Incident, IReadOnlyList<string>>();
        foreach (var incident in wave.Incidents)
        {
            streams[incident] = [.. (await wave.World.Simulator.CallsAsync(incident.Phone)).Where(call => call["ended"] is null)
                .SelectMany(call => call["streams"]!.AsArray()).Where(stream => stream!["stoppedAt"] is null).Select(stream => stream!["url"]!.GetValue<string>())];
        }

        var first = wave.Incidents.FirstOrDefault(incident => incident.Phone == wave.Trigger?["phone"] && streams[incident].Count > 0)
            ?? streams.FirstOrDefault(held => held.Value.Count > 0).Key;
        if (first is null)
        {
            return replicas[wave.Number % replicas.Count];
        }

        var port = new Uri(streams[first][^1]).Port;
        foreach (var incident in wave.Incidents)
        {
            incident.Hit = streams[incident].Any(url => new Uri(url).Port == port);
        }

        return replicas.Single(replica => wave.City.Ports[replica] == port);
    }
}
