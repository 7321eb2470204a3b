using System.Diagnostics;
using System.Text.Json.Nodes;
using CityMonitor.Bench.City;
using CityMonitor.Hosting;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.Bench;

/// <summary>
/// The whole system: every service, Redis and the Simulator as processes, N tickets filed at once, N responders who accept in real audio,
/// with the delays that real vendors have. And how soon a ticket becomes a dial when nothing else goes on.
/// </summary>
static class CityRun
{
    static readonly int[] sizes = [1, 10, 50, 100];

    /// <summary>Speech recognition's end of turn, and the model with the first audio of its answer, in ms.</summary>
    const int EndOfTurn = 350, Think = 475;

    static readonly Dictionary<string, IReadOnlyDictionary<string, string>> vendors = new()
    {
        ["Simulator"] = new Dictionary<string, string>
        {
            ["Simulator__Deepgram__EndOfTurn"] = "00:00:00.350",
            ["Simulator__Deepgram__EagerEndOfTurn"] = "00:00:00.250",
            ["Simulator__Deepgram__ThinkTime"] = "00:00:00.475",
        },
    };

    public static async Task<int> RunAsync(RunOptions options)
    {
        if (options.Includes("dial"))
        {
            await DialAsync();
        }

        if (!options.Includes("calls"))
        {
            return 0;
        }

        Console.WriteLine($"Vendor delays: connect 300 ms, end of turn {EndOfTurn} ms, think and speak {Think} ms, greeting's speech 100 ms.");
        Console.WriteLine("| calls | held | first words after answer, p50 / p99 | mouth to ear, p50 / p99 | of it ours, p50 | longest silence | audio clock late | CPU-s per call-minute: poller / worker / telephony / bridge / Redis | all services | Simulator | RSS MB: poller / worker / telephony / bridge / Redis | load |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var calls in options.Calls > 0 ? [options.Calls] : sizes)
        {
            await MeasureAsync(calls);
        }

        return 0;
    }

    static async Task MeasureAsync(int calls)
    {
        await using var town = await Town.StartAsync(calls + 20, vendors);
        await town.Simulator.SetFaultAsync("deepgram-agent", new { latencyMs = 300 });
        await town.Simulator.SetFaultAsync("deepgram-speak", new { latencyMs = 100 });
        await WarmUpAsync(town);

        var before = town.Processes.ToDictionary(process => process.Name, process => ProcessProbe.Cpu(process.Pid));
        var cases = await Task.WhenAll(Enumerable.Range(10, calls).Select(n => town.FileAsync(Responders.Number(n), Habit.Accepts)));
        await Task.Delay(TimeSpan.FromSeconds(20)); // in the midst of the calls
        var rss = town.Processes.ToDictionary(process => process.Name, process => ProcessProbe.Read(process.Pid).RssMb);
        var late = await town.AudioLateMsAsync();
        var states = await Task.WhenAll(cases.Select(one => town.SettledAsync(one, TimeSpan.FromMinutes(4))));
        var used = town.Processes.ToDictionary(process => process.Name, process => (ProcessProbe.Cpu(process.Pid) - before[process.Name]).TotalSeconds);

        var heard = new List<JsonNode>();
        foreach (var one in cases)
        {
            heard.AddRange((await town.CallsAsync(one)).Where(call => call["durationSeconds"] is not null));
        }

        var minutes = heard.Sum(call => call["durationSeconds"]!.GetValue<int>()) / 60.0;
        double[] first = [.. heard.Select(call => call["heard"]!["heardUtterances"]!.AsArray()).Where(u => u.Count > 0).Select(u => u[0]!["fromMs"]!.GetValue<double>())];
        double[] replies = [.. heard.SelectMany(call => call["heard"]!["replyDelaysMs"]!.AsArray()).Select(delay => delay!.GetValue<double>())];
        var silence = heard.Select(call => call["heard"]!["longestSilenceMs"]!.GetValue<int>()).DefaultIfEmpty(0).Max();
        var held = states.Count(state => state?.Status == IncidentStatus.Acknowledged);
        string[] order = ["IncidentPoller", "AgentWorker", "TelephonyApi", "MediaBridge", "redis"];
        Console.WriteLine(
            $"| {calls} | {held} | {Figures.Quantile(first, 0.5):0} / {Figures.Quantile(first, 0.99):0} ms | {Figures.Quantile(replies, 0.5):0} / {Figures.Quantile(replies, 0.99):0} ms | {Figures.Quantile(replies, 0.5) - EndOfTurn - Think:0} ms | {silence / 1000.0:0.0} s | {late:0} ms | {string.Join(" / ", order.Select(name => $"{used[name] / minutes:0.000}"))} | {order.Sum(name => used[name]) / minutes:0.000} | {used["Simulator"] / minutes:0.000} | {string.Join(" / ", order.Select(name => $"{rss[name]:0}"))} | {ProcessProbe.Load()} |");
        Console.WriteLine($"  {heard.Count} calls of {minutes:0.0} minutes in all, {replies.Length} replies");
    }

    /// <summary>Ten calls that do not count: code is compiled, connections are open.</summary>
    static async Task WarmUpAsync(Town town)
    {
        var cases = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => town.FileAsync(Responders.Number(n), n % 2 == 0 ? Habit.Accepts : Habit.Declines)));
        await Task.WhenAll(cases.Select(one => town.SettledAsync(one, TimeSpan.FromMinutes(3))));
    }

    /// <summary>Ticket by ticket on an idle system: from the incident on the bus to the dial command on it, and from Freshdesk's webhook to Twilio's create request.</summary>
    static async Task DialAsync()
    {
        const int Tickets = 120, Warm = 20;
        await using var town = await Town.StartAsync(200, new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["AgentWorker"] = new Dictionary<string, string> { ["Dispatch__Attempts"] = "1" },
        });
        using var stop = new CancellationTokenSource();
        var seen = new Dictionary<(string Type, string Root), long>();
        var following = FollowBusAsync(town.State.Redis, seen, stop.Token);
        var (bus, webhook) = (new List<double>(), new List<double>());
        for (var n = 0; n < Tickets; n++)
        {
            var one = await town.FileAsync(Responders.Number(n), Habit.IsBusy);
            await town.SettledAsync(one, TimeSpan.FromSeconds(60));
            await Task.Delay(200);
            if (n < Warm)
            {
                continue;
            }

            var events = await town.Simulator.EventsAsync();
            var created = events.Last(happening => happening.Kind == "ticket.created" && happening.Subject == $"{one.Ticket}").At;
            var dialled = events.First(happening => happening.Kind is "call.queued" or "call.initiated" && happening["to"] == one.Phone && happening.At >= created).At;
            webhook.Add((dialled - created).TotalMilliseconds);
            lock (seen)
            {
                if (seen.TryGetValue(("IncidentReported", one.Id.Value), out var reported) && seen.TryGetValue(("PlaceCall", one.Id.Value), out var placed))
                {
                    bus.Add(placed - reported);
                }
            }
        }

        await stop.CancelAsync();
        await following.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        Console.WriteLine($"idle system, {bus.Count} incidents: incident on the bus to dial command p50 {Figures.Quantile(bus, 0.5):0} ms p99 {Figures.Quantile(bus, 0.99):0} ms (Redis' clock, 1 ms); ticket filed, webhook, to Twilio's create request p50 {Figures.Quantile(webhook, 0.5):0} ms p99 {Figures.Quantile(webhook, 0.99):0} ms; load {ProcessProbe.Load()}");
    }

    /// <summary>When each message was written to the bus, by Redis: the id of its entry.</summary>
    static async Task FollowBusAsync(RedisClient redis, Dictionary<(string Type, string Root), long> seen, CancellationToken ct)
    {
        await using var reader = redis.OpenReader();
        var streams = Enumerable.Range(0, Routes.Partitions).Select(Keys.AgentPartition).Append(Keys.Telephony).ToArray();
        var after = streams.ToDictionary(stream => stream, _ => "0-0");
        while (!ct.IsCancellationRequested)
        {
            RedisArg[] command = ["XREAD", "BLOCK", 500, "STREAMS", .. streams.Select(stream => (RedisArg)stream), .. streams.Select(stream => (RedisArg)after[stream])];
            foreach (var stream in (await reader.SendAsync(command, ct)).Items)
            {
                foreach (var entry in stream.Items[1].Items)
                {
                    var id = after[stream.Items[0].Text!] = entry.Items[0].Text!;
                    var fields = entry.Items[1].ToDictionary();
                    var root = fields.TryGetValue("incident", out var incident) ? incident.Text! : fields.TryGetValue("call", out var call) ? Messaging.Contracts.CallId.Parse(call.Text!).Root : "";
                    lock (seen)
                    {
                        seen.TryAdd((fields["type"].Text!, root), long.Parse(id.Split('-')[0], System.Globalization.CultureInfo.InvariantCulture));
                    }
                }
            }
        }
    }
}
