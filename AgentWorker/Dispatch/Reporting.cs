using CityMonitor.AgentWorker.Flows;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>A ticket was seen: opens an incident, takes over what changed, or leaves a known version alone.</summary>
static class Reporting
{
    public static IncidentState Open(IncidentId id, TicketSnapshot ticket, DateTimeOffset now) =>
        new(id, ticket, ticket.Fields, IncidentStatus.Reported, now, [], null, [], null);

    public static void Opened(Decision d)
    {
        if (d.State.Ticket.Acceptance is { } acceptance)
        {
            Restoring.Accepted(d, acceptance);
            return;
        }

        d.Audit("incident.opened", $"Ticket {d.State.Ticket.TicketId}: {Spoken.Type(d.State.Fields)} at {Spoken.Address(d.State.Fields)}, priority {Spoken.Priority(d.State.Ticket.Priority)}.");
        TicketFacts.Take(d);
        Proceed(d);
    }

    /// <summary>A withdrawn ticket is open again: somebody wants it handled.</summary>
    public static void Reopened(Decision d, TicketSnapshot ticket)
    {
        if (d.Live is { Settled: false } live)
        {
            Dialling.CancelAttempt(d, live, "The ticket was closed and is open again.");
        }

        var known = d.State.Ticket.Version == ticket.Version;
        var wasAccepted = d.State.AcknowledgedAt is not null || ticket.Acceptance is not null;
        var found = TicketFacts.FoundByModel(d.State);
        d.State = d.State with
        {
            Ticket = ticket,
            Status = IncidentStatus.Reported,
            RoundStart = d.State.Attempts.Count,
            Responder = null,
            WithdrawnReason = null,
            DuplicateOf = null,
            AcknowledgedAt = null,
            ArrivedAt = null,
            Flag = null,
        };
        d.Audit("incident.reopened", $"Ticket {ticket.TicketId} is open again.");
        if (wasAccepted)
        {
            d.TicketOpenAgain(); // takes our mark of the old yes off the ticket
        }

        if (!known)
        {
            // A known version keeps what the model found in it: the model is asked once per version.
            TicketFacts.Take(d, found);
        }

        Proceed(d);
    }

    public static void Changed(Decision d, TicketSnapshot ticket)
    {
        var before = d.State.Fields;
        var found = TicketFacts.FoundByModel(d.State);
        d.State = d.State with { Ticket = ticket };
        TicketFacts.Take(d, found);
        var phoneChanged = d.State.Fields.ResponderPhone != before.ResponderPhone;
        d.Audit("incident.changed", "The ticket's content was changed." + (phoneChanged ? " The responder's phone number is another one." : ""));
        if (phoneChanged && d.State.Status is not IncidentStatus.Acknowledged && Conversation.WaitsForAnswer(d) is { } waiting)
        {
            Dialling.CancelAttempt(d, waiting, "The ticket has another phone number now.");
            NewRound(d);
            Proceed(d);
            return;
        }

        if (d.Live is { Settled: false, End: null } waits)
        {
            // Keypad mode reads the incident from the session: it has to tell the new version.
            d.Sessions.Add(Sessions.Build(d.Flow, d.State, waits.Call, d.State.Attempts.First(a => a.Call == waits.Call).To, d.Options.Authority, d.Now));
        }

        if (Conversation.IsLive(d) is { } call)
        {
            TellNews(d, call, before);
            return;
        }

        switch (d.State.Status)
        {
            case IncidentStatus.Acknowledged when d.State.ArrivedAt is null && News(before, d.State.Fields) is { Count: > 0 } news:
                TextMessages.SendUpdate(d, news);
                break;
            case IncidentStatus.Reported when d.State.DuplicateOf is null:
                Proceed(d);
                break;
            case IncidentStatus.Reported when phoneChanged:
            case IncidentStatus.InvalidContact or IncidentStatus.Unreachable or IncidentStatus.Declined or IncidentStatus.Failed when phoneChanged:
            case IncidentStatus.Calling when phoneChanged && d.Live is null or { Settled: true }:
                NewRound(d);
                Proceed(d);
                break;
            default:
                break;
        }
    }

    /// <summary>The ticket names another number than the one that was called last.</summary>
    public static bool HasAnotherNumber(IncidentState state) =>
        state.Fields.ResponderPhone is { } now && state.Attempts is [.., { } last] && last.To != now;

    public static void CallAnotherNumber(Decision d)
    {
        d.Audit("incident.another-number", "The ticket has got another phone number during the call; that one is called now.");
        NewRound(d);
        Proceed(d);
    }

    static void NewRound(Decision d)
    {
        d.State = d.State with { RoundStart = d.State.Attempts.Count, Responder = null, Status = IncidentStatus.Reported, DuplicateOf = null };
        d.Disarm(TimerNames.NextAttempt);
        d.Disarm(TimerNames.Duplicate);
        d.Unflag();
    }

    /// <summary>Dispatches, waits for a correction, or follows the incident that already reports this event.</summary>
    public static void Proceed(Decision d)
    {
        NoteProblems(d);
        if (d.State.Fields.ResponderPhone is null)
        {
            d.Flag("The ticket has no usable phone number, so nobody can be called.", "Enter the responder's number in the ticket, for example +12025550123; the call then starts by itself.");
            return;
        }

        if (d.Facts.Primary is { } primary && d.State.Attempts.Count == 0)
        {
            Duplicates.Link(d, primary);
            return;
        }

        d.Unflag();
        Dialling.Dial(d);
    }

    /// <summary>One note per ticket version says what is missing, the rule and how to fix it.</summary>
    static void NoteProblems(Decision d)
    {
        if (d.State.NotedVersion == d.State.Ticket.Version || TicketNotes.Problems(d.State, d.Facts) is not { } text)
        {
            return;
        }

        d.Note(text);
        d.State = d.State with { NotedVersion = d.State.Ticket.Version };
    }

    static List<string> News(IncidentFields before, IncidentFields now)
    {
        var news = new List<string>();
        if (now.Type != before.Type)
        {
            news.Add($"the incident type is now {Spoken.Type(now)}");
        }

        if (now.Address != before.Address)
        {
            news.Add($"the place is now {Spoken.Address(now)}");
        }

        if (now.Confidence != before.Confidence)
        {
            news.Add($"the confidence is now {Spoken.Confidence(now)}");
        }

        return news;
    }

    static void TellNews(Decision d, LiveCall call, IncidentFields before)
    {
        var news = News(before, d.State.Fields);
        if (d.State.Ticket.Priority > d.Before.Ticket.Priority && d.State.Ticket.Priority == Priority.Urgent)
        {
            news.Add("the priority is now urgent");
        }

        // Only once the incident has been told: before that retrieve_ticket tells the new version anyway, and a machine may listen.
        if (news.Count > 0 && call.Stage != d.Flow.First.Name)
        {
            d.Publish(new SayNews(call.Call, $"I have just received an update: {string.Join("; ", news)}."));
        }
    }
}
