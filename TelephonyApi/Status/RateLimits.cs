using System.Threading.RateLimiting;

namespace CityMonitor.TelephonyApi.Status;

static class RateLimits
{
    /// <summary>For every route that Twilio's signature does not guard: 20 requests a second from one address, bursts of 100.</summary>
    public const string Api = "api";

    public static IServiceCollection AddRateLimits(this IServiceCollection services) => services.AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.AddPolicy(Api, context => RateLimitPartition.GetTokenBucketLimiter(
            context.Connection.RemoteIpAddress?.ToString() ?? "",
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = 100, TokensPerPeriod = 20, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0, AutoReplenishment = true,
            }));
    });
}
