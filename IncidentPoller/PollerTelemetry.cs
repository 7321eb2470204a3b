using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CityMonitor.IncidentPoller;

static class PollerTelemetry
{
    public const string Service = "IncidentPoller";
    public static readonly ActivitySource Source = new("CityMonitor.IncidentPoller");
    static readonly Meter Meter = new("CityMonitor.IncidentPoller");

    /// <summary>By event: incident.reported, incident.changed, incident.withdrawn.</summary>
    public static readonly Counter<long> Tickets = Meter.CreateCounter<long>("citymonitor.tickets", "{ticket}", "What became of tickets that were seen.");

    static readonly Counter<long> Withheld = Meter.CreateCounter<long>("citymonitor.ticket.withheld", "{part}", "Parts of tickets that were not taken, by reason.");

    /// <summary>A part of a ticket was not taken: private, not-http, user-info, too-many, slow, too-long, unreadable.</summary>
    public static void NotTaken(string reason) => Withheld.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>By outcome: done, repeated, waiting, gone, rejected.</summary>
    public static readonly Counter<long> Writes = Meter.CreateCounter<long>("citymonitor.ticket.writes", "{write}", "Writes to tickets.");
}
