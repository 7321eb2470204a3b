using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio.Lines;
using CityMonitor.Simulator.Twilio.Twiml;

namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>The life of a call: queue, ringing, answer, conversation, end.</summary>
sealed class CallRun(
    CallRate rate, CallBook book, PhoneBook phones, CallProgress progress, AnswerDetection detection, TwimlRun twiml, Pacer pacer,
    Timeline timeline, TimeProvider clock)
{
    static readonly TimeSpan SetUpTime = TimeSpan.FromMilliseconds(200);

    public async Task OutboundAsync(Call call, TwimlSource source)
    {
        try
        {
            call.QueueTime = await rate.WaitAsync(call.EndRequested);
            progress.Initiated(call);
            await Task.Delay(SetUpTime, clock, call.EndRequested);
            var script = phones.For(call.To);
            if (await RingAsync(call, script))
            {
                await TalkAsync(call, script, source, null);
            }
        }
        catch (OperationCanceledException) when (call.EndRequested.IsCancellationRequested)
        {
            progress.MoveTo(call, CallStatus.Canceled, call.EndReason);
        }
    }

    public async Task InboundAsync(Call call, TwimlSource source, PhoneScript script)
    {
        try
        {
            var (document, error) = await twiml.PrefetchAsync(call, source, call.EndRequested);
            if (document?.Response.Elements().FirstOrDefault() is { Name.LocalName: "Reject" } reject)
            {
                progress.MoveTo(call, reject.Attribute("reason")?.Value == "busy" ? CallStatus.Busy : CallStatus.Failed, "rejected");
                return;
            }

            await TalkAsync(call, script, source, document, error);
        }
        catch (OperationCanceledException) when (call.EndRequested.IsCancellationRequested)
        {
            progress.MoveTo(call, CallStatus.NoAnswer, call.EndReason);
        }
    }

    async Task<bool> RingAsync(Call call, PhoneScript script)
    {
        if (script.WhenCalled == PickUp.Failed)
        {
            progress.MoveTo(call, CallStatus.Failed, "the network cannot reach the number");
            return false;
        }

        progress.MoveTo(call, CallStatus.Ringing);
        var answers = script.WhenCalled != PickUp.NoAnswer && script.AnswerAfter < call.Options.Timeout;
        await Task.Delay(answers ? script.AnswerAfter : call.Options.Timeout, clock, call.EndRequested);
        if (!answers)
        {
            progress.MoveTo(call, CallStatus.NoAnswer, $"rang for {call.Options.Timeout.TotalSeconds:0} s");
            return false;
        }

        if (script.WhenCalled == PickUp.Busy || (script.OneCallAtATime && IsTalking(call)))
        {
            progress.MoveTo(call, CallStatus.Busy);
            return false;
        }

        return true;
    }

    bool IsTalking(Call call) =>
        book.List().Any(other => other != call && other.PhoneNumber == call.PhoneNumber && other.Status == CallStatus.InProgress);

    async Task TalkAsync(Call call, PhoneScript script, TwimlSource source, TwimlDocument? document, TwimlException? error = null)
    {
        IPhoneMind mind = call.IsInbound ? new PersonMind(script) : script.WhenCalled switch
        {
            PickUp.Voicemail => new VoicemailMind(script.Voicemail),
            PickUp.Screening => new ScreeningMind(script),
            _ => new PersonMind(script),
        };
        var phone = new PhoneOnCall(script, mind, call.Record, timeline, call.Sid) { HungUp = () => call.End("the phone hung up") };
        var line = new Line(phone) { Broken = e => call.End($"the simulator broke: {e.Message}") };
        phone.KeyPressed = key => line.KeyPressed?.Invoke(key);
        call.Line = line;
        progress.MoveTo(call, CallStatus.InProgress);
        pacer.Add(line);
        using var limit = clock.CreateTimer(
            _ => call.End("the time limit was reached"), null, call.Options.TimeLimit, Timeout.InfiniteTimeSpan);
        try
        {
            call.Record.HearDigits(call.Options.SendDigits?.Replace("w", "", StringComparison.OrdinalIgnoreCase) ?? "");
            await DetectAsync(call, script);
            await twiml.RunAsync(call, line, source, document, error);
        }
        finally
        {
            call.End("the instructions came to their end");
            await call.OwnedWork();
            pacer.Remove(line);
            line.Close();
            call.Line = null;
            progress.MoveTo(call, CallStatus.Completed, call.EndReason);
        }
    }

    async Task DetectAsync(Call call, PhoneScript script)
    {
        if (call.Options.MachineDetection is not { } wanted)
        {
            return;
        }

        var verdict = detection.RunAsync(call, script, call.EndRequested);
        if (wanted.Async)
        {
            call.Own(verdict);
        }
        else
        {
            await verdict;
        }
    }
}
