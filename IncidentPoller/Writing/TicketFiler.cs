using System.Globalization;
using System.Net;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Parsing;
using CityMonitor.IncidentPoller.Polling;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.Options;

namespace CityMonitor.IncidentPoller.Writing;

/// <summary>
/// Files each new ticket once. Its description carries the write id, so a ticket whose creation had no known outcome is found again. The
/// text tells all that the fields tell: an account that lacks one of them still gets a ticket that can be read and dispatched.
/// </summary>
sealed partial class TicketFiler(
    RedisClient redis, FreshdeskClient freshdesk, TicketObserver observer, MessageBus bus, IOptions<FreshdeskOptions> options, ILogger<TicketFiler> log)
{
    const string Started = "started", Done = "done:";
    const int ByPhone = 3;
    const int MostPages = 20;
    static readonly TimeSpan RememberFor = TimeSpan.FromDays(7);

    /// <summary>Freshdesk's clock may be another one than ours.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromHours(1);

    /// <summary>A ticket that does not exist yet has no number; what is to be done for it is queued under one of its own, below zero.</summary>
    public static long QueueOf(string writeId)
    {
        var hash = 14695981039346656037ul;
        foreach (var c in writeId)
        {
            hash = (hash ^ c) * 1099511628211ul;
        }

        return -(long)(hash >> 12) - 1; // exact as a double too, in which Redis and JSON may hold it
    }

    /// <exception cref="FreshdeskException">An outage: try again.</exception>
    public async Task FileAsync(CreateTicket create, CancellationToken ct)
    {
        using var activity = PollerTelemetry.Source.StartActivity("file ticket");
        var key = Keys.TicketWrite(create.WriteId);
        var mark = (await redis.SendAsync(["GET", key], ct)).Text;
        if (mark?.StartsWith(Done, StringComparison.Ordinal) == true && long.TryParse(mark.AsSpan(Done.Length), CultureInfo.InvariantCulture, out var filed))
        {
            // Died between the two: who asked may not know yet.
            await bus.PublishAsync(new TicketCreated(create.RootId, create.WriteId, filed), ct);
            return;
        }

        await MarkAsync(key, Started, ct);
        FreshdeskTicket ticket;
        try
        {
            ticket = (mark == Started ? await FindAsync(create, ct) : null) ?? await CreateAsync(create, ct);
        }
        catch (FreshdeskException error) when (error.Failure == FreshdeskFailure.Rejected)
        {
            var text = $"{create.WriteId} was refused by Freshdesk and is kept for the operator: {error.Message}";
            Log.Rejected(log, create.WriteId, error.Message);
            var refused = bus.BeginStep();
            refused.Publish(new AuditEntry(PollerTelemetry.Service, "ticket.rejected", create.RootId, null, text));
            refused.GiveUp(create, text);
            await bus.CommitAsync(refused, ct);
            return;
        }
        catch (FreshdeskException error) when (!error.MayHaveArrived && mark is null)
        {
            await redis.SendAsync(["DEL", key], ct); // it certainly had no effect: the next try need not look for one
            throw;
        }

        await MarkAsync(key, string.Create(CultureInfo.InvariantCulture, $"{Done}{ticket.Id}"), ct);
        var step = bus.BeginStep();
        step.Publish(new TicketCreated(create.RootId, create.WriteId, ticket.Id));
        step.Publish(new AuditEntry(PollerTelemetry.Service, "ticket.filed", create.RootId, null, $"Ticket {ticket.Id} is filed: {create.Ticket.Subject}"));
        await bus.CommitAsync(step, ct);
        PollerTelemetry.Writes.Add(1, new KeyValuePair<string, object?>("outcome", "filed"));
        Log.Filed(log, ticket.Id, create.WriteId);

        // Not at the next poll: somebody waits for help.
        await observer.ObserveAsync(ticket, republish: false, ct);
    }

    async Task<FreshdeskTicket?> FindAsync(CreateTicket create, CancellationToken ct)
    {
        for (var page = 1; page <= MostPages; page++)
        {
            var found = await freshdesk.ListChangedAsync(create.At - ClockSkew, page, ct);
            if (found.Tickets.FirstOrDefault(ticket => ticket.Description?.Contains(Mark(create), StringComparison.Ordinal) == true) is { } ticket)
            {
                return ticket;
            }

            if (!found.More)
            {
                break;
            }
        }

        return null;
    }

    async Task<FreshdeskTicket> CreateAsync(CreateTicket create, CancellationToken ct)
    {
        var body = BodyOf(create);
        try
        {
            return await freshdesk.CreateAsync(body, ct);
        }
        catch (FreshdeskException error) when (error.Failure == FreshdeskFailure.Rejected)
        {
            // An account without these fields, or an agent who may not make tags. A message without its tag would be taken for an incident.
            Log.Plainer(log, create.WriteId, error.Message);
            return await freshdesk.CreateAsync(body with { CustomFields = null, Tags = error.Errors.Any(refused => refused.Field == "tags") ? null : body.Tags }, ct);
        }
    }

    TicketBody BodyOf(CreateTicket create)
    {
        var ticket = create.Ticket;
        var fields = new Dictionary<string, string>();
        Add(TicketField.IncidentType, ticket.IncidentType);
        Add(TicketField.Address, ticket.Address);
        Add(TicketField.ResponderPhone, ticket.Responder?.Value);
        var labelled = string.Concat(
            ticket.IncidentType is { } type ? $"Incident type: {type}\n" : "", ticket.Address is { } address ? $"Address: {address}\n" : "",
            ticket.Responder is { } responder ? $"Responder phone: {responder}\n" : "");
        return new TicketBody(
            ticket.Subject, Html($"{labelled}{ticket.Text}", Mark(create)), (int)TicketStatus.Open, (int)ticket.Priority, ByPhone, ticket.RequesterName,
            ticket.RequesterPhone?.Value, ticket.RequesterPhone is null ? "city-monitor-caller-without-number" : null, PurposeTags.Of(ticket.Purpose), fields.Count > 0 ? fields : null);

        void Add(TicketField field, string? value)
        {
            if (value is not null && options.Value.Fields.NameOf(field) is { } name)
            {
                fields[name] = value;
            }
        }
    }

    /// <summary>Plain text as the HTML that Freshdesk wants. Whatever a caller said shows as text and does nothing.</summary>
    static string Html(string text, string mark)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n').Select(WebUtility.HtmlEncode);
        return $"<div>{string.Join("<br>", lines)}</div><div style=\"color:#888\">City Monitor {WebUtility.HtmlEncode(mark)}</div>";
    }

    // The brackets keep in-1.ticket.1 from being found in in-1.ticket.12.
    static string Mark(CreateTicket create) => $"[{create.WriteId}]";

    async Task MarkAsync(string key, string mark, CancellationToken ct) =>
        await redis.SendAsync(["SET", key, mark, "PX", (long)RememberFor.TotalMilliseconds], ct);

    static partial class Log
    {
        [LoggerMessage(5161, LogLevel.Information, "Ticket {Ticket} is filed for {WriteId}")]
        public static partial void Filed(ILogger log, long ticket, string writeId);

        [LoggerMessage(5162, LogLevel.Warning, "{WriteId} is filed without custom fields, which Freshdesk refused: {Problem}")]
        public static partial void Plainer(ILogger log, string writeId, string problem);

        [LoggerMessage(5163, LogLevel.Error, "{WriteId} was refused by Freshdesk: {Problem}")]
        public static partial void Rejected(ILogger log, string writeId, string problem);
    }
}
