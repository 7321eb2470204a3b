using System.Globalization;
using System.Text;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>The texts of private notes: plain, for the person who opens the ticket.</summary>
static class TicketNotes
{
    const int LongestNote = 60_000;

    /// <summary>What a ticket lacks; null where nothing is wrong.</summary>
    public static string? Problems(IncidentState state, Facts facts)
    {
        var problems = Missing(state).ToList();
        if (problems.Count == 0)
        {
            return null;
        }

        var text = new StringBuilder();
        var blocked = state.Fields.ResponderPhone is null;
        text.AppendLine(blocked ? "City Monitor cannot call anybody about this ticket yet." : "City Monitor goes ahead, but this ticket is incomplete.");
        foreach (var problem in problems)
        {
            text.Append("- ").Append(problem.Field).Append(": ").Append(problem.Rule.TrimEnd('.')).Append('.');
            if (Spoken.Clean(problem.Found) is { } found)
            {
                text.Append(" Found: \"").Append(found).Append("\".");
            }

            text.Append(" Example: ").AppendLine(problem.Example);
        }

        if (blocked)
        {
            text.Append("The responder's phone must be ").Append(PhoneNumber.Rule).AppendLine(".");
        }

        text.Append(blocked
            ? "The ticket stays open. Correct it and the call starts by itself."
            : "The responder is told what is known. Correct the ticket and the responder hears the new details.");
        if (blocked && facts.ExtractionTried && facts.Extracted is null)
        {
            text.Append(" The text of the ticket was searched as well and holds no usable number.");
        }

        return text.ToString();
    }

    /// <summary>The parser's problems without those that the model solved, and what is missing without the parser having said so.</summary>
    static IEnumerable<FieldProblem> Missing(IncidentState state)
    {
        var fields = state.Fields;
        var parsed = state.Ticket.Fields;
        var solved = fields.ResponderPhone is not null && parsed.ResponderPhone is null;
        var phoneNamed = false;
        foreach (var problem in state.Ticket.Problems)
        {
            var isPhone = problem.Field.Contains("phone", StringComparison.OrdinalIgnoreCase);
            phoneNamed |= isPhone;
            var nowKnown = isPhone ? solved
                : problem.Field.Contains("address", StringComparison.OrdinalIgnoreCase) ? parsed.Address is null && fields.Address is not null
                : problem.Field.Contains("type", StringComparison.OrdinalIgnoreCase) && parsed.Type is null && fields.Type is not null;
            if (!nowKnown)
            {
                yield return problem;
            }
        }

        if (fields.ResponderPhone is null && !phoneNamed)
        {
            yield return new FieldProblem("Responder's phone", "is missing", null, "+12025550123");
        }
    }

    public static string Acknowledged(IncidentState state, Facts facts)
    {
        var responder = state.Responder ?? ResponderRecord.Empty;
        var text = new StringBuilder();
        text.Append("Accepted by ").Append(Who(responder)).Append(", phone ").Append(state.Attempts[^1].To).Append(", at ").Append(At(responder.AcceptedAt)).AppendLine(".");
        text.AppendLine(responder.EtaMinutes is { } eta ? $"ETA: {eta} minutes{(responder.EtaAt is { } at ? $" (about {at.UtcDateTime:HH:mm} UTC)" : "")}." : "ETA: not given.");
        AppendEvidence(text, state);
        AppendAttempts(text, state);
        AppendTranscript(text, facts.Transcript);
        return Bounded(text);
    }

    public static string NotReached(IncidentState state, Facts facts, string reason)
    {
        var text = new StringBuilder();
        text.Append("Nobody has accepted this incident. ").AppendLine(reason);
        text.AppendLine("The ticket stays open and the operator is told. Enter another phone number in the ticket and it is called at once.");
        if (state.Responder is { } responder && (responder.Name ?? responder.Agency) is not null)
        {
            text.Append("Spoken with: ").Append(Who(responder)).AppendLine(".");
        }

        AppendEvidence(text, state, onlyIfAny: true);
        AppendAttempts(text, state);
        AppendTranscript(text, facts.Transcript);
        return Bounded(text);
    }

    public static string EndedByWithdrawal(IncidentState state, Facts facts)
    {
        var text = new StringBuilder();
        text.Append("The ticket was ").Append(state.WithdrawnReason).AppendLine(" while a call about it was going on; the responder was told and the call ended.");
        AppendEvidence(text, state, onlyIfAny: true);
        AppendAttempts(text, state);
        AppendTranscript(text, facts.Transcript);
        return Bounded(text);
    }

    public static string Linked(IncidentState primary) =>
        $"This ticket reports the same event as ticket {primary.Ticket.TicketId} (same phone, type, place and camera). One call speaks for both; this ticket follows the outcome.";

    public static string FollowedAcknowledged(IncidentState primary)
    {
        var responder = primary.Responder ?? ResponderRecord.Empty;
        return $"Accepted by {Who(responder)} at {At(responder.AcceptedAt)} in the call about ticket {primary.Ticket.TicketId}, which reports the same event." +
            (responder.EtaMinutes is { } eta ? $" ETA: {eta} minutes." : " ETA: not given.");
    }

    public static string MessageFailed(EvidenceMessage message) =>
        $"The {Name(message.Channel)} message to {message.To} could not be delivered{Why(message)}. The responder may not have it: send it by other means, or correct the number.";

    public static string Status(EvidenceMessage message) =>
        $"{Name(message.Channel)} to {message.To}: {message.Status.ToString().ToLowerInvariant()}{Why(message)}" +
        (message.MediaCount > 0 ? $", {message.MediaCount} {(message.MediaCount == 1 ? "picture" : "pictures")} attached" : "") +
        (message is { Status: not DeliveryStatus.Failed, WaitingMedia: { Count: > 0 } waiting } ? $", {waiting.Count} {(waiting.Count == 1 ? "picture follows" : "pictures follow")} when the responder writes back" : "") +
        (message.FallbackOf is not null ? " (because WhatsApp failed)" : "");

    static string Why(EvidenceMessage message)
    {
        var code = message.ErrorCode is { } number && message.Detail?.Contains($"{number}", StringComparison.Ordinal) != true ? $"Twilio error {number}" : null;
        var why = string.Join(", ", new[] { Spoken.Clean(message.Detail), code }.Where(part => part is not null));
        return why.Length > 0 ? $" ({why})" : "";
    }

    static string Name(Channel channel) => channel == Channel.WhatsApp ? "WhatsApp" : "SMS";

    static string Who(ResponderRecord responder) => (Spoken.Clean(responder.Name), Spoken.Clean(responder.Agency)) switch
    {
        ({ } name, { } agency) => $"{name} ({agency})",
        ({ } name, null) => $"{name} (agency not given)",
        (null, { } agency) => $"somebody of {agency} (name not given)",
        _ => "the responder (name and agency not given)",
    };

    static void AppendEvidence(StringBuilder text, IncidentState state, bool onlyIfAny = false)
    {
        var sent = state.Evidence.Where(e => e.Purpose == MessagePurpose.Evidence).ToList();
        if (sent.Count > 0)
        {
            text.AppendLine("Evidence sent:");
            foreach (var message in sent)
            {
                text.Append("- ").Append(Status(message)).AppendLine();
            }
        }
        else if (!onlyIfAny)
        {
            text.AppendLine("Evidence sent: none; the responder confirmed no number for messages.");
        }
    }

    static void AppendAttempts(StringBuilder text, IncidentState state)
    {
        if (state.Attempts.Count == 0)
        {
            return;
        }

        text.AppendLine("Calls:");
        foreach (var attempt in state.Attempts)
        {
            text.Append("- ").Append(At(attempt.At)).Append(" to ").Append(attempt.To).Append(": ")
                .Append(InWords(attempt.Outcome)).AppendLine(attempt.Detail is { Length: > 0 } detail ? $" ({detail})" : "");
        }
    }

    static string InWords(CallOutcome? outcome) => outcome switch
    {
        CallOutcome.Acknowledged => "accepted",
        CallOutcome.Declined => "declined",
        CallOutcome.NoAnswer => "no answer",
        CallOutcome.Busy => "busy",
        CallOutcome.Voicemail => "voicemail",
        CallOutcome.InvalidContact => "invalid contact",
        CallOutcome.HungUp => "hung up",
        CallOutcome.Cancelled => "cancelled",
        CallOutcome.Failed => "failed",
        CallOutcome.Unknown => "unknown",
        CallOutcome.CallBack => "call-back",
        _ => "under way",
    };

    /// <param name="other">What whoever is not us is to us: the responder whom we called, or the caller.</param>
    public static void AppendTranscript(StringBuilder text, IReadOnlyList<Turn> transcript, string other = nameof(Speaker.Responder))
    {
        if (transcript.Count == 0)
        {
            return;
        }

        text.AppendLine("Transcript:");
        foreach (var turn in transcript)
        {
            text.Append(turn.At.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)).Append(' ')
                .Append(turn.Speaker == Speaker.Responder ? other : turn.Speaker.ToString()).Append(": ").Append(turn.Text.ReplaceLineEndings(" ")).AppendLine(turn.Interrupted ? " [interrupted]" : "");
        }
    }

    public static string At(DateTimeOffset? at) => at is { } time ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) : "an unknown time";

    public static string Bounded(StringBuilder text)
    {
        if (text.Length > LongestNote)
        {
            text.Length = LongestNote;
            text.AppendLine().Append("[cut: the note is too long for the ticket system]");
        }

        return text.ToString().TrimEnd();
    }
}
