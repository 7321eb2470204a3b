using System.Net.Sockets;

namespace CityMonitor.Hosting;

/// <summary>Our own redis-server: append-only file, nothing evicted, loopback only.</summary>
static class RedisServer
{
    public const string Process = "redis";

    public const string HowToInstall =
        "redis-server is not on PATH. Install it (Debian, Ubuntu: sudo apt-get install redis-server; Fedora: sudo dnf install redis; " +
        "macOS: brew install redis), or point ConnectionStrings__redis at a Redis 7 of yours, for example ConnectionStrings__redis=localhost:6379.";

    public static ChildSpec Describe(int port, string directory)
    {
        var program = Platform.FindOnPath("redis-server") ?? throw new CityStartException(HowToInstall);
        Directory.CreateDirectory(directory);
        return new ChildSpec(
            Process,
            program,
            ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", directory, "--logfile", "", "--loglevel", "warning", .. Topology.RedisArguments],
            directory,
            new Dictionary<string, string?>());
    }

    /// <summary>Whether it answers PING with PONG: it listens before it has read its file back.</summary>
    public static async Task<bool> AnswersAsync(int port, CancellationToken ct)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, ct);
            var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray(), ct);
            var answer = new byte[64];
            var read = await stream.ReadAsync(answer, ct);
            return read >= 5 && answer.AsSpan(0, 5).SequenceEqual("+PONG"u8);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }
}
