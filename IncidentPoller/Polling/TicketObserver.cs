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

    /// <param name="republish">True: an open or accepted ticket is reported even where nothing has changed.</param>
    public Task ObserveAsync(FreshdeskTicket ticket, bool republish, CancellationToken ct) => InOrderAsync(ticket.Id, (incident, known) =>
    {
        if ((known is not null && ticket.UpdatedAt < known.UpdatedAt) || (known is null && PurposeTags.IsNoIncident(ticket)))
        {
            return null;
        }

        var wasOpen = known is { Open: true };
        if (RemovalOf(ticket) is { } reason)
        {
            return wasOpen ? Withdraw(ticket.Id, incident, known!, ticket.UpdatedAt, reason) : null;
        }

        // A ticket that carries our mark of a yes and that we know nothing of: Redis has lost it.
        return wasOpen || ticket.Status is Open or null || (known is null && AcceptanceTags.Read(ticket) is not null)
            ? Report(ticket, incident, wasOpen ? known : null, republish)
            : null;
    }, ct);

    /// <summary>A ticket that was reported does not exist any more.</summary>
    public Task GoneAsync(long ticketId, CancellationToken ct) => InOrderAsync(
        ticketId, (incident, known) => known is { Open: true } ? Withdraw(ticketId, incident, known, null, "deleted") : null, ct);

    /// <summary>
    /// Poll, webhook and another replica may look at the same ticket at once, and one of them may have an older answer of Freshdesk's in its
    /// hand. So a report is committed only while what it was compared with still stands; else it is compared again.
    /// </summary>
    async Task InOrderAsync(long ticketId, Func<IncidentId, KnownTicket?, Report?> compare, CancellationToken ct)
    {
        var incident = IncidentId.OfTicket(ticketId);
        using var scope = log.ForIncident(incident);
        while (true)
        {
            var (known, written) = await store.ReadAsync(ticketId, ct);
            if (compare(incident, known) is not { } report)
            {
                return;
            }

            using var activity = PollerTelemetry.Source.StartActivity(report.Activity);
            activity?.SetTag("citymonitor.incident", incident.Value);
            var step = bus.BeginStep();
            step.OnlyWhile(Keys.Ticket(ticketId), written);
            foreach (var message in report.Messages)
            {
                step.Publish(message);
            }

            Remember(step, ticketId, report.Known);
            if (await bus.TryCommitAsync(step, ct))
            {
                report.Committed?.Invoke();
                return;
            }
        }
    }

    Report? Report(FreshdeskTicket ticket, IncidentId incident, KnownTicket? known, bool republish)
    {
        var snapshot = Parse(ticket);
        var changed = known is not null && known.Version != snapshot.Version;
        if (known is not null && !changed && !(republish && (ticket.Status is Open or null || snapshot.Acceptance is not null)))
        {
            return null;
        }

        var nowKnown = new KnownTicket(snapshot.Version, true, ticket.UpdatedAt ?? default);
        IncidentMessage message = changed ? new IncidentChanged(incident, snapshot) : new IncidentReported(incident, snapshot);
        if (!changed && known is not null)
        {
            return new Report("report incident", [message], nowKnown, null);
        }

        var kind = changed ? "incident.changed" : "incident.reported";
        return new Report("report incident", [message, new AuditEntry(PollerTelemetry.Service, kind, incident.Value, null, Describe(snapshot))], nowKnown, () =>
        {
            PollerTelemetry.Tickets.Add(1, new KeyValuePair<string, object?>("event", kind));
            Log.Reported(log, kind, ticket.Id, snapshot.Version, snapshot.Problems.Count);
        });
    }

    Report Withdraw(long ticketId, IncidentId incident, KnownTicket known, DateTimeOffset? at, string reason) => new(
        "withdraw incident",
        [new IncidentWithdrawn(incident, reason), new AuditEntry(PollerTelemetry.Service, "incident.withdrawn", incident.Value, null, $"Ticket {ticketId} is {reason} at Freshdesk.")],
        known with { Open = false, UpdatedAt = at ?? known.UpdatedAt },
        () =>
        {
            PollerTelemetry.Tickets.Add(1, new KeyValuePair<string, object?>("event", "incident.withdrawn"));
            Log.Withdrawn(log, ticketId, reason);
        });

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
            PollerTelemetry.NotTaken("unreadable");
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

/// <summary>What is to be published of a ticket, and what is known of it from then on.</summary>
/// <param name="Committed">Says so, once it is.</param>
sealed record Report(string Activity, IReadOnlyList<Message> Messages, KnownTicket Known, Action? Committed);
