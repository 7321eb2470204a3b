using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Sweep;

/// <summary>Section Sweep.</summary>
sealed class SweepOptions : ICheckedOptions
{
    public const string Section = "Sweep";

    /// <summary>How often every open incident has to prove itself; default 1 min.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    public IEnumerable<string> Problems()
    {
        if (Interval < TimeSpan.FromMilliseconds(100) || Interval > TimeSpan.FromMinutes(10))
        {
            yield return "Sweep:Interval must be from 100 ms to 10 minutes, for example 00:01:00.";
        }
    }
}

/// <summary>Asks every open incident, and every inbound call, each minute to prove that something will still happen to it. One replica does it.</summary>
sealed partial class SweepService(Leases leases, IncidentStore incidents, ReceptionStore receptions, MessageBus bus, IOptions<SweepOptions> options, TimeProvider clock, ILogger<SweepService> log) : LeasedService(leases)
{
    protected override string Name => "sweep";

    protected override async Task RunAsync(long epoch, CancellationToken lost)
    {
        while (true)
        {
            await Task.Delay(options.Value.Interval, clock, lost);
            try
            {
                foreach (var incident in await incidents.ReadOpenAsync(lost))
                {
                    await bus.PublishAsync(new IncidentSwept(incident), lost);
                }

                foreach (var call in await receptions.ReadOpenAsync(lost))
                {
                    await bus.PublishAsync(new CallSwept(call), lost);
                }
            }
            catch (RedisException error)
            {
                // The next minute sweeps again.
                LogFailed(error);
            }
        }
    }

    [LoggerMessage(4201, LogLevel.Warning, "The sweep could not reach every open incident")]
    partial void LogFailed(Exception error);
}
