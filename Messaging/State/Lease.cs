using Microsoft.Extensions.Hosting;

namespace CityMonitor.Messaging.State;

/// <summary>
/// Work that one replica does at a time: holds lease cm:lease:{name} (3 s, renewed each second, an epoch that rises at each take) and
/// runs <see cref="RunAsync"/> while it has it. The token fires as soon as the lease may have been lost.
/// </summary>
public abstract class LeasedService : BackgroundService
{
    protected abstract string Name { get; }

    protected abstract Task RunAsync(long epoch, CancellationToken lost);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => throw new NotSupportedException();
}
