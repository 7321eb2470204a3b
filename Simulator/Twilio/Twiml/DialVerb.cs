using System.Globalization;
using System.Xml.Linq;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Conferences;

namespace CityMonitor.Simulator.Twilio.Twiml;

/// <summary><c>&lt;Dial&gt;</c> into a conference, or to another number that then hears this one.</summary>
sealed class DialVerb(ConferenceBook conferences, Func<CallCentre> centre, CallProgress progress, TimeProvider clock)
{
    const string AllEvents = "start end join leave mute hold modify speaker announcement";

    public async Task<AfterVerb> RunAsync(VerbContext context, XElement dial, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Min(VerbContext.Number(dial, "timeLimit", 14_400), 14_400)), clock);
        var conference = dial.Elements().FirstOrDefault(child => child.Name.LocalName == "Conference");
        var number = dial.Elements().FirstOrDefault(child => child.Name.LocalName == "Number");
        if (conference is not null)
        {
            await ConferAsync(context, conference, limit.Token, cancellation);
            return After(context, dial, "answered", []);
        }

        var to = (number ?? dial).Value.Trim();
        if (to.Length == 0 || dial.Elements().Any(child => child.Name.LocalName is not "Number"))
        {
            progress.Error(context.Call, TwimlException.UnknownElement, "<Dial> is simulated with <Conference>, <Number> or a number.");
            return AfterVerb.Next;
        }

        return await CallAsync(context, dial, number, to, limit.Token, cancellation);
    }

    async Task ConferAsync(VerbContext context, XElement conference, CancellationToken limit, CancellationToken cancellation)
    {
        var name = conference.Value.Trim();
        ConferenceCallback? callback = conference.Attribute("statusCallback")?.Value is { Length: > 0 } url
            ? new ConferenceCallback(context.Document.Resolve(url), VerbContext.Method(conference, "statusCallbackMethod"),
                (conference.Attribute("statusCallbackEvent")?.Value ?? AllEvents).Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).ToHashSet())
            : null;
        var options = new SeatOptions
        {
            Label = conference.Attribute("participantLabel")?.Value,
            Muted = VerbContext.Flag(conference, "muted"),
            StartOnEnter = VerbContext.Flag(conference, "startConferenceOnEnter", true),
            EndOnExit = VerbContext.Flag(conference, "endConferenceOnExit"),
            CoachedCallSid = conference.Attribute("coach")?.Value,
        };
        await SitAsync(context, name, hidden: name.StartsWith(HiddenPrefix, StringComparison.Ordinal), options, callback, limit, cancellation);
    }

    const string HiddenPrefix = "dial:";

    async Task SitAsync(VerbContext context, string name, bool hidden, SeatOptions options, ConferenceCallback? callback,
        CancellationToken limit, CancellationToken cancellation)
    {
        var seat = conferences.Join(context.Call, name, hidden, options, callback);
        context.Call.Note("conference", $"{seat.Conference.Sid} {name}");
        var reason = "participant_hung_up";
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit, cancellation);
        try
        {
            using (context.Line.Connect(seat))
            {
                reason = await seat.Left.WaitAsync(both.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The time limit of this <Dial>; what follows it runs.
        }
        finally
        {
            conferences.Leave(seat, reason == "participant_hung_up" && !context.Call.EndRequested.IsCancellationRequested
                ? "participant_updated_via_api" : reason);
        }
    }

    async Task<AfterVerb> CallAsync(
        VerbContext context, XElement dial, XElement? number, string to, CancellationToken limit, CancellationToken cancellation)
    {
        var name = HiddenPrefix + context.Call.Sid + ":" + Guid.NewGuid().ToString("N");
        var options = new CallOptions
        {
            Timeout = TimeSpan.FromSeconds(VerbContext.Number(dial, "timeout", 30)),
            StatusCallback = number?.Attribute("statusCallback")?.Value is { } url ? context.Document.Resolve(url) : null,
            StatusCallbackEvents = (number?.Attribute("statusCallbackEvent")?.Value ?? CallStatus.Completed).Split(' ').ToHashSet(),
            SendDigits = number?.Attribute("sendDigits")?.Value,
        };
        var callerId = dial.Attribute("callerId")?.Value ?? context.Call.From;
        var inline = new XElement("Response", new XElement("Dial", new XElement("Conference", new XAttribute("endConferenceOnExit", "true"), name)));
        var child = centre().Dial(context.Call.AccountSid, to, callerId, options,
            new TwimlSource(null, Inline: inline.ToString()), null, "outbound-dial", context.Call.Sid);
        using var sitting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var together = SitAsync(context, name, hidden: true, new SeatOptions { EndOnExit = true }, null, limit, sitting.Token);
            await Task.WhenAny(together, centre().EndedAsync(child));
            await sitting.CancelAsync();
            await together.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
        finally
        {
            child.End("the other side of the <Dial> has ended");
        }

        await centre().EndedAsync(child);
        return After(context, dial, child.Status,
        [
            new("DialCallSid", child.Sid),
            new("DialCallDuration", (child.DurationSeconds ?? 0).ToString(CultureInfo.InvariantCulture)),
            new("DialBridged", child.Status == CallStatus.Completed ? "true" : "false"),
        ]);
    }

    static AfterVerb After(VerbContext context, XElement dial, string status, KeyValuePair<string, string>[] more) =>
        dial.Attribute("action") is null ? AfterVerb.Next
            : AfterVerb.To(context.Source(dial, "action", [new("DialCallStatus", status), .. more]));
}
