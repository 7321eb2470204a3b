using System.Threading.RateLimiting;

namespace CityMonitor.TelephonyApi.Status;

static class RateLimits
{
    /// <summary>For every route that Twilio's signature does not guard: 200 requests a second from one address, bursts of 2000 (a storm of tickets is one).</summary>
    public const string Api = "api";

    public static IServiceCollection AddRateLimits(this IServiceCollection services) => services.AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.AddPolicy(Api, context => RateLimitPartition.GetTokenBucketLimiter(
            context.Connection.RemoteIpAddress?.ToString() ?? "",
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = 2000, TokensPerPeriod = 200, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0, AutoReplenishment = true,
            }));
    });
}
