using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Simulator.Tests;
using CityMonitor.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.IncidentPoller.Tests;

/// <summary>The whole poller against a real Redis and the simulated Freshdesk, all on free ports. Waits are short unless a test sets them.</summary>
sealed class RunningPoller : IAsyncDisposable
{
    readonly List<WebApplication> _replicas = [];
    readonly (string Key, string Value)[] _settings;

    RunningPoller(RedisServer redis, RunningSimulator simulator, (string, string)[] settings) => (Redis, Simulator, _settings) = (redis, simulator, settings);

    public RedisServer Redis { get; }
    public RunningSimulator Simulator { get; }
    public TicketStore Tickets => Simulator.Get<TicketStore>();
    public IncidentSamples Samples => Simulator.Get<IncidentSamples>();
    public IReadOnlyList<IServiceProvider> Replicas => [.. _replicas.Select(replica => replica.Services)];
    public IServiceProvider Services => _replicas[^1].Services;
    public HttpClient Http => new() { BaseAddress = new Uri(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };

    /// <summary>Freshdesk with the limits of nobody, and no poller yet: <see cref="StartReplicaAsync"/>.</summary>
    public static async Task<RunningPoller> PrepareAsync(Action<IServiceCollection>? simulator = null, params (string Key, string Value)[] settings)
    {
        var redis = RedisServer.StartAsync();
        var freshdesk = RunningSimulator.StartAsync(simulator ?? (_ => { }), [.. new[] { "Requests", "Creates", "Updates", "Lists" }.Select(kind => ($"Simulator:Freshdesk:{kind}PerMinute", "100000"))]);
        return new RunningPoller(await redis, await freshdesk, settings);
    }

    public static async Task<RunningPoller> StartAsync(params (string Key, string Value)[] settings)
    {
        var poller = await PrepareAsync(null, settings);
        await poller.StartReplicaAsync();
        return poller;
    }

    public async Task StartReplicaAsync()
    {
        var builder = WebApplication.CreateBuilder(["--environment", "Development", "--urls", "http://127.0.0.1:0"]);
        builder.Configuration["ConnectionStrings:redis"] = Redis.ConnectionString;
        builder.Configuration["Freshdesk:BaseUrl"] = $"http://127.0.0.1:{Simulator.Ports.Freshdesk}";
        builder.Configuration["Freshdesk:PollingInterval"] = "00:00:00.2";
        foreach (var (key, value) in _settings)
        {
            builder.Configuration[key] = value;
        }

        builder.AddCityMonitor("IncidentPoller");
        builder.AddIncidentPoller();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        app.UseCityMonitor();
        app.MapPollerStatus();
        await app.StartAsync();
        _replicas.Add(app);
    }

    public async Task StopReplicaAsync(int index)
    {
        await _replicas[index].StopAsync();
        await _replicas[index].DisposeAsync();
        _replicas.RemoveAt(index);
    }

    public void Break(Fault fault) => Simulator.Get<FaultBoard>().Set(FaultTarget.Freshdesk, fault);

    public void Mend() => Simulator.Get<FaultBoard>().Clear(FaultTarget.Freshdesk);

    public Task SendAsync(TicketMessage message) => Services.GetRequiredService<MessageBus>().PublishAsync(message, CancellationToken.None);

    public async Task<RespValue> RedisAsync(params RedisArg[] command) => await Services.GetRequiredService<RedisClient>().SendAsync(command);

    /// <summary>Everything published to AgentWorker, in the order of each incident.</summary>
    public async Task<IReadOnlyList<Message>> MessagesAsync()
    {
        var messages = new List<Message>();
        foreach (var stream in (await RedisAsync("KEYS", "cm:agent:*")).Items)
        {
            messages.AddRange(await MessagesOfAsync(stream.Text!));
        }

        return messages;
    }

    public async Task<IReadOnlyList<AuditEntry>> AuditAsync() => [.. (await MessagesOfAsync(Keys.Audit)).OfType<AuditEntry>()];

    public async Task<IReadOnlyList<DeadLetter>> DeadAsync() => await Services.GetRequiredService<DeadLetters>().ListAsync(100, null, CancellationToken.None);

    /// <summary>Waits for <paramref name="count"/> messages of a type and hands them out.</summary>
    public async Task<IReadOnlyList<T>> WaitForAsync<T>(int count = 1) where T : Message
    {
        var found = new List<T>();
        await Eventually.TrueAsync(async () => (found = [.. (await MessagesAsync()).OfType<T>()]).Count >= count, $"{count} {typeof(T).Name}", TimeSpan.FromSeconds(20));
        return found;
    }

    public Task WaitForAuditAsync(string kind) =>
        Eventually.TrueAsync(async () => (await AuditAsync()).Any(entry => entry.Kind == kind), $"audit {kind}", TimeSpan.FromSeconds(20));

    /// <summary>Waits until two further looks at Freshdesk are over: what is not reported by then is not going to be.</summary>
    public async Task TwoMoreLooksAsync()
    {
        for (var look = 0; look < 2; look++)
        {
            var before = LookedAt();
            await Eventually.TrueAsync(() => LookedAt() > before, "another look", TimeSpan.FromSeconds(20));
        }

        DateTimeOffset LookedAt() => _replicas.Max(replica => replica.Services.GetRequiredService<Polling.PollState>().Now.LookedAt) ?? default;
    }

    public Ticket Ticket(long id) => Tickets.Find(id)!;

    async Task<IReadOnlyList<Message>> MessagesOfAsync(string stream)
    {
        var entries = await RedisAsync("XRANGE", stream, "-", "+");
        return
        [
            .. entries.Items.Select(entry =>
            {
                var fields = entry.Items[1].ToDictionary();
                var type = typeof(Message).Assembly.GetType($"CityMonitor.Messaging.Contracts.{fields["type"].Text}")!;
                return (Message)JsonSerializer.Deserialize(fields["data"].Bytes.Span, ContractsJson.Default.GetTypeInfo(type)!)!;
            }),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        while (_replicas.Count > 0)
        {
            await StopReplicaAsync(0);
        }

        await Simulator.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
