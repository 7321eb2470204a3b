using System.Text.Json.Serialization;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.TelephonyApi.Status;

/// <summary>What this is, for whoever opens the URL.</summary>
sealed record Welcome(string Service, string What, string Environment, IReadOnlyList<string> Simulated, IReadOnlyDictionary<string, string> Endpoints, string Time);

/// <param name="Number">Masked.</param>
sealed record CallLine(string Call, string Number, string State, string? Sid, string? Bridge, string Priority, string At);

sealed record StatusReport(
    string Service,
    string? Note,
    IReadOnlyList<VendorMode> Vendors,
    IReadOnlyList<CallLine> ActiveCalls,
    IReadOnlyList<CallLine> DialQueue,
    IReadOnlyList<BridgeLine> Bridges,
    long MessagesUnderWay,
    int MaxConcurrentCalls,
    double CallsPerSecond,
    IReadOnlyList<Alert> Alerts,
    IReadOnlyList<Watched> Watched,
    IReadOnlyList<QuotaUse> Quotas,
    string Time);

sealed record BridgeLine(string Id, int Free);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Welcome))]
[JsonSerializable(typeof(StatusReport))]
sealed partial class StatusReportJson : JsonSerializerContext;

/// <summary>GET / and GET /status.</summary>
static class ServiceEndpoints
{
    static readonly Dictionary<string, string> endpoints = new()
    {
        ["GET /health"] = "liveness",
        ["GET /ready"] = "readiness, each dependency by name",
        ["GET /status"] = "active calls, dial queue, messages (X-Api-Key)",
        ["GET /call/{id}"] = "one call: its state and transcript so far, by our id or Twilio's CallSid (X-Api-Key)",
        ["GET /events"] = "what happens, as it happens: JSON or server-sent events (X-Api-Key, operator)",
        ["POST /erase"] = "erase what is kept of a person (X-Api-Key, admin)",
        ["GET /openapi/v1.json"] = "description of this API",
        ["POST /twilio/incoming"] = "Twilio: a call was answered, or somebody calls us",
        ["POST /twilio/continue"] = "Twilio: a stream has ended",
        ["POST /twilio/status"] = "Twilio: progress of a call",
        ["POST /twilio/message"] = "Twilio: an inbound WhatsApp message or SMS",
        ["POST /freshdesk/ticket"] = "Freshdesk automation: a ticket was created or changed (X-City-Monitor-Key)",
    };

    public static void MapService(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("").RequireRateLimiting(RateLimits.Api).WithTags("Service");
        group.MapGet("/", Welcome).WithSummary("What this is");
        group.MapPost("/", PostedHere).ExcludeFromDescription();
        group.MapGet("/status", StatusAsync).WithSummary("Active calls, dial queue, messages");
    }

    static IResult Welcome(ServiceStatus status, TimeProvider clock) => Results.Json(
        new Welcome(
            "City Monitor TelephonyApi",
            "Places the phone calls and messages of City Monitor through Twilio, and answers the webhooks of Twilio and Freshdesk.",
            status.Environment,
            [.. status.Vendors.Where(vendor => vendor.Simulated).Select(vendor => vendor.ToString())],
            endpoints,
            clock.GetUtcNow().ToString("O")),
        StatusReportJson.Default.Welcome);

    static IResult PostedHere(HttpResponse response)
    {
        response.Headers.Allow = "GET";
        return Results.Problem(
            "Twilio's webhooks are POST /twilio/incoming and its neighbours; GET / lists them. Set the number's voice URL to PublicUrls:Telephony + /twilio/incoming.",
            statusCode: StatusCodes.Status405MethodNotAllowed,
            title: "Nothing takes a POST here");
    }

    static async Task<IResult> StatusAsync(HttpRequest request, ApiKeys keys, CallsReport report, CancellationToken ct)
    {
        if (!keys.Open && keys.RoleOf(request.Headers[ApiKeys.Header].ToString()) is null)
        {
            return Results.Problem(
                $"The header {ApiKeys.Header} must carry a key from ApiKeys:*.", statusCode: StatusCodes.Status401Unauthorized, title: "Not authorised");
        }

        var note = keys.Open ? "Open to everybody: no key is configured under ApiKeys, and this is no production system." : null;
        return Results.Json(await report.ReadAsync(note, ct), StatusReportJson.Default.StatusReport);
    }
}
