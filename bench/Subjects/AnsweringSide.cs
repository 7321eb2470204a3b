using System.Diagnostics;
using System.Text.Json;
using CityMonitor.Hosting;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.DependencyInjection;
using RedisServer = CityMonitor.Tests.Shared.RedisServer;

namespace CityMonitor.Bench.Subjects;

/// <summary>The other half of a cascade: AgentWorker, which opens each call as one that has come in, with the reception's own flow, and answers its turns.</summary>
sealed class AnsweringSide : IAsyncDisposable
{
    static readonly TimeSpan openedWithin = TimeSpan.FromSeconds(20);

    readonly Process process;
    readonly IServiceProvider messaging;
    readonly string ear;
    readonly DirectoryInfo transcripts;

    AnsweringSide(Process process, IServiceProvider messaging, string ear, DirectoryInfo transcripts) =>
        (this.process, this.messaging, this.ear, this.transcripts) = (process, messaging, ear, transcripts);

    /// <summary>Several processes on one core: a thread that spins takes the time of one that has work. DevHost starts every service so.</summary>
    public static IReadOnlyDictionary<string, string?> ManyProcesses { get; } = new Dictionary<string, string?> { ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0" };

    public int Pid => process.Id;

    public static async Task<AnsweringSide> StartAsync(Uri vendor, RedisServer redis, IServiceProvider messaging, string ear)
    {
        var port = RedisServer.FreePort();
        var program = Artifacts.ServiceOf("AgentWorker");
        var transcripts = Directory.CreateTempSubdirectory("cm-bench-");
        var process = await Subject.StartAsync([Artifacts.Dotnet, program], Path.GetDirectoryName(program)!, new Dictionary<string, string?>(ManyProcesses)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["OpenAI__BaseUrl"] = $"{vendor}v1",
            ["Transcripts__Directory"] = transcripts.FullName,
        });
        await Subject.ReadyAsync(process, port);
        return new AnsweringSide(process, messaging, ear, transcripts);
    }

    /// <summary>As TelephonyApi does when the phone rings; then the worker has written the call's session. The run only chooses the ear.</summary>
    public async Task<CallId> ReceiveAsync(int number)
    {
        var sid = $"CA{Guid.NewGuid():N}";
        var call = CallId.Inbound(sid);
        var calls = messaging.GetRequiredService<CallStore>();
        await messaging.GetRequiredService<MessageBus>().PublishAsync(new CallReceived(call, sid, PhoneNumber.Parse($"+120255501{number % 100:00}"), PhoneNumber.Parse("+12025550100")), default);
        var asked = Stopwatch.GetTimestamp();
        CallSession? session;
        while ((session = await calls.ReadSessionAsync(call, default)) is null)
        {
            if (Stopwatch.GetElapsedTime(asked) > openedWithin)
            {
                throw new TimeoutException($"AgentWorker has not opened {call} within {openedWithin.TotalSeconds:0} s.");
            }

            await Task.Delay(5);
        }

        session = session with { Engine = "cascade", Speech = new SpeechChoice([ear], []), Limits = session.Limits with { MaxSeconds = 3600 } };
        await calls.WriteAsync(call, new Dictionary<string, string> { [CallFields.Session] = JsonSerializer.Serialize(session, StateJson.Default.CallSession) }, default);
        return call;
    }

    public async ValueTask DisposeAsync()
    {
        Platform.Kill(process);
        await process.WaitForExitAsync();
        process.Dispose();
        transcripts.Delete(recursive: true);
    }
}
