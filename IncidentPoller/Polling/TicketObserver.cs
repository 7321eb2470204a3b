using System.Diagnostics;
using System.Globalization;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Parsing;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.IncidentPoller.Polling;

/// <summary>
/// Compares a ticket as Freshdesk shows it with what was last reported, and reports the difference. The message and what is remembered
/// of it are one commit, so a crash in between leaves neither half.
/// </summary>
sealed partial class TicketObserver(PollerStore store, MessageBus bus, TicketParser parser, ILogger<TicketObserver> log)
{
    const int Open = 2, Resolved = 4, Closed = 5;

    // Poll and webhook may look at the same ticket at once; the one that comes second must see what the first one reported.
    readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <param name="republish">True: an open ticket is reported even where nothing has changed.</param>
    public async Task ObserveAsync(FreshdeskTicket ticket, bool republish, CancellationToken ct)
    {
        var incident = IncidentId.OfTicket(ticket.Id);
        using var scope = log.ForIncident(incident);
        var gate = _gates[ticket.Id % _gates.Length];
        await gate.WaitAsync(ct);
        try
        {
            var known = await store.ReadAsync(ticket.Id, ct);
            if (known is not null && ticket.UpdatedAt < known.UpdatedAt)
            {
                return;
            }

            var wasOpen = known is { Open: true };
            if (RemovalOf(ticket) is { } reason)
            {
                if (wasOpen)
                {
                    await WithdrawAsync(ticket.Id, incident, known!, ticket.UpdatedAt, reason, ct);
                }
            }
            else if (wasOpen || ticket.Status is Open or null)
            {
                await ReportAsync(ticket, incident, wasOpen ? known : null, republish, ct);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>A ticket that was reported does not exist any more.</summary>
    public async Task GoneAsync(long ticketId, CancellationToken ct)
    {
        var incident = IncidentId.OfTicket(ticketId);
        using var scope = log.ForIncident(incident);
        var gate = _gates[ticketId % _gates.Length];
        await gate.WaitAsync(ct);
        try
        {
            if (await store.ReadAsync(ticketId, ct) is { Open: true } known)
            {
                await WithdrawAsync(ticketId, incident, known, null, "deleted", ct);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    async Task ReportAsync(FreshdeskTicket ticket, IncidentId incident, KnownTicket? known, bool republish, CancellationToken ct)
    {
        var snapshot = Parse(ticket);
        var changed = known is not null && known.Version != snapshot.Version;
        if (known is not null && !changed && !(republish && ticket.Status is Open or null))
        {
            return;
        }

        using var activity = PollerTelemetry.Source.StartActivity("report incident");
        activity?.SetTag("citymonitor.incident", incident.Value);
        var step = bus.BeginStep();
        step.Publish(changed ? new IncidentChanged(incident, snapshot) : new IncidentReported(incident, snapshot));
        if (changed || known is null)
        {
            var kind = changed ? "incident.changed" : "incident.reported";
            step.Publish(new AuditEntry(PollerTelemetry.Service, kind, incident.Value, null, Describe(snapshot)));
            PollerTelemetry.Tickets.Add(1, new KeyValuePair<string, object?>("event", kind));
            Log.Reported(log, kind, ticket.Id, snapshot.Version, snapshot.Problems.Count);
        }

        Remember(step, ticket.Id, new KnownTicket(snapshot.Version, true, ticket.UpdatedAt ?? default));
        await bus.CommitAsync(step, ct);
    }

    async Task WithdrawAsync(long ticketId, IncidentId incident, KnownTicket known, DateTimeOffset? at, string reason, CancellationToken ct)
    {
        using var activity = PollerTelemetry.Source.StartActivity("withdraw incident");
        var step = bus.BeginStep();
        step.Publish(new IncidentWithdrawn(incident, reason));
        step.Publish(new AuditEntry(PollerTelemetry.Service, "incident.withdrawn", incident.Value, null, $"Ticket {ticketId} is {reason} at Freshdesk."));
        Remember(step, ticketId, known with { Open = false, UpdatedAt = at ?? known.UpdatedAt });
        await bus.CommitAsync(step, ct);
        PollerTelemetry.Tickets.Add(1, new KeyValuePair<string, object?>("event", "incident.withdrawn"));
        Log.Withdrawn(log, ticketId, reason);
    }

    static void Remember(Step step, long ticketId, KnownTicket known)
    {
        step.Set(Keys.Ticket(ticketId), known, PollerJson.Default.KnownTicket, PollerStore.KnownFor);
        var member = ticketId.ToString(CultureInfo.InvariantCulture);
        if (known.Open)
        {
            step.AddToSet(Keys.WatchedTickets, member);
        }
        else
        {
            step.RemoveFromSet(Keys.WatchedTickets, member);
        }
    }

    TicketSnapshot Parse(FreshdeskTicket ticket)
    {
        try
        {
            return parser.Parse(ticket);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Whatever a ticket holds, its incident is reported and the tickets behind it are read.
            Log.ParserFailed(log, error, ticket.Id);
            return parser.Unreadable(ticket, error);
        }
    }

    static string? RemovalOf(FreshdeskTicket ticket) => ticket switch
    {
        { Deleted: true } => "deleted",
        { Spam: true } => "spam",
        { Status: Resolved } => "resolved",
        { Status: Closed } => "closed",
        _ => null,
    };

    static string Describe(TicketSnapshot ticket)
    {
        var what = ticket.Fields.Type ?? ticket.Subject;
        var text = $"{ticket.Priority} ticket {ticket.TicketId}: {what}{(ticket.Fields.Address is { } address ? $", {address}" : "")}";
        return ticket.Problems.Count == 0 ? text : $"{text}. Problems: {string.Join("; ", ticket.Problems.Select(problem => $"{problem.Field} {problem.Rule}"))}";
    }

    static partial class Log
    {
        [LoggerMessage(5111, LogLevel.Information, "{Kind}: ticket {Ticket}, version {Version}, {Problems} problems")]
        public static partial void Reported(ILogger log, string kind, long ticket, string version, int problems);

        [LoggerMessage(5112, LogLevel.Information, "incident.withdrawn: ticket {Ticket} is {Reason}")]
        public static partial void Withdrawn(ILogger log, long ticket, string reason);

        [LoggerMessage(5113, LogLevel.Error, "Ticket {Ticket} broke the parser; its incident is reported with its subject only")]
        public static partial void ParserFailed(ILogger log, Exception error, long ticket);
    }
}
