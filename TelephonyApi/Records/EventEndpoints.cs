using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using CityMonitor.Messaging.Redis;
using CityMonitor.TelephonyApi.Status;

namespace CityMonitor.TelephonyApi.Records;

/// <summary>GET /events: the audit timeline for others, as server-sent events or as JSON that waits.</summary>
static partial class EventEndpoints
{
    const string Stream = "text/event-stream";
    const int LongestWait = 30;

    [GeneratedRegex(@"^\d{1,18}(-\d{1,18})?$", RegexOptions.CultureInvariant)]
    private static partial Regex EntryId();

    public static void MapEvents(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/events", ReadAsync)
            .AddEndpointFilter(new RoleFilter("operator", "admin")) // it carries the words of calls
            .RequireRateLimiting(RateLimits.Api)
            .DisableHttpMetrics() // an answer that waits is not a slow one
            .WithTags("Records")
            .WithSummary("What happens, as it happens: ?after={id} goes on behind an event, ?wait={seconds} waits for one; Accept: text/event-stream for a stream");

    static async Task<IResult> ReadAsync(HttpContext context, CallEvents events, string? after, int? wait)
    {
        var ct = context.RequestAborted;
        after ??= context.Request.Headers["Last-Event-ID"] is [{ Length: > 0 } last] ? last : null;
        if ((after is not null && !EntryId().IsMatch(after)) || wait is < 0 or > LongestWait)
        {
            return Results.Problem($"after must be the id of an event, for example 1740819600000-0, and wait from 0 to {LongestWait} seconds.", statusCode: StatusCodes.Status400BadRequest, title: "No such place");
        }

        if (!events.TryEnter())
        {
            context.Response.Headers.RetryAfter = "5";
            return Results.Problem("Too many are reading; try again in 5 seconds.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "Busy");
        }

        context.Response.RegisterForDispose(new Place(events));
        try
        {
            after ??= await events.LastAsync(ct);
            if (context.Request.Headers.Accept.ToString().Contains(Stream, StringComparison.OrdinalIgnoreCase))
            {
                return TypedResults.ServerSentEvents(FollowAsync(events, after, ct));
            }

            return Results.Json(await events.ReadAsync(after, TimeSpan.FromSeconds(wait ?? 0), ct), CallEventJson.Default.CallEventPage);
        }
        catch (RedisException)
        {
            context.Response.Headers.RetryAfter = "2";
            return Results.Problem("The events cannot be read now; try again in 2 seconds.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "Not now");
        }
    }

    static async IAsyncEnumerable<SseItem<string>> FollowAsync(CallEvents events, string after, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var page in events.FollowAsync(after, ct))
        {
            foreach (var one in page.Events)
            {
                yield return new SseItem<string>(JsonSerializer.Serialize(one, CallEventJson.Default.CallEvent), one.Type) { EventId = one.Id };
            }

            if (page.Events.Count == 0)
            {
                yield return new SseItem<string>("{}", "heartbeat"); // a reader that is gone is found out by writing to it
            }
        }
    }

    sealed class Place(CallEvents events) : IDisposable
    {
        public void Dispose() => events.Leave();
    }
}
