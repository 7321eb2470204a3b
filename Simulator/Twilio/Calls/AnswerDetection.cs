using System.Globalization;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>Answering machine detection: after a while, says who answered.</summary>
sealed class AnswerDetection(OrderedWebhooks webhooks, Timeline timeline, TimeProvider clock)
{
    static readonly TimeSpan BeepTime = TimeSpan.FromMilliseconds(700);

    public async Task RunAsync(Call call, PhoneScript script, CancellationToken cancellation)
    {
        var detection = call.Options.MachineDetection!;
        var (verdict, after) = Judge(script, detection);
        try
        {
            await Task.Delay(after, clock, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Hung up before anything could be told.
            return;
        }

        call.AnsweredBy = verdict;
        call.Note("answered by", verdict);
        timeline.Add("call.answered-by", call.Sid, new JsonObject { ["answeredBy"] = verdict });
        if (detection is { Async: true, Callback: { Length: > 0 } url })
        {
            webhooks.Enqueue(new Webhook(url, detection.CallbackMethod,
            [
                new("AccountSid", call.AccountSid),
                new("AnsweredBy", verdict),
                new("CallSid", call.Sid),
                new("MachineDetectionDuration", ((int)after.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)),
            ], call.Sid));
        }
    }

    static (string Verdict, TimeSpan After) Judge(PhoneScript script, MachineDetection detection)
    {
        var waitsForEnd = detection.Mode == "DetectMessageEnd";
        var isMachine = script.WhenCalled is PickUp.Voicemail or PickUp.Screening;
        var (verdict, after) = (isMachine, waitsForEnd, script.Voicemail.Beep) switch
        {
            (false, _, _) => ("human", script.AnsweredByAfter),
            (true, false, _) => ("machine_start", script.AnsweredByAfter),
            (true, true, true) => ("machine_end_beep", Greeting() + BeepTime),
            (true, true, false) => ("machine_end_silence", Greeting() + TimeSpan.FromMilliseconds(1200)),
        };
        return after > detection.Timeout ? ("unknown", detection.Timeout) : (script.AnsweredBy ?? verdict, after);

        TimeSpan Greeting() => ToneCode.DurationOf(script.WhenCalled == PickUp.Screening ? script.Screening.Prompt : script.Voicemail.Greeting);
    }
}
