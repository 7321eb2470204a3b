using System.Globalization;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Status;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>
/// POST /freshdesk/ticket: a Freshdesk automation says that a ticket was created or changed. The body is only a hint; IncidentPoller
/// reads the ticket itself.
/// </summary>
static class FreshdeskEndpoint
{
    public const string KeyHeader = "X-City-Monitor-Key";

    const string Example = """for example {"freshdesk_webhook":{"ticket_id":4711}} or {"ticket_id":4711}""";

    public static void MapFreshdesk(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/freshdesk/ticket", TouchedAsync)
            .Accepts<JsonDocument>("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
            .RequireRateLimiting(RateLimits.Api)
            .WithTags("Freshdesk")
            .WithSummary("A Freshdesk automation: a ticket was created or changed");

    static async Task<IResult> TouchedAsync(HttpRequest request, ApiKeys keys, MessageBus bus, ILogger<ApiKeys> log, CancellationToken ct)
    {
        if (!keys.IsFreshdesk(request.Headers[KeyHeader].ToString()))
        {
            Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("reason", "freshdesk-key"));
            return Results.Problem(
                $"The header {KeyHeader} must carry the key that is configured as ApiKeys:Freshdesk.",
                statusCode: StatusCodes.Status401Unauthorized,
                title: "Not authorised");
        }

        if (await TicketIdAsync(request, ct) is not { } ticket)
        {
            Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("reason", "freshdesk-body"));
            return Results.Problem($"The body must name the ticket, {Example}.", statusCode: StatusCodes.Status400BadRequest, title: "No ticket id");
        }

        try
        {
            await bus.PublishAsync(new TicketTouched(ticket), ct);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Freshdesk repeats after 5 minutes; IncidentPoller's own next poll comes sooner.
            WebhookLog.Failed(log, error, "/freshdesk/ticket");
            return Results.Problem(
                "Not taken in now; the ticket will be seen at the next poll.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "Not available");
        }

        WebhookLog.Touched(log, ticket);
        return Results.Accepted();
    }

    /// <summary>ticket_id or id, as a number or text, at the top or inside freshdesk_webhook or ticket; or a form's field ticket_id.</summary>
    static async Task<long?> TicketIdAsync(HttpRequest request, CancellationToken ct)
    {
        try
        {
            if (request.HasFormContentType)
            {
                var form = await request.ReadFormAsync(ct);
                return Number(form["ticket_id"].ToString()) ?? Number(form["freshdesk_webhook[ticket_id]"].ToString());
            }

            using var body = await JsonDocument.ParseAsync(request.Body, cancellationToken: ct);
            return InObject(body.RootElement) ?? Inside(body.RootElement, "freshdesk_webhook") ?? Inside(body.RootElement, "ticket");
        }
        catch (Exception error) when (error is JsonException or InvalidDataException or InvalidOperationException || (error is IOException && error is not BadHttpRequestException))
        {
            // No JSON, no form, a form cut short, or text that is no valid Unicode (InvalidOperationException).
            return null;
        }
    }

    static long? Inside(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var inner) ? InObject(inner) ?? Inside(inner, "ticket") : null;

    static long? InObject(JsonElement element) =>
        element.ValueKind != JsonValueKind.Object ? null
        : element.TryGetProperty("ticket_id", out var id) || element.TryGetProperty("id", out id)
            ? id.ValueKind switch
            {
                JsonValueKind.Number when id.TryGetInt64(out var number) && number > 0 => number,
                JsonValueKind.String => Number(id.GetString()),
                _ => null,
            }
            : null;

    static long? Number(string? text) =>
        long.TryParse(text?.Trim().TrimStart('#'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
}
