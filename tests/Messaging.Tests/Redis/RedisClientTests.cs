using System.Diagnostics;
using CityMonitor.Messaging.Redis;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Messaging.Tests.Redis;

public sealed class RedisClientTests : IAsyncLifetime
{
    RedisServer _server = null!;
    RedisClient _redis = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync();
        _redis = Client(RedisOptions.Parse(_server.ConnectionString) with { CommandTimeout = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(2) });
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _server.DisposeAsync();
    }

    static RedisClient Client(RedisOptions options) => new(options, TimeProvider.System, NullLogger<RedisClient>.Instance);

    [Fact]
    public async Task Ten_thousand_commands_at_once_get_each_its_own_answer()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(async i => (i, (await _redis.SendAsync(["ECHO", i])).Number)));
        Assert.All(answers, answer => Assert.Equal(answer.i, answer.Number));
    }

    [Fact]
    public async Task Values_of_1_MB_come_back_unchanged_between_small_ones()
    {
        var value = new byte[1024 * 1024];
        Random.Shared.NextBytes(value);
        await _redis.SendAsync(["SET", "big", value]);
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => i % 2 == 0 ? await _redis.SendAsync(["GET", "big"]) : await _redis.SendAsync(["ECHO", i])));
        for (var i = 0; i < replies.Length; i++)
        {
            Assert.True(i % 2 == 0 ? replies[i].Bytes.Span.SequenceEqual(value) : replies[i].Number == i);
        }

        var text = string.Concat(Enumerable.Repeat("Straße ✓ 🚒", 100_000));
        await _redis.SendAsync(["SET", "text", text]);
        Assert.Equal(text, (await _redis.SendAsync(["GET", "text"])).Text);
    }

    [Fact]
    public async Task Every_kind_of_reply_is_read()
    {
        Assert.Equal("OK", (await _redis.SendAsync(["SET", "a", ""])).Text);
        Assert.Equal("", (await _redis.SendAsync(["GET", "a"])).Text);
        Assert.True((await _redis.SendAsync(["GET", "missing"])).IsNull);
        Assert.Null((await _redis.SendAsync(["GET", "missing"])).Text);
        Assert.Equal(-5, (await _redis.SendAsync(["DECRBY", "n", 5])).Number);
        Assert.Equal(long.MaxValue, (await _redis.SendAsync(["SET", "m", long.MaxValue, "GET"])).IsNull ? (await _redis.SendAsync(["GET", "m"])).Number : 0);
        Assert.Empty((await _redis.SendAsync(["LRANGE", "missing", 0, -1])).Items);
        Assert.True((await _redis.SendAsync(["XREAD", "STREAMS", "missing", "0"])).IsNull);
        await _redis.SendAsync(["HSET", "h", "one", 1, "two", new byte[] { 0, 13, 10, 255 }]);
        var hash = (await _redis.SendAsync(["HGETALL", "h"])).ToDictionary();
        Assert.Equal(1, hash["one"].Number);
        Assert.Equal([0, 13, 10, 255], hash["two"].Bytes.ToArray());
    }

    [Theory]
    [InlineData("ERR", "NOSUCHCOMMAND")]
    [InlineData("WRONGTYPE", "LPUSH", "text", "x")]
    [InlineData("NOGROUP", "XREADGROUP", "GROUP", "g", "c", "STREAMS", "none", ">")]
    [InlineData("BUSYGROUP", "XGROUP", "CREATE", "stream", "g", "0")]
    [InlineData("NOSCRIPT", "EVALSHA", "0000000000000000000000000000000000000000", "0")]
    [InlineData("EXECABORT", "EXEC", "after-bad-multi")]
    public async Task An_error_of_Redis_is_thrown_with_its_code_and_the_connection_goes_on(string code, params string[] command)
    {
        await _redis.SendAsync(["SET", "text", "x"]);
        await _redis.SendAsync(["XGROUP", "CREATE", "stream", "g", "0", "MKSTREAM"]);
        if (code == "EXECABORT")
        {
            // Only on a connection of its own would MULTI make sense; here it makes one more class of error.
            command = ["EXEC"];
            await _redis.SendAsync(["MULTI"]);
            await Assert.ThrowsAsync<RedisServerException>(async () => await _redis.SendAsync(["SET"]));
        }

        var error = await Assert.ThrowsAsync<RedisServerException>(async () => await _redis.SendAsync([.. command.Select(part => (RedisArg)part)]));
        Assert.Equal(code, error.Code);
        Assert.StartsWith(code, error.Message);
        Assert.Equal("x", (await _redis.SendAsync(["GET", "text"])).Text);
    }

    [Fact]
    public async Task Out_of_memory_and_a_replica_are_errors_with_their_codes()
    {
        await _server.ConfigSetAsync("maxmemory", "1");
        Assert.Equal("OOM", (await Assert.ThrowsAsync<RedisServerException>(async () => await _redis.SendAsync(["SET", "a", "b"]))).Code);
        await _server.ConfigSetAsync("maxmemory", "0");
        await _server.CommandAsync("REPLICAOF", "127.0.0.1", "1");
        Assert.Equal("READONLY", (await Assert.ThrowsAsync<RedisServerException>(async () => await _redis.SendAsync(["SET", "a", "b"]))).Code);
        await _server.CommandAsync("REPLICAOF", "NO", "ONE");
        Assert.Equal("OK", (await _redis.SendAsync(["SET", "a", "b"])).Text);
    }

    [Fact]
    public async Task A_script_is_loaded_when_Redis_does_not_know_it_and_after_it_forgot_it()
    {
        var script = new RedisScript("return {KEYS[1], ARGV[1], ARGV[2]}");
        Assert.Equal(["k", "1", "zwei"], (await _redis.RunAsync(script, ["k"], [1, "zwei"])).Items.Select(item => item.Text));
        await _redis.SendAsync(["SCRIPT", "FLUSH"]);
        Assert.Equal(["k", "1", "zwei"], (await _redis.RunAsync(script, ["k"], [1, "zwei"])).Items.Select(item => item.Text));
    }

    [Fact]
    public async Task A_cancelled_command_ends_at_once_and_its_late_answer_goes_to_nobody()
    {
        await _redis.SendAsync(["SET", "a", "first"]);
        using var cancellation = new CancellationTokenSource();
        var waiting = _redis.SendAsync(["BLPOP", "list", "0.3"], cancellation.Token).AsTask();
        var behind = _redis.SendAsync(["GET", "a"]).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal("first", (await behind).Text);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _redis.SendAsync(["GET", "a"], new CancellationToken(true)));
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(i, (await _redis.SendAsync(["ECHO", i])).Number);
        }
    }

    [Fact]
    public async Task A_command_under_way_when_Redis_dies_has_an_unknown_outcome()
    {
        await _redis.SendAsync(["PING"]);
        var waiting = _redis.SendAsync(["BLPOP", "list", "0"]).AsTask();
        await Eventually.TrueAsync(async () => (await _server.CommandAsync("CLIENT", "LIST", "TYPE", "normal")).Contains("cmd=blpop"), "Redis has the command");
        _server.Kill();
        await Assert.ThrowsAsync<RedisOutcomeUnknownException>(() => waiting);
    }

    [Fact]
    public async Task A_frozen_Redis_gives_unknown_outcomes_after_the_command_timeout_and_answers_again_when_it_thaws()
    {
        await _redis.SendAsync(["PING"]);
        _server.Freeze();
        var start = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<RedisOutcomeUnknownException>(async () => await _redis.SendAsync(["PING"]));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.9, 3);
        _server.Thaw();
        await Eventually.TrueAsync(async () => await AnswersAsync(), "answers again");
    }

    [Fact]
    public async Task Without_a_server_a_command_was_not_sent_and_the_reason_is_told()
    {
        _server.Kill();
        var error = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await _redis.SendAsync(["PING"]));
        Assert.Contains($"127.0.0.1:{_server.Port}", error.Message);
    }

    [Fact]
    public async Task Commands_wait_for_a_restart_and_go_on()
    {
        await _redis.SendAsync(["SET", "kept", "yes"]);
        await _server.StopAsync();
        var waiting = Enumerable.Range(0, 100).Select(i => _redis.SendAsync(["INCR", "n"]).AsTask()).ToArray();
        await _server.StartAgainAsync();
        await Task.WhenAll(waiting);
        Assert.Equal("yes", (await _redis.SendAsync(["GET", "kept"])).Text);
        Assert.Equal(100, (await _redis.SendAsync(["GET", "n"])).Number);
    }

    [Fact]
    public async Task What_waits_unsent_has_a_limit()
    {
        // Time enough to hand over the 64 MB on a machine that is busy, before the frozen server is given up.
        await using var client = Client(RedisOptions.Parse(_server.ConnectionString) with { CommandTimeout = TimeSpan.FromSeconds(4), ConnectTimeout = TimeSpan.FromSeconds(5) });
        await client.SendAsync(["PING"]);
        _server.Freeze();
        var value = new byte[1024 * 1024];
        var sent = Enumerable.Range(0, 70).Select(_ => client.SendAsync(["SET", "x", value]).AsTask()).ToArray();
        var refused = await Assert.ThrowsAsync<RedisUnavailableException>(() => sent[^1]);
        Assert.Contains("64 MB", refused.Message);
        await Task.WhenAny(Task.WhenAll(sent), Task.Delay(20_000));
        Assert.All(sent, command => Assert.True(command.IsFaulted));
        var errors = sent.Select(command => command.Exception!.InnerException!).ToArray();
        Assert.IsType<RedisOutcomeUnknownException>(errors[0]);
        Assert.Contains(errors, error => error is RedisUnavailableException && error.Message.Contains("before the command was sent"));
        _server.Thaw();
    }

    [Fact]
    public async Task A_disposed_client_refuses_commands_and_ends_those_that_wait()
    {
        var client = Client(RedisOptions.Parse(_server.ConnectionString));
        await client.SendAsync(["PING"]);
        await client.DisposeAsync();
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await client.SendAsync(["PING"]));
    }

    async Task<bool> AnswersAsync()
    {
        try
        {
            return (await _redis.SendAsync(["PING"])).Text == "PONG";
        }
        catch (RedisException)
        {
            return false;
        }
    }
}
