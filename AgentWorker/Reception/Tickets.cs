using System.Text;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>The tickets of a call that came in: an incident that dispatch phones somebody about, a message, a call that was missed or broke off.</summary>
static class Tickets
{
    const int LongestSubject = 200;

    public static void FileIncident(ReceptionDecision d, ReportDraft report)
    {
        var text = new StringBuilder();
        text.Append("Reported by phone at ").Append(TicketNotes.At(d.Now)).AppendLine(".");
        text.Append("What happened, in the caller's words: ").AppendLine(Callers.WithoutNumbers(report.Description ?? report.Type ?? "not said"));
        if (report.DangerToLife)
        {
            text.AppendLine("The caller says that lives are in danger, and was told to call the emergency number first.");
        }

        File(d, TicketPurpose.Incident, Subject("", report), text, report.DangerToLife ? Priority.Urgent : Priority.High, report, d.Options.ResponderNumber);
    }

    /// <summary>Whoever is on duty is phoned only about what is clearly an incident: a place or a kind of it was told to a tool. The rest is the operator's to judge.</summary>
    public static void FileIncomplete(ReceptionDecision d)
    {
        var report = d.State.Draft;
        var text = new StringBuilder();
        text.Append("INCOMPLETE: a call that came in at ").Append(TicketNotes.At(d.State.ReceivedAt)).AppendLine(" ended before what the caller said was dealt with. Call them back.");
        if (report?.Description is { } description)
        {
            text.Append("What happened, in the caller's words: ").AppendLine(Callers.WithoutNumbers(description));
        }

        foreach (var turn in d.Facts.Transcript.Where(turn => turn.Speaker == Speaker.Responder).Take(50))
        {
            text.Append("The caller said: ").AppendLine(Callers.WithoutNumbers(Spoken.Clean(turn.Text, 500) ?? ""));
        }

        File(d, TicketPurpose.Incomplete, Subject("Incomplete report, ", report), text, report?.DangerToLife == true ? Priority.Urgent : Priority.High, report,
            report is { Type: not null } or { Description: not null } ? d.Options.ResponderNumber : null);
        d.State = d.State with { Draft = null };
    }

    public static void FileMessage(ReceptionDecision d, string? forWhom, string message)
    {
        var text = new StringBuilder();
        text.Append("Taken by phone at ").Append(TicketNotes.At(d.Now)).AppendLine(".");
        text.Append("For: ").AppendLine(forWhom ?? "whoever is responsible");
        text.Append("Message: ").AppendLine(message);
        File(d, TicketPurpose.Message, $"Message{(forWhom is null ? "" : $" for {forWhom}")} from {Callers.Name(d.State)}", text, Priority.Medium, new ReportDraft(null, null, message), null);
    }

    public static void FileMissed(ReceptionDecision d)
    {
        var text = new StringBuilder();
        text.Append("A call that came in at ").Append(TicketNotes.At(d.State.ReceivedAt)).AppendLine(" could not be taken: the caller hung up while they waited, or was told that somebody calls back. Please do.");
        File(d, TicketPurpose.Message, $"Missed call: call back {Callers.CallBack(d.State)?.Value ?? "(hidden number)"}", text, Priority.High, null, null);
    }

    static void File(ReceptionDecision d, TicketPurpose purpose, string subject, StringBuilder text, Priority priority, ReportDraft? report, PhoneNumber? responder)
    {
        var write = d.NextWriteId("ticket");
        var ticket = new NewTicket(
            purpose, Spoken.Clean(subject, LongestSubject)!, text.ToString().TrimEnd(), priority, Callers.Name(d.State), Callers.CallBack(d.State),
            Written(report?.Type), Written(report?.Address), responder);
        d.State = d.State with { Tickets = [.. d.State.Tickets, new ReceptionTicket(write, purpose, report)] };
        d.Publish(new CreateTicket(write, d.Call.Root, d.Now, ticket));
        d.Audit("ticket.requested", $"{purpose}: {ticket.Subject}");
    }

    /// <summary>The newest report is not what the ticket tells: the ticket, and through it whoever is being called, is told. What they say of it stands in a note at once.</summary>
    public static void Correct(ReceptionDecision d)
    {
        if (d.State.Reported is not { } now || d.State.Tickets.LastOrDefault(ticket => ticket.Purpose == TicketPurpose.Incident) is not { TicketId: { } id, Filed: { } filed } ticket
            || (filed.Type == now.Type && filed.Address == now.Address && filed.Description == now.Description && filed.DangerToLife == now.DangerToLife))
        {
            return;
        }

        var danger = now.DangerToLife && !filed.DangerToLife;

        d.State = d.State with { Tickets = [.. d.State.Tickets.Select(one => one == ticket ? one with { Filed = now } : one)] };
        if (danger || filed.Description != now.Description)
        {
            d.Publish(new AddTicketNote(
                d.NextWriteId("addition"), IncidentId.OfTicket(id), id,
                $"The caller adds: {Callers.WithoutNumbers(now.Description ?? "nothing in words")}{(danger ? "\nThe caller says that lives are in danger, and was told to call the emergency number first." : "")}"));
        }

        if (danger || filed.Type != now.Type || filed.Address != now.Address)
        {
            d.Publish(new UpdateTicket(d.NextWriteId("correction"), IncidentId.OfTicket(id), id, null, Correction: new TicketCorrection(Written(now.Type), Written(now.Address), danger)));
            d.Audit("ticket.corrected", $"The caller corrected ticket {id}: {Written(now.Type)}, {Written(now.Address)}{(danger ? ", lives are in danger" : "")}.");
        }
    }

    public static void Created(ReceptionDecision d, TicketCreated m)
    {
        if (d.State.Tickets.FirstOrDefault(ticket => ticket.WriteId == m.WriteId) is not { TicketId: null } ticket)
        {
            return;
        }

        d.State = d.State with { Tickets = [.. d.State.Tickets.Select(one => one == ticket ? one with { TicketId = m.TicketId, Noted = false } : one)] };
        Correct(d);
        Note(d);
    }

    /// <summary>Once the call is over, each of its tickets gets who called and what was said, word for word.</summary>
    public static void Note(ReceptionDecision d)
    {
        if (d.State.Outcome is not { } outcome)
        {
            return;
        }

        foreach (var ticket in d.State.Tickets.Where(ticket => ticket is { TicketId: not null, Noted: false }).ToList())
        {
            var text = new StringBuilder();
            text.Append("The caller: ").Append(d.State.Caller.Name ?? "name not given").Append(", called from ").Append(d.State.From?.Value ?? "a hidden number")
                .Append(", call back at ").Append(Callers.CallBack(d.State)?.Value ?? "no number").AppendLine(".");
            text.Append("The call: ").Append(d.Call).Append(", ").Append(d.State.CallSid).Append(", came in at ").Append(TicketNotes.At(d.State.ReceivedAt))
                .Append(", came to: ").Append(outcome.ToString().ToLowerInvariant()).AppendLine(".");
            TicketNotes.AppendTranscript(text, d.Facts.Transcript, other: "Caller");
            d.Publish(new AddTicketNote(d.NextWriteId("note"), IncidentId.OfTicket(ticket.TicketId!.Value), ticket.TicketId.Value, TicketNotes.Bounded(text)));
            d.State = d.State with { Tickets = [.. d.State.Tickets.Select(one => one.WriteId == ticket.WriteId ? one with { Noted = true } : one)] };
        }
    }

    /// <summary>No colon: a subject is searched for labelled values, and these are the caller's words.</summary>
    static string Subject(string before, ReportDraft? report) =>
        before + $"{Written(report?.Type) ?? "something happened"}, {Written(report?.Address) ?? "place not said"} (by phone)".Replace(':', ' ').Replace('=', ' ');

    static string? Written(string? words) => words is null ? null : Callers.WithoutNumbers(words);
}
