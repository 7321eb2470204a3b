using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Streams;

/// <summary>The lease under which a step is committed: refused when somebody else has taken it since.</summary>
readonly record struct Fence(string Lease, long Epoch);

enum CommitResult
{
    Done,

    /// <summary>Nothing was written: the lease has another holder.</summary>
    Fenced,

    /// <summary>Nothing was written: the entry is not pending any more; somebody (perhaps this commit's first try) has acknowledged it.</summary>
    NotPending,

    /// <summary>Nothing was written: a value that the step depends on is another one now.</summary>
    Changed,
}

/// <summary>The one-commit script.</summary>
sealed class Committer(RedisClient redis)
{
    // Steps may commit when memory is full (allow-oom): they finish and acknowledge work that is already in. New work is refused at XADD.
    static readonly RedisScript s_script = new($$"""
        #!lua flags=allow-oom
        local stream, group, id, fence, epoch, types, conditions = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
        if fence ~= '' and redis.call('HGET', '{{Keys.Epochs}}', fence) ~= epoch then return 'FENCED' end
        local i = 8
        for _ = 1, types do
          local found = redis.call('TYPE', ARGV[i])['ok']
          if found ~= 'none' and found ~= ARGV[i + 1] then
            return redis.error_reply('WRONGTYPE ' .. ARGV[i] .. ' is a ' .. found .. ', not a ' .. ARGV[i + 1])
          end
          i = i + 2
        end
        for _ = 1, conditions do
          local found = ARGV[i + 1] == '' and redis.call('GET', ARGV[i]) or ARGV[i + 1] ~= '' and redis.call('HGET', ARGV[i], ARGV[i + 1])
          if (found or '') ~= ARGV[i + 2] then return 'CHANGED' end
          i = i + 3
        end
        if stream ~= '' and redis.call('XACK', stream, group, id) == 0 then return 'NOTPENDING' end
        local now
        while i <= #ARGV do
          local last = i + tonumber(ARGV[i])
          local name = ARGV[i + 1]
          if name == 'SPEECH' then
            local bridge = redis.call('HGET', ARGV[i + 2], '{{CallFields.Bridge}}')
            if bridge and bridge ~= '' then
              local speech = '{{Keys.Speech("")}}' .. bridge
              redis.pcall('XADD', speech, 'MAXLEN', '~', '{{Trimming.SpeechLength}}', '*', unpack(ARGV, i + 3, last))
              redis.call('PEXPIRE', speech, {{Trimming.SpeechMilliseconds}})
            end
          elseif name == 'TIMER' then
            if not now then
              local time = redis.call('TIME')
              now = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(redis.call('GET', '{{Keys.TimerOffset}}') or '0')
            end
            redis.call('ZADD', '{{Keys.Timers}}', string.format('%.0f', now + tonumber(ARGV[i + 3])), ARGV[i + 2])
            redis.call('HSET', '{{Keys.TimerMessages}}', ARGV[i + 2], cmsgpack.pack({unpack(ARGV, i + 4, last)}))
          else
            redis.call(unpack(ARGV, i + 1, last))
          end
          i = last + 1
        end
        return 'DONE'
        """);

    /// <summary>Commits a handler's step and acknowledges its entry.</summary>
    public async ValueTask<CommitResult> CommitAsync(Step step, string stream, string group, string id, Fence? fence, CancellationToken ct)
    {
        if (step.IsEmpty && fence is null && stream.Length > 0)
        {
            return (await redis.SendAsync(["XACK", stream, group, id], ct)).Number == 1 ? CommitResult.Done : CommitResult.NotPending;
        }

        var args = new RedisArg[7 + 2 * step.Types.Count + step.Conditions.Count + step.Operations.Count];
        args[0] = stream;
        args[1] = group;
        args[2] = id;
        args[3] = fence?.Lease ?? "";
        args[4] = fence?.Epoch ?? 0;
        args[5] = step.Types.Count;
        args[6] = step.Conditions.Count / 3;
        var i = 7;
        foreach (var (key, type) in step.Types)
        {
            args[i++] = key;
            args[i++] = type;
        }

        step.Conditions.CopyTo(args, i);
        step.Operations.CopyTo(args, i + step.Conditions.Count);
        var reply = await redis.RunAsync(s_script, [], args, ct);
        return reply.Text switch
        {
            "DONE" => CommitResult.Done,
            "FENCED" => CommitResult.Fenced,
            "CHANGED" => CommitResult.Changed,
            _ => CommitResult.NotPending,
        };
    }

    /// <summary>Commits a step that belongs to no entry.</summary>
    public ValueTask<CommitResult> CommitAsync(Step step, CancellationToken ct) => CommitAsync(step, "", "", "", null, ct);
}
