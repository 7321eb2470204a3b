using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace CityMonitor.Messaging.Redis;

/// <summary>Opens connections: TCP, TLS, AUTH, and a name by which CLIENT LIST shows whose it is.</summary>
sealed class RedisConnector(RedisOptions options, TimeProvider clock)
{
    public RedisOptions Options => options;

    /// <exception cref="RedisUnavailableException">No connection within the connect timeout, or Redis refused it.</exception>
    public async Task<RedisConnection> ConnectAsync(string name, TimeSpan replyTimeout, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        RedisConnection? connection = null;
        try
        {
            connection = new RedisConnection(await OpenAsync(either.Token), clock, replyTimeout);
            await IntroduceAsync(connection, name, either.Token);
            return connection;
        }
        catch (Exception error) when (!ct.IsCancellationRequested)
        {
            await DropAsync(connection);
            var reason = error is OperationCanceledException ? $"no answer within {options.ConnectTimeout.TotalSeconds:0.###} s" : error.Message;
            throw new RedisUnavailableException($"No connection to Redis at {options}: {reason}", error);
        }
        catch
        {
            await DropAsync(connection);
            throw;
        }
    }

    static ValueTask DropAsync(RedisConnection? connection) => connection is null ? default : connection.DisposeAsync();

    async Task<Stream> OpenAsync(CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // A peer that vanished without a word is noticed within about 15 s even where no reply is awaited.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 3);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(options.Host, options.Port, ct);
            var stream = new NetworkStream(socket, ownsSocket: true);
            return options.Tls ? await SecureAsync(stream, ct) : stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    async Task<Stream> SecureAsync(NetworkStream stream, CancellationToken ct)
    {
        var secure = new SslStream(stream);
        await secure.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = options.Host,
                CertificateChainPolicy = options.CertificateAuthority is { } file ? Trusting(file) : null,
            },
            ct);
        return secure;
    }

    static X509ChainPolicy Trusting(string file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(file);
        return policy;
    }

    async Task IntroduceAsync(RedisConnection connection, string name, CancellationToken ct)
    {
        if (options.Password is { } password)
        {
            RedisArg[] auth = options.User is { } user ? ["AUTH", user, password] : ["AUTH", password];
            await SendAsync(connection, auth, ct);
        }

        try
        {
            await SendAsync(connection, ["CLIENT", "SETNAME", name], ct);
            connection.Id = (await SendAsync(connection, ["CLIENT", "ID"], ct)).Number;
        }
        catch (RedisServerException error) when (error.Code is "NOPERM" or "ERR")
        {
            // A Redis that forbids CLIENT serves us all the same: waits then end by their time-out instead of CLIENT UNBLOCK.
            connection.Id = 0;
        }
    }

    static ValueTask<RespValue> SendAsync(RedisConnection connection, RedisArg[] command, CancellationToken ct) =>
        connection.TrySend(command, ct, out var reply) ? reply : throw new RedisUnavailableException("Redis closed the connection at once.");
}
