using System.Text.Json.Serialization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.TelephonyApi.Status;

namespace CityMonitor.TelephonyApi.Records;

sealed record EraseRequest(string? Number);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EraseRequest))]
[JsonSerializable(typeof(ErasureReport))]
sealed partial class ErasureJson : JsonSerializerContext;

/// <summary>POST /erase {"number": "+12025550123"} and GET /erase/{id}: a person asks to be forgotten.</summary>
static class ErasureEndpoints
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);
    static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    public static void MapErasure(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/erase").AddEndpointFilter(new RoleFilter("admin")).RequireRateLimiting(RateLimits.Api).DisableHttpMetrics().WithTags("Records");
        group.MapPost("", EraseAsync).Accepts<EraseRequest>("application/json").WithSummary("Erase what is kept of a person, by phone number; answers what was erased, or 202 while a call of theirs lasts");
        group.MapGet("/{id}", ReadAsync).WithSummary("What came of it");
    }

    static async Task<IResult> EraseAsync(HttpContext context, MessageBus bus, ErasureStore reports, TimeProvider clock)
    {
        var ct = context.RequestAborted;
        if (!PhoneNumber.TryParse(await NumberAsync(context.Request, ct), out var number))
        {
            return Results.Problem($"The body must be JSON with the field number: {PhoneNumber.Rule}.", statusCode: StatusCodes.Status400BadRequest, title: "No phone number");
        }

        var request = Guid.NewGuid().ToString("N");
        try
        {
            await reports.WriteAsync(request, ErasureStore.Queued, 0, ct);
            await bus.PublishAsync(new EraseSubject(request, number), ct);
            return await AnswerAsync(request, reports, clock, ct);
        }
        catch (RedisException)
        {
            context.Response.Headers.RetryAfter = "5";
            return Results.Problem("It is not certain that the request was taken; ask again, which does no harm.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "Not now");
        }
    }

    static async Task<string?> NumberAsync(HttpRequest request, CancellationToken ct)
    {
        try
        {
            return request.HasJsonContentType() ? (await request.ReadFromJsonAsync(ErasureJson.Default.EraseRequest, ct))?.Number?.Trim() : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    static async Task<IResult> AnswerAsync(string request, ErasureStore reports, TimeProvider clock, CancellationToken ct)
    {
        var asked = clock.GetTimestamp();
        while (true)
        {
            var report = await reports.ReadAsync(request, ct);
            if (report is { Status: ErasureStore.Done })
            {
                return Results.Json(report, ErasureJson.Default.ErasureReport);
            }

            if (clock.GetElapsedTime(asked) > s_patience || report is { Status: ErasureStore.Waiting, Waiting: > 0 })
            {
                return Results.Accepted($"/erase/{request}", report);
            }

            await Task.Delay(s_look, clock, ct);
        }
    }

    static async Task<IResult> ReadAsync(string id, ErasureStore reports, CancellationToken ct) =>
        id.Length == 32 && id.All(char.IsAsciiHexDigit) && await reports.ReadAsync(id, ct) is { } report
            ? Results.Json(report, ErasureJson.Default.ErasureReport)
            : Results.Problem("No such request is known; they are kept for 30 days.", statusCode: StatusCodes.Status404NotFound, title: "Not known");
}
