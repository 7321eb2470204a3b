using System.Globalization;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>Moves a call on and tells everybody: the timeline and the application's status callback.</summary>
sealed class CallProgress(Timeline timeline, OrderedWebhooks webhooks, TimeProvider clock)
{
    /// <summary>The call now has this status.</summary>
    public bool MoveTo(Call call, string status, string? detail = null)
    {
        if (!call.MoveTo(status, detail))
        {
            return false;
        }

        timeline.Add($"call.{status}", call.Sid, new JsonObject
        {
            ["from"] = call.From,
            ["to"] = call.To,
            ["direction"] = call.Direction,
            ["phone"] = call.PhoneNumber,
            ["detail"] = detail,
            ["seconds"] = call.DurationSeconds,
        });
        CallBack(call, CallStatus.IsTerminal(status) ? CallStatus.Completed : status == CallStatus.InProgress ? "answered" : status, status);
        return true;
    }

    /// <summary>The call has left the queue and is being set up; a status of callbacks only.</summary>
    public void Initiated(Call call)
    {
        call.Note(CallStatus.Initiated);
        timeline.Add("call.initiated", call.Sid, new JsonObject { ["from"] = call.From, ["to"] = call.To, ["phone"] = call.PhoneNumber });
        CallBack(call, CallStatus.Initiated, CallStatus.Initiated);
    }

    /// <summary>Something is wrong with what the application did: Twilio's debugger would show it.</summary>
    public void Error(Call call, int code, string message)
    {
        call.Fault(code, message);
        timeline.Add("twilio.error", call.Sid, new JsonObject { ["code"] = code, ["message"] = message });
    }

    void CallBack(Call call, string eventName, string status)
    {
        if (call.Options.StatusCallback is not { Length: > 0 } url || !call.Options.StatusCallbackEvents.Contains(eventName))
        {
            return;
        }

        var fields = CallParameters.Of(call, status);
        fields.Add(new("CallbackSource", "call-progress-events"));
        fields.Add(new("SequenceNumber", call.NextCallbackSequence().ToString(CultureInfo.InvariantCulture)));
        fields.Add(new("Timestamp", TwilioTime.Rfc2822(clock.GetUtcNow())));
        if (call.DurationSeconds is { } seconds)
        {
            fields.Add(new("CallDuration", seconds.ToString(CultureInfo.InvariantCulture)));
            fields.Add(new("Duration", Math.Ceiling(seconds / 60.0).ToString(CultureInfo.InvariantCulture)));
            fields.Add(new("SipResponseCode", SipResponse(status)));
        }

        if (call.AnsweredBy is { } answeredBy && !call.Options.MachineDetection!.Async)
        {
            fields.Add(new("AnsweredBy", answeredBy));
        }

        webhooks.Enqueue(new Webhook(url, call.Options.StatusCallbackMethod, fields, call.Sid));
    }

    static string SipResponse(string status) => status switch
    {
        CallStatus.Busy => "486",
        CallStatus.NoAnswer => "487",
        CallStatus.Canceled => "487",
        CallStatus.Failed => "404",
        _ => "200",
    };
}
