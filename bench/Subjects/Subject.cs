using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CityMonitor.Hosting;
using CityMonitor.Messaging;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using RedisServer = CityMonitor.Tests.Shared.RedisServer;

namespace CityMonitor.Bench.Subjects;

/// <summary>What is measured, one process or two: on a core of its own, where the machine has two.</summary>
sealed class Subject : IAsyncDisposable
{
    readonly Process process;
    readonly ServiceProvider? messaging;
    readonly AnsweringSide? answering;

    Subject(Process process, Uri url, ServiceProvider? messaging, AnsweringSide? answering = null) =>
        (this.process, Url, this.messaging, this.answering) = (process, url, messaging, answering);

    public Uri Url { get; }

    public int Pid => process.Id;

    /// <summary>AgentWorker's, of a cascade.</summary>
    public int WorkerPid => answering!.Pid;

    public bool HasExited => process.HasExited;

    public RedisClient? Redis => messaging?.GetRequiredService<RedisClient>();

    public static async Task<Subject> RelayAsync(Uri vendor, int framesPerMessage, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var port = RedisServer.FreePort();
        var url = $"{vendor.ToString().Replace("http", "ws", StringComparison.Ordinal)}v1/agent/converse";
        var process = await StartAsync(
            [Environment.ProcessPath!, .. OwnProgram, BareRelay.Argument, port.ToString(CultureInfo.InvariantCulture), url, framesPerMessage.ToString(CultureInfo.InvariantCulture)],
            AppContext.BaseDirectory, environment ?? new Dictionary<string, string?>());
        return await ReadyAsync(new Subject(process, new Uri($"ws://127.0.0.1:{port}/media"), null));
    }

    public static async Task<Subject> BridgeAsync(Uri vendor, RedisServer redis, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var (bridge, url) = await StartBridgeAsync(vendor, redis, environment ?? new Dictionary<string, string?>());
        return await ReadyAsync(new Subject(bridge, url, Messaging(redis)));
    }

    /// <summary>MediaBridge with the cascade engine, and AgentWorker, on the same core.</summary>
    /// <param name="ear">As a flow names it.</param>
    public static async Task<Subject> CascadeAsync(Uri vendor, RedisServer redis, string ear)
    {
        var messaging = Messaging(redis);
        var answering = await AnsweringSide.StartAsync(vendor, redis, messaging, ear);
        var (bridge, url) = await StartBridgeAsync(vendor, redis, new Dictionary<string, string?>(AnsweringSide.ManyProcesses)
        {
            ["Cascade__StandInVoice"] = "deepgram/aura-2-andromeda-en", // there is no second vendor here
        });
        return await ReadyAsync(new Subject(bridge, url, messaging, answering));
    }

    static ServiceProvider Messaging(RedisServer redis) => new ServiceCollection().AddMessaging(redis.ConnectionString, "Bench").BuildServiceProvider();

    static async Task<(Process Bridge, Uri Url)> StartBridgeAsync(Uri vendor, RedisServer redis, IReadOnlyDictionary<string, string?> environment)
    {
        var port = RedisServer.FreePort();
        var program = Artifacts.ServiceOf("MediaBridge");
        var settings = new Dictionary<string, string?>(environment)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["Deepgram__BaseUrl"] = vendor.ToString(),
            ["Deepgram__AgentBaseUrl"] = vendor.ToString().Replace("http", "ws", StringComparison.Ordinal),
            ["Capacity__MaxConcurrentCalls"] = "2000",
            ["Turns__HelloWaitMs"] = "0",
        };
        return (await StartAsync([Artifacts.Dotnet, program], Path.GetDirectoryName(program)!, settings), new Uri($"ws://127.0.0.1:{port}/media"));
    }

    /// <summary>Makes a call known, as AgentWorker and TelephonyApi do before Twilio connects; its token. The relay takes any.</summary>
    public async Task<string> TokenAsync(int number)
    {
        var token = Guid.NewGuid().ToString("N");
        if (messaging is null)
        {
            return token;
        }

        var call = answering is null ? await WriteCallAsync(number) : await answering.ReceiveAsync(number);
        await Redis!.SendAsync(["SET", Keys.StreamToken(token), JsonSerializer.SerializeToUtf8Bytes(new StreamToken(call, []), StateJson.Default.StreamToken), "EX", 60]);
        return token;
    }

    async Task<CallId> WriteCallAsync(int number)
    {
        var call = CallId.Of(IncidentId.OfTicket(number), 1);
        var session = new CallSession(
            call, IncidentId.OfTicket(number), "outbound", PhoneNumber.Parse("+12025550123"), "incident-dispatch", "deepgram-agent", "en", "aura-2-andromeda-en",
            "gpt-4o-mini", "You call responders.", "", "Please call back.", "Fire.", "That is all.",
            [new ToolDefinition("accept_incident", "Accepts.", JsonElement.Parse("""{"type":"object","properties":{"eta":{"type":"integer"}}}"""), true)],
            [], new CallLimits(3600, 30, ["Still there?", "Hello?"], ["goodbye"]));
        await messaging!.GetRequiredService<CallStore>().WriteAsync(
            call, new Dictionary<string, string> { [CallFields.Session] = JsonSerializer.Serialize(session, StateJson.Default.CallSession) }, default);
        return call;
    }

    public async ValueTask DisposeAsync()
    {
        Platform.Kill(process);
        await process.WaitForExitAsync();
        process.Dispose();
        if (answering is not null)
        {
            await answering.DisposeAsync();
        }

        if (messaging is not null)
        {
            await messaging.DisposeAsync();
        }
    }

    // Run by dotnet, a program's first argument is its dll; run by its own host, there is none.
    static string[] OwnProgram => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Subject).Assembly.Location] : [];

    internal static async Task<Process> StartAsync(IReadOnlyList<string> command, string directory, IReadOnlyDictionary<string, string?> environment)
    {
        var pinned = Cores.ForSubject is { } core ? ["taskset", "-c", core, .. command] : command;
        var process = await Platform.StartAsync(pinned[0], [.. pinned.Skip(1)], directory, environment);
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, line) =>
        {
            if (line.Data is not null)
            {
                Console.Error.WriteLine(line.Data);
            }
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    static async Task<Subject> ReadyAsync(Subject subject)
    {
        await ReadyAsync(subject.process, subject.Url.Port);
        return subject;
    }

    internal static async Task ReadyAsync(Process process, int port)
    {
        using var http = new HttpClient();
        var ready = new Uri($"http://127.0.0.1:{port}/ready");
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await http.GetAsync(ready);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (attempt < 300 && !process.HasExited)
            {
                // Not listening yet.
            }

            await Task.Delay(100);
        }
    }
}
