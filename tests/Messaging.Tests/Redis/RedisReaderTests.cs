using CityMonitor.Messaging.Redis;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Messaging.Tests.Redis;

public sealed class RedisReaderTests : IAsyncLifetime
{
    RedisServer _server = null!;
    RedisClient _redis = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync();
        _redis = new RedisClient(RedisOptions.Parse(_server.ConnectionString), TimeProvider.System, NullLogger<RedisClient>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_blocked_reader_holds_up_no_command_and_hears_at_once()
    {
        await using var reader = _redis.OpenReader();
        var reading = reader.SendAsync(["XREAD", "BLOCK", 0, "STREAMS", "s", "0"], CancellationToken.None).AsTask();
        Assert.Equal("PONG", (await _redis.SendAsync(["PING"])).Text);
        Assert.False(reading.IsCompleted);
        await _redis.SendAsync(["XADD", "s", "*", "a", "b"]);
        Assert.Equal("s", (await reading).Items[0].Items[0].Text);
    }

    [Fact]
    public async Task Unblocking_ends_the_wait_with_null_and_keeps_the_connection()
    {
        await using var reader = _redis.OpenReader();
        var reading = reader.SendAsync(["XREAD", "BLOCK", 0, "STREAMS", "s", "0"], CancellationToken.None).AsTask();
        await Eventually.TrueAsync(async () => await reader.UnblockAsync(CancellationToken.None), "something was waiting");
        Assert.True((await reading).IsNull);
        Assert.False(await reader.UnblockAsync(CancellationToken.None));
        var id = (await reader.SendAsync(["CLIENT", "ID"], CancellationToken.None)).Number;
        Assert.Equal(id, (await reader.SendAsync(["CLIENT", "ID"], CancellationToken.None)).Number);
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_and_the_next_command_opens_a_new_connection()
    {
        await using var reader = _redis.OpenReader();
        var id = (await reader.SendAsync(["CLIENT", "ID"], CancellationToken.None)).Number;
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reader.SendAsync(["XREAD", "BLOCK", 0, "STREAMS", "s", "0"], cancellation.Token));
        Assert.NotEqual(id, (await reader.SendAsync(["CLIENT", "ID"], CancellationToken.None)).Number);
    }

    [Fact]
    public async Task A_reader_fails_while_Redis_is_away_and_reads_on_when_it_is_back()
    {
        await using var reader = _redis.OpenReader();
        var reading = reader.SendAsync(["XREAD", "BLOCK", 0, "STREAMS", "s", "0"], CancellationToken.None).AsTask();
        await Eventually.TrueAsync(async () => (await _server.CommandAsync("CLIENT", "LIST", "TYPE", "normal")).Contains("cmd=xread"), "it waits");
        _server.Kill();
        await Assert.ThrowsAsync<RedisOutcomeUnknownException>(() => reading);
        await Assert.ThrowsAsync<RedisUnavailableException>(async () => await reader.SendAsync(["PING"], CancellationToken.None));
        await _server.StartAgainAsync();
        Assert.Equal("PONG", (await reader.SendAsync(["PING"], CancellationToken.None)).Text);
    }
}
