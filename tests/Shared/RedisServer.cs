using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CityMonitor.Tests.Shared;

/// <summary>A real redis-server on a free loopback port, with a directory and an append-only file of its own.</summary>
sealed class RedisServer : IAsyncDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("cm-redis-").FullName;
    readonly string[] _extra;
    Process? _process;

    RedisServer(string[] extra) => _extra = extra;

    public int Port { get; private set; }

    /// <summary>For RedisOptions.Parse and ConnectionStrings:redis.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>Starts a server and waits until it answers. <paramref name="extra"/> are redis-server arguments, for example "--requirepass", "x".</summary>
    public static async Task<RedisServer> StartAsync(params string[] extra)
    {
        var server = new RedisServer(extra);
        for (var attempt = 1; ; attempt++)
        {
            server.Port = FreePort();
            try
            {
                await server.StartAgainAsync();
                return server;
            }
            catch (IOException) when (attempt < 5)
            {
                // Somebody else took the port between our look and redis-server's bind.
            }
        }
    }

    /// <summary>Starts on the same port and directory; what the append-only file holds is there again.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "--bind", "127.0.0.1", "--port", $"{Port}", "--dir", _directory, "--appendonly", "yes", "--appendfsync", "everysec",
            "--maxmemory-policy", "noeviction", "--save", "", "--repl-diskless-sync-delay", "0", .. _extra,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var output = new StringBuilder();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => output.AppendLine(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (!await AnswersAsync())
        {
            if (_process.HasExited || DateTime.UtcNow > deadline)
            {
                Kill();
                throw new IOException($"redis-server did not start on port {Port}: {output}");
            }

            await Task.Delay(10);
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        _process = null;
    }

    /// <summary>SIGTERM, as an orderly restart does it: the append-only file is complete.</summary>
    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            Signal("TERM");
            await process.WaitForExitAsync();
            Kill();
        }
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAgainAsync();
    }

    /// <summary>SIGSTOP: the sockets stay open and nothing answers.</summary>
    public void Freeze() => Signal("STOP");

    public void Thaw() => Signal("CONT");

    public Task ConfigSetAsync(string name, string value) => CommandAsync("CONFIG", "SET", name, value);

    /// <summary>One command over a connection of its own, without our client; the raw first line of the reply, or the whole text of a bulk string.</summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        await using var stream = socket.GetStream();
        var request = new StringBuilder();
        var password = Array.IndexOf(_extra, "--requirepass") is >= 0 and var at ? _extra[at + 1] : null;
        if (password is not null)
        {
            Append(request, ["AUTH", password]);
        }

        Append(request, arguments);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToString()));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        if (password is not null)
        {
            await reader.ReadLineAsync(limit.Token);
        }

        var line = await reader.ReadLineAsync(limit.Token) ?? throw new IOException("redis-server closed the connection.");
        if (!line.StartsWith('$') || line == "$-1")
        {
            return line;
        }

        // For text of one byte per character, as all replies are that tests read this way.
        var text = new char[int.Parse(line.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)];
        await reader.ReadBlockAsync(text, limit.Token);
        return new string(text);
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    static void Append(StringBuilder request, string[] arguments)
    {
        request.Append('*').Append(arguments.Length).Append("\r\n");
        foreach (var argument in arguments)
        {
            request.Append('$').Append(Encoding.UTF8.GetByteCount(argument)).Append("\r\n").Append(argument).Append("\r\n");
        }
    }

    async Task<bool> AnswersAsync()
    {
        try
        {
            var reply = await CommandAsync("PING");
            return reply == "+PONG";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }

    void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>
    /// A port that nobody listens on at this moment, below those that the kernel gives to outgoing connections: one of these could take it
    /// before its server does.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(10_000, 32_000));
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException)
            {
                // Taken; another one.
            }
        }
    }
}
