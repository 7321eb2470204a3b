using System.Globalization;
using System.Text.RegularExpressions;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Evidence and questions by WhatsApp and SMS: what was sent, how it fared, what came back.</summary>
static partial class TextMessages
{
    public const int MostMedia = 10;
    const int LongestBody = 1500;
    const int MostReplyNotes = 20;
    const int RememberedReplies = 20;

    /// <summary>Sends the incident with its evidence. Outside WhatsApp's 24-hour window the text goes as a template and the media wait for a reply.</summary>
    public static EvidenceMessage SendEvidence(Decision d, PhoneNumber to)
    {
        var media = d.State.Fields.EvidenceUrls.Take(MostMedia).ToList();
        var open = d.Facts.WindowOpen;
        var sent = Send(d, new EvidenceMessage(default, Channel.WhatsApp, to, DeliveryStatus.Queued, open ? media.Count : 0, WaitingMedia: open || media.Count == 0 ? null : media),
            EvidenceText(d.State), open ? media : [], TemplateVariables(d.State));
        if (d.State.Responder?.AcceptedAt is not null)
        {
            d.MarkAccepted();
        }

        return sent;
    }

    /// <summary>
    /// Whoever accepted by keypad, or whose line broke after the yes, was never asked for a number: the phone that they accepted on gets the
    /// details by SMS. A lost mobile line looks just like hanging up, so that counts too. Only somebody whose conversation came to its
    /// ordinary end without a number does not want any.
    /// </summary>
    public static void SendEvidenceWhereNobodyCouldAsk(Decision d)
    {
        if (d.State is { Evidence.Count: 0, Informed: false } && d.Live?.StopReason != "finished" && Dialled(d.State) is { } to)
        {
            Send(d, new EvidenceMessage(default, Channel.Sms, to, DeliveryStatus.Queued, 0), EvidenceText(d.State), [], null);
        }
    }

    public static void SendCheckIn(Decision d) => SendToResponder(d, MessagePurpose.CheckIn, CheckInText(d.State));

    /// <summary>Somebody who is on their way has to learn that the ticket changed.</summary>
    public static void SendUpdate(Decision d, IReadOnlyList<string> news) =>
        SendToResponder(d, MessagePurpose.Update, $"UPDATE: {string.Join("; ", news)}.\n{EvidenceText(d.State)}");

    static void SendToResponder(Decision d, MessagePurpose purpose, string text)
    {
        var whatsApp = d.State.Evidence.LastOrDefault(e => e.Channel == Channel.WhatsApp && e.Status is DeliveryStatus.Delivered or DeliveryStatus.Read)?.To;
        if ((whatsApp ?? d.State.Evidence.LastOrDefault(e => e.Channel == Channel.Sms && e.Status != DeliveryStatus.Failed)?.To ?? Dialled(d.State)) is not { } to)
        {
            return;
        }

        var channel = whatsApp is not null && d.Facts.WindowOpen ? Channel.WhatsApp : Channel.Sms;
        Send(d, new EvidenceMessage(default, channel, to, DeliveryStatus.Queued, 0, Purpose: purpose), text, [], null);
    }

    static PhoneNumber? Dialled(IncidentState state) => state.Attempts.Count > 0 ? state.Attempts[^1].To : state.Fields.ResponderPhone;

    static EvidenceMessage Send(Decision d, EvidenceMessage draft, string body, IReadOnlyList<string> media, IReadOnlyList<string>? template)
    {
        var message = draft with { Message = MessageId.Of(d.State.Id, d.State.NextMessage) };
        d.State = d.State with { NextMessage = d.State.NextMessage + 1, Evidence = [.. d.State.Evidence, message] };
        d.Publish(new SendMessage(message.Message, d.State.Id, message.To, message.Channel, body, media, template));
        d.Audit("message.requested", $"{message.Purpose} by {message.Channel} to {message.To.Masked}, {media.Count} media.");
        d.Arm(TimerNames.Messages, d.Options.MessageWait);
        return message;
    }

    public static void StatusChanged(Decision d, MessageStatusChanged m)
    {
        if (d.State.Evidence.FirstOrDefault(e => e.Message == m.Message) is not { } known || m.Status <= known.Status ||
            (m.Status == DeliveryStatus.Failed && known.Status is DeliveryStatus.Delivered or DeliveryStatus.Read))
        {
            return;
        }

        var message = known with { Status = m.Status, ErrorCode = m.ErrorCode, Detail = Spoken.Clean(m.Detail) };
        Replace(d, message);
        if (m.Status == DeliveryStatus.Failed)
        {
            Failed(d, message);
        }

        if (d.State.Evidence.All(e => e.Status != DeliveryStatus.Queued))
        {
            d.Disarm(TimerNames.Messages);
            d.Unflag(PassingCauses.MessagesWait);
        }
    }

    static void Failed(Decision d, EvidenceMessage message)
    {
        if (d.State.Status == IncidentStatus.Withdrawn)
        {
            return;
        }

        if (message.Channel == Channel.WhatsApp && !d.State.Evidence.Any(e => e.Channel == Channel.Sms && e.To == message.To && e.Purpose == message.Purpose))
        {
            var text = message.Purpose == MessagePurpose.CheckIn ? CheckInText(d.State) : EvidenceText(d.State);
            Send(d, new EvidenceMessage(default, Channel.Sms, message.To, DeliveryStatus.Queued, 0, Purpose: message.Purpose, FallbackOf: message.Message), text, [], null);
            if (Conversation.IsLive(d) is { } live && live.Stage != d.Flow.First.Name)
            {
                d.Publish(new SayNews(live.Call, "The message could not be delivered that way, so it comes to you as a text message."));
            }

            return;
        }

        if (message.Channel == Channel.Sms)
        {
            d.Flag($"The message to {message.To} could not be delivered, neither by WhatsApp nor by SMS.", "Send the details to the responder by other means, or ask them for another number.");
            d.Note(TicketNotes.MessageFailed(message));
        }
    }

    public static bool HasFailed(IncidentState state) =>
        state.Evidence.Any(e => e.Channel == Channel.Sms && e.Status == DeliveryStatus.Failed);

    /// <summary>Messages that nobody has taken off our hands for too long.</summary>
    public static void MessagesDue(Decision d)
    {
        if (d.State.Status != IncidentStatus.Withdrawn && d.State.Evidence.LastOrDefault(e => e.Status == DeliveryStatus.Queued) is { } waiting)
        {
            d.Flag($"A message to {waiting.To} has been waiting for {d.Options.MessageWait.TotalMinutes:0} minutes.", "Check the Twilio account and its status page; the message is still tried. Send the details by other means if it is urgent.", PassingCauses.MessagesWait);
        }
    }

    public static void Received(Decision d, MessageReceived m)
    {
        if (m.Sid is { Length: > 0 } sid)
        {
            if (d.State.Received.Contains(sid))
            {
                return;
            }

            d.State = d.State with { Received = [.. d.State.Received.TakeLast(RememberedReplies - 1), sid] };
        }

        var body = Spoken.Clean(m.Body) ?? "";
        d.Audit("message.reply", $"{m.Channel} from {m.From.Masked}: {body}{(m.MediaUrls.Count > 0 ? $" [{m.MediaUrls.Count} media]" : "")}");
        if (d.State.Evidence.Count == 0 && d.State.Attempts.All(a => a.To != m.From))
        {
            return;
        }

        NoteReply(d, m, body);
        if (d.State.Status == IncidentStatus.Withdrawn || StopWord().IsMatch(body))
        {
            return;
        }

        if (m.Channel == Channel.WhatsApp)
        {
            SendWaitingMedia(d, m.From);
        }

        var asked = d.State.Evidence.Any(e => e.Purpose == MessagePurpose.CheckIn);
        if (NotYet().IsMatch(body) || Minutes().IsMatch(body))
        {
            NewEta(d, body);
        }
        else if (ArrivedWord().IsMatch(body) || (asked && YesWord().IsMatch(body)))
        {
            FollowUp.Arrived(d);
        }
    }

    static void NewEta(Decision d, string body)
    {
        if (d.State is not { Status: IncidentStatus.Acknowledged, ArrivedAt: null } || Minutes().Match(body) is not { Success: true } match)
        {
            return;
        }

        var minutes = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        d.State = d.State with { Responder = (d.State.Responder ?? ResponderRecord.Empty) with { EtaMinutes = minutes, EtaAt = d.Now.AddMinutes(minutes) } };
        d.Audit("incident.eta", $"The ETA is now {minutes} minutes.");
        FollowUp.ArmEta(d);
        d.MarkAccepted();
    }

    static void NoteReply(Decision d, MessageReceived m, string body)
    {
        // A talkative phone must not fill the ticket: the audit has every message.
        if (d.State.Replies < MostReplyNotes)
        {
            d.State = d.State with { Replies = d.State.Replies + 1 };
            var media = m.MediaUrls.Count > 0 ? $"\nMedia: {string.Join(' ', m.MediaUrls)}" : "";
            d.Note($"Reply by {(m.Channel == Channel.WhatsApp ? "WhatsApp" : "SMS")} from {m.From}: \"{body}\"{media}");
        }
    }

    /// <summary>A reply opens the window for 24 hours: the media that waited go out.</summary>
    static void SendWaitingMedia(Decision d, PhoneNumber from)
    {
        foreach (var message in d.State.Evidence.Where(e => e.To == from && e.WaitingMedia is { Count: > 0 }).ToList())
        {
            Replace(d, message with { WaitingMedia = null });
            Send(d, new EvidenceMessage(default, Channel.WhatsApp, from, DeliveryStatus.Queued, message.WaitingMedia!.Count), "Here are the pictures of the incident.", message.WaitingMedia, null);
        }
    }

    static void Replace(Decision d, EvidenceMessage message) =>
        d.State = d.State with { Evidence = [.. d.State.Evidence.Select(e => e.Message == message.Message ? message : e)] };

    public static string EvidenceText(IncidentState state)
    {
        var fields = state.Fields;
        var text = $"INCIDENT: {Spoken.Type(fields)}\nLocation: {Spoken.Address(fields)}\nPriority: {Spoken.Priority(state.Ticket.Priority)}\nTime: {Spoken.Time(fields, state.Ticket)}\nConfidence: {Spoken.Confidence(fields)}";
        foreach (var url in fields.EvidenceUrls.Take(MostMedia).Where(u => u.Length < 500))
        {
            if (text.Length + url.Length + 11 > LongestBody)
            {
                break;
            }

            text += $"\nEvidence: {url}";
        }

        return text;
    }

    /// <summary>{{1}} type, {{2}} place, {{3}} priority, {{4}} time, {{5}} evidence links; WhatsApp allows no empty value and no line break.</summary>
    static List<string> TemplateVariables(IncidentState state)
    {
        var links = "";
        foreach (var url in state.Fields.EvidenceUrls.Take(MostMedia).TakeWhile(u => links.Length + u.Length < 700))
        {
            links += (links.Length > 0 ? " " : "") + url;
        }

        return [Spoken.Type(state.Fields), Spoken.Address(state.Fields), Spoken.Priority(state.Ticket.Priority), Spoken.Time(state.Fields, state.Ticket), links.Length > 0 ? links : "none"];
    }

    static string CheckInText(IncidentState state) =>
        $"Have you arrived at {Spoken.Address(state.Fields)} ({Spoken.Type(state.Fields)})? Reply YES when you are there, or the minutes you still need, for example: 10 min.";

    [GeneratedRegex(@"^\W*(stop|stopall|unsubscribe|cancel|end|quit)\W*$", RegexOptions.IgnoreCase)]
    private static partial Regex StopWord();

    [GeneratedRegex(@"\b(arrived|on site|on scene|on location|i'?m here|we'?re here|at the scene|reached)\b", RegexOptions.IgnoreCase)]
    private static partial Regex ArrivedWord();

    [GeneratedRegex(@"^\W*(yes|yep|yeah|y|here|done|ok)\b", RegexOptions.IgnoreCase)]
    private static partial Regex YesWord();

    [GeneratedRegex(@"\b(no|not|haven'?t|hasn'?t|won'?t|can'?t|cannot)\b", RegexOptions.IgnoreCase)]
    private static partial Regex NotYet();

    [GeneratedRegex(@"\b(\d{1,3})\s*(?:m|min|mins|minute|minutes)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Minutes();
}
