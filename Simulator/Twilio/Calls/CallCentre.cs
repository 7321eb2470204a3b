using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Twilio.Twiml;

namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>Creates calls and owns the task of each until it has ended.</summary>
sealed partial class CallCentre(CallBook book, CallRun run, Timeline timeline, TimeProvider clock, ILogger<CallCentre> logger) : IHostedService
{
    static readonly TimeSpan StopTime = TimeSpan.FromSeconds(3);

    readonly ConcurrentDictionary<string, Task> running = new();

    public Call Dial(string accountSid, string to, string from, CallOptions options, TwimlSource source, (string, string)? fallback,
        string direction = "outbound-api", string? parentSid = null)
    {
        var call = new Call(accountSid, to, from, direction, options, clock) { ParentSid = parentSid, Fallback = fallback };
        Start(call, "call.queued", () => run.OutboundAsync(call, source));
        return call;
    }

    /// <summary>A phone calls one of the account's numbers.</summary>
    public Call Receive(string accountSid, string to, string from, CallOptions options, TwimlSource source, (string, string)? fallback, Phones.PhoneScript script)
    {
        var call = new Call(accountSid, to, from, "inbound", options, clock) { Fallback = fallback };
        Start(call, "call.ringing", () => run.InboundAsync(call, source, script));
        return call;
    }

    public Task EndedAsync(Call call) => running.GetValueOrDefault(call.Sid, Task.CompletedTask);

    public void EndAll(string why)
    {
        foreach (var call in book.List().Where(call => !call.IsOver))
        {
            call.End(why);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        EndAll("the simulator stops");
        await Task.WhenAll(running.Values).WaitAsync(StopTime, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    void Start(Call call, string kind, Func<Task> work)
    {
        book.Add(call);
        timeline.Add(kind, call.Sid, new JsonObject
        {
            ["from"] = call.From,
            ["to"] = call.To,
            ["direction"] = call.Direction,
            ["phone"] = call.PhoneNumber,
        });
        running[call.Sid] = WatchAsync(call, work);
    }

    async Task WatchAsync(Call call, Func<Task> work)
    {
        // The caller is answering an HTTP request; the call goes its own way.
        await Task.Yield();
        try
        {
            await work();
        }
        catch (Exception e)
        {
            // A bug in the simulator must show, and must end this call only.
            LogBroken(e, call.Sid);
            timeline.Add("simulator.error", call.Sid, new JsonObject { ["error"] = e.ToString() });
            call.MoveTo(CallStatus.Failed, e.Message);
        }
        finally
        {
            running.TryRemove(call.Sid, out _);
        }
    }

    [LoggerMessage(8201, LogLevel.Error, "Call {Sid} broke in the simulator itself")]
    partial void LogBroken(Exception exception, string sid);
}
