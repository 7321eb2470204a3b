using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.AgentWorker.Status;

/// <summary>GET /status: the open incidents and what waits for the operator.</summary>
static class StatusApi
{
    const int MostIncidents = 500;

    public static IEndpointConventionBuilder MapStatus(this IEndpointRouteBuilder routes) => routes.MapGet("/status", ReadAsync);

    static async Task<JsonHttpResult<StatusReport>> ReadAsync(IncidentStore incidents, ServiceStatus service, CancellationToken ct)
    {
        var ids = await incidents.ReadOpenAsync(ct);
        var open = new List<OpenIncident>();
        foreach (var id in ids.Take(MostIncidents))
        {
            if (await incidents.ReadAsync(id, ct) is { } state)
            {
                open.Add(Of(state));
            }
        }

        var report = new StatusReport(service, ids.Count, open.Count(i => i.Flag is not null), [.. open.OrderByDescending(i => i.Priority).ThenBy(i => i.OpenedAt)]);
        return TypedResults.Json(report, AgentJson.Default.StatusReport);
    }

    static OpenIncident Of(IncidentState state) => new(
        state.Id.Value, state.Ticket.TicketId, state.Status, state.Ticket.Priority, state.Fields.Type, state.Fields.Address, state.OpenedAt,
        state.Attempts.Count, state.Fields.ResponderPhone?.Masked, state.DuplicateOf?.Value, state.Flag);
}

sealed record StatusReport(ServiceStatus Service, int Open, int Flagged, IReadOnlyList<OpenIncident> Incidents);

/// <param name="Phone">Masked.</param>
sealed record OpenIncident(
    string Incident, long Ticket, IncidentStatus Status, Priority Priority, string? Type, string? Address, DateTimeOffset OpenedAt,
    int Calls, string? Phone, string? DuplicateOf, OperatorFlag? Flag);
