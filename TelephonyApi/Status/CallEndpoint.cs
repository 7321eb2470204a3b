using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.TelephonyApi.Status;

/// <summary>GET /call/{conversation_id}: state and transcript so far of one call, while it goes on and as long as it is kept.</summary>
static class CallEndpoint
{
    const string Rule =
        "The id must be one of City Monitor's calls, 1 to 80 characters of a-z, A-Z, 0-9, '-', '_' and '.', for example fd-4711.1, "
        + "or Twilio's CallSid, for example CA0123456789abcdef0123456789abcdef.";

    public static void MapCalls(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/call/{conversation_id}", ReadAsync)
            .RequireRateLimiting(RateLimits.Api)
            .WithTags("Calls")
            .WithSummary("One call: its state and transcript so far")
            .Produces<CallReport>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status404NotFound);

    static async Task<IResult> ReadAsync(
        [Microsoft.AspNetCore.Mvc.FromRoute(Name = "conversation_id")] string id, HttpRequest request, ApiKeys keys, CallReports reports, CancellationToken ct)
    {
        if (!keys.Open && keys.RoleOf(request.Headers[ApiKeys.Header].ToString()) is null)
        {
            return Results.Problem(
                $"The header {ApiKeys.Header} must carry a key from ApiKeys:*.", statusCode: StatusCodes.Status401Unauthorized, title: "Not authorised");
        }

        if (!CallId.TryParse(id, out _))
        {
            return Results.Problem(Rule, statusCode: StatusCodes.Status400BadRequest, title: "Not a call's id");
        }

        try
        {
            return await reports.ReadAsync(id, ct) is { } report
                ? Results.Json(report, CallReportJson.Default.CallReport)
                : Results.Problem($"No call '{id}' is known: there is none, or it ended more than two days ago.", statusCode: StatusCodes.Status404NotFound, title: "No such call");
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return Results.Problem("The calls cannot be read now; try again in a moment.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "Not available");
        }
    }
}
