using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Streams;

/// <summary>What a heartbeat answers: how many partitions are this worker's fair share, and which it holds now.</summary>
/// <param name="Held">Epoch by partition, and the reader of the holder before, where the partition was taken just now.</param>
readonly record struct Heartbeat(int Share, IReadOnlyDictionary<int, (long Epoch, string? PreviousReader)> Held);

/// <summary>The leases on cm:agent:{p}, all in one script a second: live workers are counted, held leases renewed, free ones taken up to the share.</summary>
sealed class PartitionLeases(RedisClient redis, string worker)
{
    static readonly RedisScript s_heartbeat = new($$"""
        #!lua flags=allow-oom
        {{Leases.NextEpoch}}
        local worker, reader, length, count, wants = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        redis.call('ZREMRANGEBYSCORE', '{{Keys.Workers}}', '-inf', now - length)
        if wants == '1' then
          redis.call('ZADD', '{{Keys.Workers}}', now, worker)
        else
          redis.call('ZREM', '{{Keys.Workers}}', worker)
        end
        local share = math.ceil(count / math.max(1, redis.call('ZCARD', '{{Keys.Workers}}')))
        local result = {share}
        local held = 0
        local function hold(name, partition, epoch, previous)
          redis.call('SET', '{{Keys.Lease("")}}' .. name, worker .. ' ' .. epoch, 'PX', length)
          held = held + 1
          result[#result + 1] = partition
          result[#result + 1] = epoch
          result[#result + 1] = previous
        end
        for i = 6, #ARGV, 2 do
          local name = 'agent-' .. ARGV[i]
          if redis.call('HGET', '{{Keys.Epochs}}', name) == ARGV[i + 1] then hold(name, ARGV[i], ARGV[i + 1], '') end
        end
        local first = tonumber(string.sub(worker, 1, 4), 16) or 0
        for i = 0, count - 1 do
          if wants ~= '1' or held >= share then break end
          local partition = (first + i) % count
          local name = 'agent-' .. partition
          if redis.call('EXISTS', '{{Keys.Lease("")}}' .. name) == 0 then
            local previous = redis.call('HGET', '{{Keys.Epochs}}', name .. ':reader') or ''
            hold(name, partition, nextEpoch(name), previous)
            redis.call('HSET', '{{Keys.Epochs}}', name .. ':reader', reader)
          end
        end
        return result
        """);

    // Given back in order: there is no reader left that the next holder would have to end.
    static readonly RedisScript s_release = new($$"""
        #!lua flags=allow-oom
        if redis.call('GET', KEYS[1]) == ARGV[1] then
          redis.call('DEL', KEYS[1])
          redis.call('HDEL', '{{Keys.Epochs}}', ARGV[2])
        end
        return 1
        """);

    public static string Name(int partition) => $"agent-{partition}";

    /// <param name="reader">The name of the reader's connection, for whoever takes a partition after us.</param>
    /// <param name="wants">False while the process stops: renew only.</param>
    public async Task<Heartbeat> BeatAsync(string reader, bool wants, IReadOnlyCollection<(int Partition, long Epoch)> held, CancellationToken ct)
    {
        var reply = await redis.RunAsync(
            s_heartbeat,
            [],
            [
                worker, reader, (long)Leases.Length.TotalMilliseconds, Routes.Partitions, wants ? "1" : "0",
                .. held.SelectMany(partition => new RedisArg[] { partition.Partition, partition.Epoch }),
            ],
            ct);
        var now = new Dictionary<int, (long, string?)>();
        for (var i = 1; i + 2 < reply.Items.Count; i += 3)
        {
            now[(int)reply.Items[i].Number] = (reply.Items[i + 1].Number, reply.Items[i + 2].Text is { Length: > 0 } previous ? previous : null);
        }

        return new Heartbeat((int)reply.Items[0].Number, now);
    }

    public async Task ReleaseAsync(int partition, long epoch, CancellationToken ct) =>
        await redis.RunAsync(s_release, [Keys.Lease(Name(partition))], [FormattableString.Invariant($"{worker} {epoch}"), $"{Name(partition)}:reader"], ct);

    /// <summary>
    /// Ends the blocked read of a holder that lost its partition without knowing it (a frozen process): else Redis would hand the next
    /// entry to it. What it was handed before is pending and is read after this.
    /// </summary>
    public async Task EndReaderAsync(string readerName, CancellationToken ct)
    {
        try
        {
            var clients = (await redis.SendAsync(["CLIENT", "LIST", "TYPE", "normal"], ct)).Text ?? "";
            foreach (var line in clients.Split('\n').Where(line => line.Contains($" name={readerName} ", StringComparison.Ordinal)))
            {
                var id = line.Split(' ')[0]["id=".Length..];
                await redis.SendAsync(["CLIENT", "KILL", "ID", id], ct);
            }
        }
        catch (RedisServerException)
        {
            // Redis forbids CLIENT: what the frozen reader is handed is found pending after 5 s instead.
        }
    }
}
