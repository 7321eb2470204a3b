using System.Text.Json;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Directory;

/// <summary>Tells the others that this bridge lives, where, and how many places it has: cm:bridge:{id}, 1.5 s, renewed twice a second.</summary>
sealed class BridgeDirectory(
    RedisClient redis, CallStore calls, BridgeId bridge, LiveStreams streams, IServer server, IOptions<PublicUrlOptions> urls, Rehearsal rehearsal, IHostApplicationLifetime lifetime,
    TimeProvider clock, ILogger<BridgeDirectory> log) : BackgroundService
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(1.5);
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(0.5);

    static readonly TimeSpan LookAtMost = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (lifetime.ApplicationStarted.Register(started.SetResult))
        {
            // The local address is known once the server listens.
            await started.Task.WaitAsync(stoppingToken);
        }

        var url = PublicUrlOptions.StreamUrl(urls.Value.Media is { Length: > 0 } given ? given : LocalAddress());
        await rehearsal.RunAsync(new Uri(PublicUrlOptions.StreamUrl(LocalAddress())), stoppingToken);
        BridgeDirectoryLog.Serving(log, bridge.Value, url);
        using var timer = new PeriodicTimer(Renewal, clock);
        try
        {
            do
            {
                await RenewAsync(url, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            BridgeDirectoryLog.Leaving(log, bridge.Value);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await redis.SendAsync(["DEL", Keys.Bridge(bridge.Value)], cancellationToken);
            await redis.SendAsync(["SREM", Keys.Bridges, bridge.Value], cancellationToken);
        }
        catch (Exception error) when (error is RedisException or OperationCanceledException)
        {
            // It lapses by itself in 1.5 s.
            BridgeDirectoryLog.NotRenewed(log, error.Message);
        }
    }

    /// <summary>At once, not at the next second: for a bridge that begins to drain.</summary>
    public Task AnnounceAsync(CancellationToken ct) => lastUrl is { } url ? RenewAsync(url, ct) : Task.CompletedTask;

    /// <summary>The process stood still for longer than a lease: others may have taken its calls, and it must not say a word to them before it knows.</summary>
    public async Task LookAgainAsync(CancellationToken ct)
    {
        forgotten = true;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(LookAtMost);
        await AnnounceAsync(patience.Token);
    }

    string? lastUrl;

    /// <summary>The calls of this bridge may have been forgotten, and what AgentWorker says to them would go nowhere.</summary>
    bool forgotten;

    async Task RenewAsync(string url, CancellationToken ct)
    {
        lastUrl = url;
        var info = JsonSerializer.SerializeToUtf8Bytes(new BridgeInfo(bridge.Value, url, streams.Free), StateJson.Default.BridgeInfo);
        try
        {
            // No entry of half a second ago: Redis lost its memory, or we were away for longer than the lease.
            forgotten |= (await redis.SendAsync(["SET", Keys.Bridge(bridge.Value), info, "PX", (long)Lease.TotalMilliseconds, "GET"], ct)).IsNull;
            await redis.SendAsync(["SADD", Keys.Bridges, bridge.Value], ct);
            if (forgotten)
            {
                foreach (var stream in streams.All)
                {
                    await HoldAsync(stream, ct);
                }

                forgotten = false;
            }
        }
        catch (Exception error) when (error is RedisException or ObjectDisposedException or OperationCanceledException)
        {
            // The next second tries again; whoever stops us looks at the token itself.
            BridgeDirectoryLog.NotRenewed(log, error.Message);
        }
    }

    async Task HoldAsync(LiveStream stream, CancellationToken ct)
    {
        switch (await calls.HoldStreamAsync(stream.Session, stream.Number, bridge.Value, ct))
        {
            case StreamHold.Forgotten:
                BridgeDirectoryLog.HeldAgain(log, stream.Call.Value, stream.Number);
                stream.Conversation.AskAgain();
                break;
            case StreamHold.Lost:
                BridgeDirectoryLog.LostCall(log, stream.Call.Value, stream.Number);
                stream.Conversation.Supersede();
                break;
        }
    }

    string LocalAddress() =>
        server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } address
            ? address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("localhost", "127.0.0.1", StringComparison.Ordinal)
            : "ws://127.0.0.1:8080";
}

static partial class BridgeDirectoryLog
{
    [LoggerMessage(2901, LogLevel.Information, "Bridge {Bridge} serves {Url}")]
    public static partial void Serving(ILogger log, string bridge, string url);

    [LoggerMessage(2902, LogLevel.Warning, "The bridge's entry was not renewed: {Reason}")]
    public static partial void NotRenewed(ILogger log, string reason);

    [LoggerMessage(2904, LogLevel.Warning, "Redis had forgotten that stream {Number} of call {Call} is here; it knows again")]
    public static partial void HeldAgain(ILogger log, string call, int number);

    [LoggerMessage(2905, LogLevel.Warning, "Stream {Number} of call {Call} has been taken over by another bridge; this one says no more")]
    public static partial void LostCall(ILogger log, string call, int number);

    [LoggerMessage(2903, LogLevel.Information, "Bridge {Bridge} leaves")]
    public static partial void Leaving(ILogger log, string bridge);
}
