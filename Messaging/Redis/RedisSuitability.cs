using System.Globalization;

namespace CityMonitor.Messaging.Redis;

/// <summary>Whether a server can carry City Monitor, asked at every connect: a managed Redis is easily created in a form that cannot.</summary>
static class RedisSuitability
{
    const int OldestMajor = 7;

    /// <summary>A warning to log, or null.</summary>
    /// <exception cref="RedisUnavailableException">The server is too old, or a cluster.</exception>
    public static async Task<string?> CheckAsync(RedisConnection connection, RedisOptions options, CancellationToken ct)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var section in (string[])["server", "cluster", "memory"])
        {
            await ReadAsync(connection, section, facts, ct);
        }

        if (facts.TryGetValue("redis_version", out var version)
            && int.TryParse(version.Split('.')[0], CultureInfo.InvariantCulture, out var major) && major < OldestMajor)
        {
            throw new RedisUnavailableException($"Redis at {options} is version {version}; City Monitor needs {OldestMajor}.0 or newer.");
        }

        if (facts.GetValueOrDefault("cluster_enabled") == "1")
        {
            throw new RedisUnavailableException($"Redis at {options} is a cluster; City Monitor commits across keys and needs one shard: turn clustering off.");
        }

        return facts.TryGetValue("maxmemory_policy", out var policy) && policy != "noeviction"
            ? $"Redis at {options} may throw away live calls when memory is full (maxmemory-policy {policy}): set it to noeviction."
            : null;
    }

    static async Task ReadAsync(RedisConnection connection, string section, Dictionary<string, string> facts, CancellationToken ct)
    {
        try
        {
            if (!connection.TrySend(["INFO", section], ct, out var reply))
            {
                throw new RedisUnavailableException("Redis closed the connection at once.");
            }

            // redis_version:7.0.15\r\nredis_git_sha1:00000000\r\n...
            foreach (var line in ((await reply).Text ?? "").Split("\r\n"))
            {
                if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
                {
                    facts[line[..colon]] = line[(colon + 1)..];
                }
            }
        }
        catch (RedisServerException)
        {
            // A server that does not tell is taken as it is.
        }
    }
}
