using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Streams;

/// <summary>Tells the timeline and the stream's status callback what happens to one call's streams.</summary>
sealed class StreamReports(
    Call call, string? callback, string method, Timeline timeline, OrderedWebhooks webhooks, CallProgress progress, FaultBoard faults, TimeProvider clock)
{
    public bool IsMute => faults.IsMute(FaultTarget.Twilio);

    public void Started(StreamRecord stream)
    {
        stream.StartedAt = clock.GetUtcNow();
        Report(stream, "stream-started");
    }

    public void Stopped(StreamRecord stream, string endedBy)
    {
        stream.StoppedAt = clock.GetUtcNow();
        stream.EndedBy = endedBy;
        Report(stream, "stream-stopped");
    }

    public void Error(StreamRecord stream, int code, string message)
    {
        stream.Error($"{code} {message}");
        progress.Error(call, code, message);
        Report(stream, "stream-error", message);
    }

    void Report(StreamRecord stream, string what, string? error = null)
    {
        timeline.Add(what.Replace("stream-", "stream.", StringComparison.Ordinal), call.Sid, new JsonObject
        {
            ["stream"] = stream.Sid,
            ["url"] = stream.Url,
            ["error"] = error,
            ["endedBy"] = stream.EndedBy,
        });
        if (string.IsNullOrEmpty(callback))
        {
            return;
        }

        List<KeyValuePair<string, string>> fields =
        [
            new("AccountSid", call.AccountSid),
            new("CallSid", call.Sid),
            new("StreamSid", stream.Sid),
            new("StreamName", stream.Name),
            new("StreamEvent", what),
            new("Timestamp", TwilioTime.Iso8601(clock.GetUtcNow())),
        ];
        if (error is not null)
        {
            fields.Add(new("StreamError", error));
        }

        webhooks.Enqueue(new Webhook(callback, method, fields, call.Sid));
    }
}
