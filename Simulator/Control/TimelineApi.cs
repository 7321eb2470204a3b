using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Control;

static class TimelineApi
{
    const int Page = 5000;

    public static IEndpointRouteBuilder MapTimeline(this IEndpointRouteBuilder control)
    {
        control.MapGet("/events", List);
        control.MapGet("/events/stream", StreamAsync);
        return control;
    }

    static JsonHttpResult<TimelineAnswer> List(Timeline timeline, long? after, int? limit, string? kind, string? subject)
    {
        var all = timeline.After(after ?? 0).Where(happening =>
            (kind is null || happening.Kind.StartsWith(kind, StringComparison.Ordinal)) && (subject is null || happening.Subject == subject));
        return TypedResults.Json(
            new TimelineAnswer(timeline.LastSeq, [.. all.Take(limit ?? Page)]), ControlJson.Default.TimelineAnswer);
    }

    /// <summary>Server-sent events: <c>id</c> is the sequence number, so a browser that reconnects misses nothing.</summary>
    static async Task StreamAsync(HttpContext context, Timeline timeline, long? after)
    {
        var from = after ?? (long.TryParse(context.Request.Headers["Last-Event-ID"], out var last) ? last : 0);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.FlushAsync(context.RequestAborted);
        try
        {
            await foreach (var happening in timeline.ReadAsync(from, context.RequestAborted))
            {
                var json = JsonSerializer.Serialize(happening, ControlJson.Default.Happening);
                await context.Response.Body.WriteAsync(
                    Encoding.UTF8.GetBytes($"id: {happening.Seq}\ndata: {json}\n\n"), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The page was closed.
        }
    }
}
