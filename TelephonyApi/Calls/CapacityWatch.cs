using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>
/// Raises the alert capacity while more than 80 % of Capacity:MaxConcurrentCalls are dialled or live, over all replicas. Each replica looks
/// for itself, so that each one's /status says it. It is over well below that share, so that a number about the limit does not ring again and again.
/// </summary>
sealed class CapacityWatch(RedisClient redis, IOptions<CapacityOptions> capacity, IOptions<DialOptions> options, Alerts alerts, TimeProvider clock, ILogger<CapacityWatch> log) : BackgroundService
{
    readonly Threshold threshold = new("capacity", capacity.Value.AlertAbove, alerts);

    /// <summary>How the capacity stands, for GET /status.</summary>
    public Watched Now => threshold.Now;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                CallLog.Failed(log, error, "The watch for the capacity");
            }

            await Task.Delay(options.Value.WatchEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task LookAsync(CancellationToken ct)
    {
        var used = (await redis.SendAsync(["ZCARD", Keys.LiveCalls], ct)).Number + (await redis.SendAsync(["ZCARD", Keys.Dialling], ct)).Number;
        var most = capacity.Value.MaxConcurrentCalls;
        Telemetry.CapacityUsed.Record((double)used / most);
        threshold.Judge((double)used / most, _ =>
            $"{used} of {most} calls that may be dialled or live at once; further ones wait in the dial queue. Raise Capacity:MaxConcurrentCalls if Twilio and the bridges can hold more.");
    }
}
