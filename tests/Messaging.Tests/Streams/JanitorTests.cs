using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Messaging.Tests.Streams;

public sealed class JanitorTests : IAsyncLifetime
{
    RedisServer _server = null!;
    Spine _spine = null!;
    Janitor _janitor = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync();
        _spine = await Spine.StartAsync(_server.ConnectionString);
        _janitor = new Janitor(_spine.Get<Leases>(), _spine.Redis, _spine.Get<Groups>(), TimeProvider.System, NullLogger<Janitor>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _janitor.Dispose();
        await _spine.DisposeAsync();
        await _server.DisposeAsync();
    }

    ValueTask<RespValue> RedisAsync(params RedisArg[] command) => _spine.Redis.SendAsync(command);

    async Task<string[]> IdsAsync(string stream) => [.. (await RedisAsync("XRANGE", stream, "-", "+")).Items.Select(entry => entry.Items[0].Text!)];

    [Fact]
    public async Task What_is_undelivered_or_unacknowledged_in_any_group_stays()
    {
        for (var i = 1; i <= 10; i++)
        {
            await RedisAsync("XADD", Keys.Telephony, $"{i}-0", "n", i);
        }

        // Nobody reads yet: all stays.
        await _janitor.SweepAsync(CancellationToken.None);
        Assert.Equal(10, (await IdsAsync(Keys.Telephony)).Length);

        await RedisAsync("XGROUP", "CREATE", Keys.Telephony, "workers", "0");
        await RedisAsync("XREADGROUP", "GROUP", "workers", "c", "COUNT", 8, "STREAMS", Keys.Telephony, ">");
        await RedisAsync("XACK", Keys.Telephony, "workers", "1-0", "2-0", "3-0", "5-0");
        await _janitor.SweepAsync(CancellationToken.None);
        Assert.Equal(["4-0", "5-0", "6-0", "7-0", "8-0", "9-0", "10-0"], await IdsAsync(Keys.Telephony));

        // A second group that is behind keeps what it has not been handed.
        await RedisAsync("XGROUP", "CREATE", Keys.Telephony, "slow", "5-0");
        await RedisAsync("XACK", Keys.Telephony, "workers", "4-0", "6-0", "7-0", "8-0");
        await _janitor.SweepAsync(CancellationToken.None);
        Assert.Equal(["5-0", "6-0", "7-0", "8-0", "9-0", "10-0"], await IdsAsync(Keys.Telephony));

        await RedisAsync("XGROUP", "DESTROY", Keys.Telephony, "slow");
        await _janitor.SweepAsync(CancellationToken.None);
        Assert.Equal(["8-0", "9-0", "10-0"], await IdsAsync(Keys.Telephony));
        Assert.Equal(2, (await RedisAsync("XREADGROUP", "GROUP", "workers", "c", "STREAMS", Keys.Telephony, ">")).Items[0].Items[1].Items.Count);
    }

    [Fact]
    public async Task Every_work_stream_is_trimmed_and_one_of_a_wrong_type_holds_up_none()
    {
        string[] streams = [Keys.Media, Keys.Tickets, .. Enumerable.Range(0, Routes.Partitions).Select(Keys.AgentPartition)];
        await RedisAsync("SET", Keys.Telephony, "not a stream");
        foreach (var stream in streams)
        {
            await RedisAsync("XADD", stream, "1-0", "a", "b");
            await RedisAsync("XADD", stream, "2-0", "a", "b");
            await RedisAsync("XGROUP", "CREATE", stream, "g", "0");
            await RedisAsync("XREADGROUP", "GROUP", "g", "c", "NOACK", "STREAMS", stream, ">");
        }

        await _janitor.SweepAsync(CancellationToken.None);
        foreach (var stream in streams)
        {
            Assert.Equal(["2-0"], await IdsAsync(stream));
        }
    }

    [Fact]
    public async Task A_consumer_that_is_gone_is_removed_once_it_owes_nothing()
    {
        await RedisAsync("XADD", Keys.Telephony, "1-0", "a", "b");
        await RedisAsync("XGROUP", "CREATE", Keys.Telephony, "workers", "0");
        await RedisAsync("XREADGROUP", "GROUP", "workers", "owes", "STREAMS", Keys.Telephony, ">");
        await RedisAsync("XGROUP", "CREATECONSUMER", Keys.Telephony, "workers", "free");
        await _janitor.SweepAsync(CancellationToken.None);
        Assert.Equal(["free", "owes"], await ConsumersAsync());
        await Task.Delay(20);
        using var strict = new Janitor(_spine.Get<Leases>(), _spine.Redis, _spine.Get<Groups>(), TimeProvider.System, NullLogger<Janitor>.Instance) { GoneAfter = TimeSpan.FromMilliseconds(5) };
        await strict.SweepAsync(CancellationToken.None);
        Assert.Equal(["owes"], await ConsumersAsync());

        async Task<string[]> ConsumersAsync() =>
            [.. (await RedisAsync("XINFO", "CONSUMERS", Keys.Telephony, "workers")).Items.Select(consumer => consumer.ToDictionary()["name"].Text!).Order()];
    }

    [Fact]
    public async Task Dead_letters_are_forgotten_after_30_days_and_a_wrong_key_in_their_place_is_moved_away()
    {
        var now = DateTimeOffset.UtcNow;
        await RedisAsync("XADD", Keys.Dead, $"{now.AddDays(-31).ToUnixTimeMilliseconds()}-0", "a", "old");
        await RedisAsync("XADD", Keys.Dead, $"{now.AddDays(-29).ToUnixTimeMilliseconds()}-0", "a", "young");
        await RedisAsync("SET", Keys.Audit, "not a stream");
        await _janitor.SweepAsync(CancellationToken.None);
        Assert.Single(await IdsAsync(Keys.Dead));
        Assert.Equal(0, (await RedisAsync("EXISTS", Keys.Audit)).Number);
        Assert.Equal("not a stream", (await RedisAsync("GET", Keys.Quarantine(Keys.Audit))).Text);
    }
}
