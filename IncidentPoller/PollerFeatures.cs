using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Serialization;
using CityMonitor.IncidentPoller.Freshdesk;
using CityMonitor.IncidentPoller.Parsing;
using CityMonitor.IncidentPoller.Polling;
using CityMonitor.IncidentPoller.Writing;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace CityMonitor.IncidentPoller;

static class PollerFeatures
{
    /// <summary>Freshdesk in both directions: tickets become incidents, results become statuses and notes.</summary>
    public static WebApplicationBuilder AddIncidentPoller(this WebApplicationBuilder builder)
    {
        var freshdesk = builder.AddVendor(Vendor.Freshdesk);
        var services = builder.Services;
        services.AddCheckedOptions<FreshdeskOptions>("Freshdesk");
        services.AddVendorClient<FreshdeskClient>("Freshdesk", (_, http) =>
        {
            http.BaseAddress = new Uri($"{freshdesk.Mode.BaseUrl}/api/v2/");
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{freshdesk["Freshdesk:ApiKey"]}:X")));
            http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        }, VendorLimits.Default with { Total = TimeSpan.FromSeconds(20) });
        services.AddSingleton<FreshdeskPace>().AddSingleton<FreshdeskHealth>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<FreshdeskOptions>>().Value.ForParsing(freshdesk));
        services.AddSingleton<TicketParser>();
        services.AddSingleton<PollerStore>().AddSingleton<TicketObserver>().AddSingleton<OpenTicketSweep>().AddSingleton<PollState>();
        services.AddSingleton<TicketWork>().AddSingleton<TicketWriter>().AddSingleton<TicketFiler>();
        services.AddHostedService<TicketPoller>().AddHostedService<TicketDesk>();
        services.AddWorkStream<TicketMessages>(Keys.Tickets, concurrency: 1); // in order; it only moves them
        services.AddReadiness("freshdesk", IsReadyAsync);
        return builder;
    }

    public static void MapPollerStatus(this IEndpointRouteBuilder routes) => routes.MapGet("/status", StatusAsync);

    // The poller's own requests keep this up to date; only a replica that has not asked anything lately has to ask now.
    static async Task<bool> IsReadyAsync(IServiceProvider services, CancellationToken ct)
    {
        var health = services.GetRequiredService<FreshdeskHealth>();
        if (health.IsStale)
        {
            await services.GetRequiredService<FreshdeskClient>().PingAsync(ct);
        }

        return health.Problem is not { } problem ? true : throw new InvalidOperationException(problem);
    }

    static async Task<JsonHttpResult<PollerStatus>> StatusAsync(
        ServiceStatus service, PollState polls, FreshdeskHealth health, PollerStore store, TicketWork work, CancellationToken ct)
    {
        var (lookedAt, problem) = polls.Now;
        var status = new PollerStatus(
            service.Service, service.Environment, service.StartedAt, service.Vendors, lookedAt, problem ?? health.Problem,
            (await store.WatchedAsync(ct)).Count, await work.WaitingAsync(ct), service.Alerts);
        return TypedResults.Json(status, PollerStatusJson.Default.PollerStatus);
    }
}

/// <param name="LookedAt">When changes were last read by this replica; null where another one holds the lease.</param>
/// <param name="WatchedTickets">Tickets that were reported and not withdrawn.</param>
/// <param name="WaitingTickets">Tickets with writes that are not at Freshdesk yet.</param>
sealed record PollerStatus(
    string Service, string Environment, DateTimeOffset StartedAt, IReadOnlyList<VendorMode> Vendors,
    DateTimeOffset? LookedAt, string? Problem, int WatchedTickets, long WaitingTickets, IReadOnlyList<Alert> Alerts);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PollerStatus))]
sealed partial class PollerStatusJson : JsonSerializerContext;
