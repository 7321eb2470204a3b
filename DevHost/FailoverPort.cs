using System.Net;
using System.Net.Sockets;

namespace CityMonitor.Hosting;

/// <summary>
/// One port in front of several replicas, as a load balancer is in production: each new connection goes to the next replica that
/// takes it. It works on bytes, so whatever HTTP or WebSocket does passes unchanged.
/// </summary>
sealed class FailoverPort : IDisposable
{
    readonly TcpListener listener;
    readonly IReadOnlyList<int> targets;
    readonly CancellationTokenSource closing = new();
    int next = -1;

    FailoverPort(int port, IReadOnlyList<int> targets)
    {
        listener = new TcpListener(IPAddress.Loopback, port);
        this.targets = targets;
    }

    public static FailoverPort Open(int port, IReadOnlyList<int> targets)
    {
        var failover = new FailoverPort(port, targets);
        failover.listener.Start();
        _ = failover.AcceptAsync();
        return failover;
    }

    public void Dispose()
    {
        closing.Cancel();
        listener.Dispose();
        closing.Dispose();
    }

    async Task AcceptAsync()
    {
        var stop = closing.Token;
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop);
                _ = ServeAsync(client, stop);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The city is closed; its connections end with the replicas.
        }
    }

    async Task ServeAsync(TcpClient client, CancellationToken stop)
    {
        using (client)
        {
            using var replica = await ConnectAsync(stop);
            if (replica is null)
            {
                return;
            }

            client.NoDelay = replica.NoDelay = true;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var there = client.GetStream().CopyToAsync(replica.GetStream(), ended.Token);
            var back = replica.GetStream().CopyToAsync(client.GetStream(), ended.Token);
            await Task.WhenAny(there, back);
            await ended.CancelAsync();
            await Task.WhenAll(there, back).ContinueWith(static copies => _ = copies.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    async Task<TcpClient?> ConnectAsync(CancellationToken stop)
    {
        var first = Interlocked.Increment(ref next);
        for (var i = 0; i < targets.Count; i++)
        {
            var replica = new TcpClient();
            try
            {
                await replica.ConnectAsync(IPAddress.Loopback, targets[(int)((uint)(first + i) % targets.Count)], stop);
                return replica;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                replica.Dispose();
            }
        }

        return null;
    }
}
