using System.Globalization;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

enum RequestKind { Other, Create, Update, List }

/// <summary>Requests a minute: one limit for the account, and one each for creates, updates and lists. Refused requests count too.</summary>
sealed class RateLimits(TimeProvider time, IOptions<FreshdeskOptions> options)
{
    readonly Lock gate = new();
    readonly int[] usedByKind = new int[4];
    long minute;
    int used;

    /// <summary>Takes <paramref name="cost"/> from the limits, writes the limit headers and tells whether the request may go on.</summary>
    public bool TryTake(HttpContext context, RequestKind kind, int cost)
    {
        var now = time.GetUtcNow();
        int total = options.Value.RequestsPerMinute, remaining;
        bool allowed;
        lock (gate)
        {
            if (minute != now.ToUnixTimeSeconds() / 60)
            {
                minute = now.ToUnixTimeSeconds() / 60;
                used = 0;
                Array.Clear(usedByKind);
            }

            used += cost;
            usedByKind[(int)kind] += cost;
            allowed = used <= total && usedByKind[(int)kind] <= Limit(kind);
            remaining = Math.Max(0, total - used);
        }

        var headers = context.Response.Headers;
        headers["X-Ratelimit-Total"] = total.ToString(CultureInfo.InvariantCulture);
        headers["X-Ratelimit-Remaining"] = remaining.ToString(CultureInfo.InvariantCulture);
        headers["X-Ratelimit-Used-CurrentRequest"] = cost.ToString(CultureInfo.InvariantCulture);
        if (!allowed)
        {
            headers.RetryAfter = (60 - now.Second).ToString(CultureInfo.InvariantCulture);
        }

        return allowed;
    }

    int Limit(RequestKind kind) => kind switch
    {
        RequestKind.Create => options.Value.CreatesPerMinute,
        RequestKind.Update => options.Value.UpdatesPerMinute,
        RequestKind.List => options.Value.ListsPerMinute,
        _ => int.MaxValue,
    };
}
