using CityMonitor.Messaging.Redis;
using CityMonitor.TelephonyApi.Calls;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Lets a webhook wait out a short Redis outage: what runs in here may be run again.</summary>
sealed class RedisPatience(IOptions<DialOptions> options, TimeProvider clock, ILogger<RedisPatience> log)
{
    static readonly TimeSpan pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Null when Redis did not come back in time.</summary>
    public Task<T?> TryAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken ct) where T : class =>
        TryAsync(options.Value.RedisPatience, work, ct);

    /// <summary>As <see cref="TryAsync{T}(Func{CancellationToken, Task{T}}, CancellationToken)"/>, while somebody at a phone hears nothing.</summary>
    public Task<T?> TryBrieflyAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken ct) where T : class =>
        TryAsync(options.Value.TwimlPatience, work, ct);

    async Task<T?> TryAsync<T>(TimeSpan atMost, Func<CancellationToken, Task<T>> work, CancellationToken ct) where T : class
    {
        using var patience = new CancellationTokenSource(atMost, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, ct);
        while (true)
        {
            try
            {
                return await work(both.Token);
            }
            catch (Exception error) when ((error is RedisException or OperationCanceledException or TimeoutException) && !ct.IsCancellationRequested)
            {
                if (patience.IsCancellationRequested)
                {
                    WebhookLog.NoRedis(log, error.Message);
                    return null;
                }
            }

            await Task.Delay(pause, clock, both.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
