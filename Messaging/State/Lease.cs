using CityMonitor.Messaging.Redis;
using Microsoft.Extensions.Hosting;

namespace CityMonitor.Messaging.State;

/// <summary>
/// Work that one replica does at a time: holds lease cm:lease:{name} (3 s, renewed each second, an epoch that rises at each take) and
/// runs <see cref="RunAsync"/> while it has it. The token fires as soon as the lease may have been lost. When RunAsync ends or
/// throws by itself it is started again after a second.
/// </summary>
public abstract class LeasedService(Leases leases) : BackgroundService
{
    protected abstract string Name { get; }

    protected abstract Task RunAsync(long epoch, CancellationToken lost);

    /// <summary>Called with what ended <see cref="RunAsync"/>, or kept a lease from being taken or renewed; null when it returned.</summary>
    protected virtual void OnInterrupted(Exception? error) => leases.LogInterrupted(Name, error);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await leases.TakeAsync(Name, stoppingToken) is { } epoch)
                {
                    await HoldAsync(epoch, stoppingToken);
                }
            }
            catch (RedisException error)
            {
                OnInterrupted(error);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await leases.PauseAsync(stoppingToken);
        }
    }

    async Task HoldAsync(long epoch, CancellationToken stoppingToken)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var work = StartAsync();
        await leases.KeepAsync(Name, epoch, work, lost);
        try
        {
            await work;
            if (!stoppingToken.IsCancellationRequested)
            {
                OnInterrupted(null);
            }
        }
        catch (Exception error) when (stoppingToken.IsCancellationRequested || (error is OperationCanceledException && lost.IsCancellationRequested))
        {
            // The lease is gone or the process stops: what RunAsync was told. What it was about to do breaks off in many ways.
        }
        catch (Exception error)
        {
            // Whatever a leased job throws, the next run must come: this is the edge that keeps it alive.
            OnInterrupted(error);
        }

        // Given back at once, so that another replica need not wait for it to lapse.
        await leases.TryReleaseAsync(Name, epoch, stoppingToken);

        // Also what RunAsync throws before its first await ends up in the task.
        async Task StartAsync() => await RunAsync(epoch, lost.Token);
    }
}
