using CityMonitor.Bench.City;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.Bench;

/// <summary>Ticket by ticket on an idle system: from the incident on the bus to the dial command on it, and from Freshdesk's webhook to Twilio's create request.</summary>
static class DialRun
{
    public static async Task RunAsync()
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
    }}
