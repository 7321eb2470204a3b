using System.Globalization;
using System.Net;
using System.Text.Json;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Parsing;
using CityMonitor.IncidentPoller.Polling;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.IncidentPoller.Writing;

/// <summary>
/// Makes each write to a ticket once. An outage leaves the write to be tried again (it throws); whatever else can happen ends here, with a
/// line in the audit.
/// </summary>
sealed partial class TicketWriter(RedisClient redis, FreshdeskClient freshdesk, TicketObserver observer, MessageBus bus, IOptions<FreshdeskOptions> options, ILogger<TicketWriter> log)
{
    const string Started = "started", Done = "done";
    static readonly TimeSpan RememberFor = TimeSpan.FromDays(7);
    const int LongestNote = 60_000;

    /// <exception cref="FreshdeskException">An outage: try again.</exception>
    public Task WriteAsync(AddTicketNote note, CancellationToken ct) => OnceAsync(note.WriteId, note.Incident, note.TicketId, note, async repeated =>
    {
        // A POST whose answer was lost may have worked. The note carries its write id, so Freshdesk can be asked.
        if (repeated && await freshdesk.HasNoteAsync(note.TicketId, Mark(note.WriteId), ct))
        {
            return $"Note {note.WriteId} was already in ticket {note.TicketId}.";
        }

        await freshdesk.AddNoteAsync(note.TicketId, Html(note), ct);
        return $"Note {note.WriteId} was added to ticket {note.TicketId}.";
    }, "ticket.noted", ct);

    /// <exception cref="FreshdeskException">An outage: try again.</exception>
    public Task WriteAsync(UpdateTicket update, CancellationToken ct) => OnceAsync(update.WriteId, update.Incident, update.TicketId, update, async _ =>
    {
        FreshdeskTicket? ticket = null;
        if (update.Status is not null || update.Acceptance is not null)
        {
            // Somebody may have resolved the ticket while this write waited: to set it to pending now would open it again.
            ticket = await freshdesk.GetAsync(update.TicketId, ct);
            if (ticket is null or { Deleted: true } or { Spam: true } or { Status: (int)TicketStatus.Resolved or (int)TicketStatus.Closed })
            {
                await LookAsync(update.TicketId, ticket, ct);
                return $"Ticket {update.TicketId} was left as it is: others have {(ticket is null or { Deleted: true } ? "deleted" : ticket.Spam ? "marked as spam" : "resolved")} it.";
            }
        }

        return await PutAsync(update, ticket is null ? null : TagsOf(update, ticket), ct);
    }, "ticket.updated", ct);

    /// <summary>To cm:dead, where the operator sees it and can have it tried again. A look that was asked for needs no grave: the poller looks anyway.</summary>
    public async Task GiveUpAsync(TicketWorkItem item, string reason, CancellationToken ct)
    {
        if (((Message?)item.Update ?? (Message?)item.Note ?? item.Create) is { } message)
        {
            var step = bus.BeginStep();
            step.GiveUp(message, reason);
            await bus.CommitAsync(step, ct);
        }
    }

    // The mark of a yes goes with the status in one request: neither is ever there without the other.
    static IReadOnlyList<string>? TagsOf(UpdateTicket update, FreshdeskTicket ticket) =>
        update.Acceptance is not null || update.Status == TicketStatus.Open ? AcceptanceTags.Write(ticket, update.Acceptance) : null;

    async Task<string> PutAsync(UpdateTicket update, IReadOnlyList<string>? tags, CancellationToken ct)
    {
        var fields = update.CustomFields?.ToDictionary(field => field.Key, field => Text(field.Value)) ?? [];
        foreach (var (field, value) in new[] { (TicketField.IncidentType, update.Correction?.IncidentType), (TicketField.Address, update.Correction?.Address) })
        {
            if (value is not null && options.Value.Fields.NameOf(field) is { } name)
            {
                fields[name] = Text(value);
            }
        }

        var priority = update.Correction is { DangerToLife: true } ? (int)Priority.Urgent : (int?)null;
        var left = new List<string>();
        while (true)
        {
            try
            {
                if (update.Status is not null || fields.Count > 0 || tags is not null || priority is not null)
                {
                    await freshdesk.UpdateAsync(update.TicketId, new TicketUpdate((int?)update.Status, fields.Count > 0 ? fields : null, tags, priority), ct);
                }

                return $"Ticket {update.TicketId}: {update.Status?.ToString() ?? "status unchanged"}{string.Concat(fields.Select(field => $", {field.Key} = {field.Value}"))}."
                    + (left.Count > 0 ? $" Left out, because this account does not take them: {string.Join(", ", left)}." : "");
            }
            catch (FreshdeskException error) when (error.Failure == FreshdeskFailure.Rejected && tags is not null && error.Errors.Any(refused => refused.Field == "tags"))
            {
                // An agent who may not make new tags: the status gets through, and a wiped Redis would not find this ticket again.
                tags = null;
                left.Add("tags");
            }
            catch (FreshdeskException error) when (error.Failure == FreshdeskFailure.Rejected && Adapt(error, fields, left))
            {
                // The status must get through even where the account lacks one of our fields or has it with another type.
            }
        }
    }

    // Fields that the account refuses are sent as the number or flag that they look like, then left out. False: nothing to adapt.
    static bool Adapt(FreshdeskException error, Dictionary<string, JsonElement> fields, List<string> left)
    {
        var adapted = false;
        foreach (var refused in error.Errors)
        {
            var name = fields.Keys.FirstOrDefault(key => refused.Field == key || refused.Field?.EndsWith($".{key}", StringComparison.Ordinal) == true);
            if (name is null)
            {
                continue;
            }

            adapted = true;
            if (refused.Code == "datatype_mismatch" && fields[name].ValueKind == JsonValueKind.String && Typed(fields[name].GetString()!) is { } typed)
            {
                fields[name] = typed;
            }
            else
            {
                fields.Remove(name);
                left.Add(name);
            }
        }

        return adapted;
    }

    static JsonElement? Typed(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? JsonElement.Parse(whole.ToString(CultureInfo.InvariantCulture))
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? JsonElement.Parse(number.ToString("R", CultureInfo.InvariantCulture))
        : text is "true" or "false" ? JsonElement.Parse(text)
        : null;

    static JsonElement Text(string value) => JsonElement.Parse($"\"{JsonEncodedText.Encode(value)}\"");

    async Task OnceAsync(string writeId, IncidentId incident, long ticketId, Message message, Func<bool, Task<string>> write, string kind, CancellationToken ct)
    {
        using var scope = log.ForIncident(incident);
        using var activity = PollerTelemetry.Source.StartActivity(kind);
        var key = Keys.TicketWrite(writeId);
        var mark = (await redis.SendAsync(["GET", key], ct)).Text;
        if (mark == Done)
        {
            PollerTelemetry.Writes.Add(1, new KeyValuePair<string, object?>("outcome", "repeated"));
            return;
        }

        await MarkAsync(key, Started, ct);
        string text, outcome = "done";
        Message? givenUp = null;
        try
        {
            text = await write(mark == Started);
        }
        catch (FreshdeskException error) when (error.Failure is FreshdeskFailure.NotFound or FreshdeskFailure.Gone)
        {
            // Only a look tells a ticket that is gone from a Freshdesk that is confused: what can be read can be written, sooner or later.
            if (await freshdesk.GetAsync(ticketId, ct) is { Deleted: not true, Spam: not true })
            {
                throw new FreshdeskException(FreshdeskFailure.Unavailable, $"A write was answered as if ticket {ticketId} were gone, and it is not: {error.Message}", error);
            }

            (kind, outcome, text) = ("ticket.gone", "gone", $"{writeId} was not written: ticket {ticketId} is deleted or spam ({error.Message}).");
            await LookAsync(ticketId, null, ct);
        }
        catch (FreshdeskException error) when (error.Failure == FreshdeskFailure.Rejected)
        {
            (kind, outcome, text, givenUp) = ("ticket.rejected", "rejected", $"{writeId} was refused by Freshdesk and is kept for the operator: {error.Message}", message);
            Log.Rejected(log, writeId, ticketId, error.Message);
        }
        catch (FreshdeskException error) when (!error.MayHaveArrived && mark is null)
        {
            await redis.SendAsync(["DEL", key], ct); // it certainly had no effect: the next try need not look for one
            throw;
        }

        var step = bus.BeginStep();
        step.Publish(new AuditEntry(PollerTelemetry.Service, kind, incident.Value, null, text));
        if (givenUp is not null)
        {
            step.GiveUp(givenUp, text);
        }

        if (givenUp is null)
        {
            await MarkAsync(key, Done, ct);
        }

        await bus.CommitAsync(step, ct);
        PollerTelemetry.Writes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        Log.Written(log, text);
    }

    // What the write found out about the ticket is news for the dispatcher too.
    async Task LookAsync(long ticketId, FreshdeskTicket? ticket, CancellationToken ct)
    {
        ticket ??= await freshdesk.GetAsync(ticketId, ct);
        if (ticket is null)
        {
            await observer.GoneAsync(ticketId, ct);
        }
        else
        {
            await observer.ObserveAsync(ticket, republish: false, ct);
        }
    }

    async Task MarkAsync(string key, string mark, CancellationToken ct) =>
        await redis.SendAsync(["SET", key, mark, "PX", (long)RememberFor.TotalMilliseconds], ct);

    // The brackets keep fd-1.note.1 from being found in fd-1.note.12.
    static string Mark(string writeId) => $"[{writeId}]";

    /// <summary>Plain text as the HTML that Freshdesk wants. Whatever a caller said or a ticket held shows as text and does nothing.</summary>
    static string Html(AddTicketNote note)
    {
        var text = note.Text.Length > LongestNote ? string.Concat(note.Text.AsSpan(0, LongestNote), "\n(cut)") : note.Text;
        var lines = text.ReplaceLineEndings("\n").Split('\n').Select(WebUtility.HtmlEncode);
        return $"<div>{string.Join("<br>", lines)}</div><div style=\"color:#888\">City Monitor {WebUtility.HtmlEncode(Mark(note.WriteId))}</div>";
    }

    static partial class Log
    {
        [LoggerMessage(5141, LogLevel.Information, "{Text}")]
        public static partial void Written(ILogger log, string text);

        [LoggerMessage(5142, LogLevel.Error, "{WriteId} for ticket {Ticket} was refused by Freshdesk: {Problem}")]
        public static partial void Rejected(ILogger log, string writeId, long ticket, string problem);
    }
}
