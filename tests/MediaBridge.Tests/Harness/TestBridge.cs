using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.MediaBridge.Tests.Harness;

/// <summary>One redis-server for the whole run: every test has calls of its own.</summary>
public sealed class SharedRedis : IAsyncLifetime
{
    internal RedisServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>The whole bridge in this process, over real sockets and a real Redis.</summary>
sealed class TestBridge : IAsyncDisposable
{
    static int nextCall;

    readonly WebApplication app;

    TestBridge(WebApplication app) => this.app = app;

    public Uri Url { get; private set; } = null!;

    public RedisClient Redis => app.Services.GetRequiredService<RedisClient>();

    public CallStore Calls => app.Services.GetRequiredService<CallStore>();

    public LiveStreams Streams => app.Services.GetRequiredService<LiveStreams>();

    public string Id => app.Services.GetRequiredService<BridgeId>().Value;

    public IServiceProvider Services => app.Services;

    public static async Task<TestBridge> StartAsync(SharedRedis redis, Uri deepgram, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = redis.Server.ConnectionString,
            ["urls"] = "http://127.0.0.1:0",
            ["Turns:HelloWaitMs"] = "0",
            ["Deepgram:BaseUrl"] = deepgram.ToString(),
            ["Deepgram:AgentBaseUrl"] = deepgram.ToString().Replace("http://", "ws://", StringComparison.Ordinal),
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        builder.AddCityMonitor("MediaBridge");
        builder.AddMediaBridge();
        builder.Logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("BRIDGE_TEST_LOG") is { } file)
        {
            builder.Logging.AddProvider(new FileLog(file));
        }

        var app = builder.Build();
        app.UseCityMonitor();
        app.MapMedia();
        await app.StartAsync();
        await Eventually.TrueAsync(() => app.Services.GetRequiredService<Rehearsal>().IsOver, "the bridge has rehearsed");
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new TestBridge(app) { Url = new Uri(address.Replace("http://", "ws://", StringComparison.Ordinal) + "/media") };
    }

    /// <summary>A call that is known, with its session.</summary>
    public async Task<CallSession> CallAsync(Func<CallSession, CallSession>? change = null)
    {
        var call = CallId.Parse($"fd-{Environment.ProcessId}-{Interlocked.Increment(ref nextCall)}.1");
        var session = new CallSession(
            call, IncidentId.Parse(call.Root), "outbound", PhoneNumber.Parse("+12025550123"), "incident-dispatch", "deepgram-agent", "en",
            "aura-2-andromeda-en", "gpt-4o-mini", "You call responders.", "City desk here.", "Please call back.", "Fire.", "Good bye now.",
            [new ToolDefinition("accept_incident", "Accepts.", JsonElement.Parse("""{"type":"object","properties":{"eta":{"type":"integer"}}}"""), true),
             new ToolDefinition("retrieve_ticket", "Reads.", JsonElement.Parse("""{"type":"object","properties":{}}"""), false)],
            ["Sector Seven"], new CallLimits(900, 30, ["Still there?", "Hello?"], ["goodbye"]));
        session = change is null ? session : change(session);
        await Calls.WriteAsync(call, new Dictionary<string, string> { [CallFields.Session] = JsonSerializer.Serialize(session, StateJson.Default.CallSession) }, default);
        return session;
    }

    public async Task<string> TokenAsync(CallId call, params string[] signatures)
    {
        var token = Guid.NewGuid().ToString("N");
        await Redis.SendAsync(["SET", Keys.StreamToken(token), JsonSerializer.SerializeToUtf8Bytes(new StreamToken(call, signatures), StateJson.Default.StreamToken), "EX", 60]);
        return token;
    }

    /// <summary>A phone whose stream of the call has begun.</summary>
    public async Task<TestPhone> PhoneAsync(CallId call)
    {
        var phone = await TestPhone.ConnectAsync(Url);
        await phone.StartAsync(await TokenAsync(call));
        return phone;
    }

    public async Task<IReadOnlyList<Turn>> TurnsAsync(CallId call) => await Calls.ReadTurnsAsync(call, default);

    /// <summary>What AgentWorker would have received about a call, in order.</summary>
    public async Task<List<(string Type, JsonObject Data)>> ToAgentAsync(CallId call)
    {
        var found = new List<(string, JsonObject)>();
        var keys = await Redis.SendAsync(["KEYS", "cm:agent:*"]);
        foreach (var key in keys.Items)
        {
            if ((await Redis.SendAsync(["TYPE", key.Text!])).Text != "stream")
            {
                continue;
            }

            foreach (var entry in (await Redis.SendAsync(["XRANGE", key.Text!, "-", "+"])).Items)
            {
                var fields = entry.Items[1].ToDictionary();
                var data = JsonNode.Parse(fields["data"].Text!)!.AsObject();
                if ((string?)data["call"] == call.Value)
                {
                    found.Add((fields["type"].Text!, data));
                }
            }
        }

        return found;
    }

    public async Task<JsonObject> ToAgentAsync(CallId call, string type)
    {
        JsonObject? found = null;
        await Eventually.TrueAsync(
            async () => (found = (await ToAgentAsync(call)).LastOrDefault(message => message.Type == type).Data) is not null, $"{type} of {call}");
        return found!;
    }

    public async Task<string?> FieldAsync(CallId call, string field) => (await Redis.SendAsync(["HGET", Keys.Call(call), field])).Text;

    public void Tell(SpeechMessage message) => Streams.Receive(message);

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        foreach (var stream in Streams.All)
        {
            stream.Conversation.PhoneGone(callIsOver: true);
        }

        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }
}

sealed class FileLog(string path) : ILoggerProvider, ILogger
{
    static readonly Lock s_gate = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (s_gate)
        {
            File.AppendAllText(path, $"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {formatter(state, exception)} {exception}\n");
        }
    }

    public void Dispose()
    {
    }
}
