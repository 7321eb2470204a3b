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

    /// <summary>By outcome: done, repeated, waiting, gone, rejected.</summary>
    public static readonly Counter<long> Writes = Meter.CreateCounter<long>("citymonitor.ticket.writes", "{write}", "Writes to tickets.");
}
