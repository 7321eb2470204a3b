using CityMonitor.Messaging.Redis;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.Messaging.Tests.Redis;

public sealed class RedisClientTests
{
    [Fact]
    public async Task Ten_thousand_commands_at_once_get_each_its_own_answer()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = new RedisClient(RedisOptions.Parse(server.ConnectionString), TimeProvider.System, NullLogger<RedisClient>.Instance);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(async i => (i, (await redis.SendAsync(["ECHO", i])).Number)));
        Assert.All(answers, answer => Assert.Equal(answer.i, answer.Number));
    }

    [Fact]
    public async Task A_value_of_1_MB_comes_back_unchanged()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = new RedisClient(RedisOptions.Parse(server.ConnectionString), TimeProvider.System, NullLogger<RedisClient>.Instance);
        var value = new byte[1024 * 1024];
        Random.Shared.NextBytes(value);
        await redis.SendAsync(["SET", "big", value]);
        Assert.Equal(value, (await redis.SendAsync(["GET", "big"])).Bytes.ToArray());
    }
}
