using CityMonitor.Messaging.Redis;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>The steps of a dial. Each is one script, so of all replicas exactly one makes it.</summary>
static class DialScripts
{
    /// <summary>A call under way is led to its end even when Redis is full: these write little, and free more.</summary>
    const string Now = "#!lua flags=allow-oom\nlocal t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) ";

    /// <summary>KEYS call queue; ARGV id to priority ring max trace ttl. Answers new, cancelled, or the state it was in already.</summary>
    public static readonly RedisScript Enqueue = new(Now + """
        local dial = redis.call('HGET', KEYS[1], 'dial')
        if dial then return dial end
        redis.call('PEXPIRE', KEYS[1], ARGV[7])
        if redis.call('HEXISTS', KEYS[1], 'dial.cancel') == 1 then
          redis.call('HSET', KEYS[1], 'dial', 'ended', 'dial.end', 'Canceled', 'dial.progress', 9)
          return 'cancelled'
        end
        local score = string.format('%.0f', (5 - tonumber(ARGV[3])) * 1e13 + now)
        redis.call('HSET', KEYS[1], 'dial', 'queued', 'dial.to', ARGV[2], 'dial.priority', ARGV[3], 'dial.ring', ARGV[4],
          'dial.max', ARGV[5], 'dial.trace', ARGV[6], 'dial.at', now, 'dial.score', score)
        redis.call('ZADD', KEYS[2], score, ARGV[1])
        return 'new'
        """);

    /// <summary>
    /// KEYS queue dialling live pace primed; ARGV maxConcurrent intervalMs callPrefix numberPrefix. Answers {take, call}, {wait, ms}
    /// (the pace, a backoff), {full}, {idle} or {unprimed}.
    /// </summary>
    public static readonly RedisScript Take = new(Now + """
        if redis.call('ZCARD', KEYS[1]) == 0 then return {'idle'} end
        if redis.call('EXISTS', KEYS[5]) == 0 then return {'unprimed'} end
        if redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[1]) then return {'full'} end
        local pace = tonumber(redis.call('GET', KEYS[4]) or 0)
        if pace > now then return {'wait', pace - now} end
        local soonest, from = nil, 0
        while true do
          local page = redis.call('ZRANGE', KEYS[1], from, from + 63)
          if #page == 0 then break end
          for _, id in ipairs(page) do
            local key = ARGV[3] .. id
            local call = redis.pcall('HMGET', key, 'dial', 'dial.to', 'dial.notBefore', 'dial.ring', 'dial.max')
            local notBefore = tonumber(call[3] or 0)
            -- Not a queued call, or no call at all (a wrong type answers with err): nothing to dial.
            if call[1] ~= 'queued' then
              redis.call('ZREM', KEYS[1], id)
              from = from - 1
            elseif notBefore > now then
              if not soonest or notBefore < soonest then soonest = notBefore end
            else
              local number = ARGV[4] .. call[2]
              local holder = redis.call('GET', number)
              if not holder or holder == id then
                redis.call('ZREM', KEYS[1], id)
                redis.call('HSET', key, 'dial', 'dialling', 'dial.since', now)
                redis.call('HINCRBY', key, 'dial.tries', 1)
                redis.call('ZADD', KEYS[2], now, id)
                redis.call('SET', number, id, 'PX', (tonumber(call[4]) + tonumber(call[5]) + 600) * 1000)
                redis.call('SET', KEYS[4], now + tonumber(ARGV[2]), 'PX', 60000)
                return {'take', id}
              end
            end
          end
          from = from + 64
        end
        if soonest then return {'wait', soonest - now} end
        return {'full'}
        """);

    /// <summary>KEYS call dialling queue; ARGV id delayMs numberPrefix. The create request was not processed: dialling -> queued. Answers 1 where it did that, 2 where the call is to end.</summary>
    public static readonly RedisScript Requeue = new(Now + """
        local call = redis.call('HMGET', KEYS[1], 'dial', 'dial.score', 'dial.to')
        if call[1] ~= 'dialling' then return 0 end
        if redis.call('HEXISTS', KEYS[1], 'dial.cancel') == 1 then return 2 end
        redis.call('HSET', KEYS[1], 'dial', 'queued', 'dial.notBefore', now + tonumber(ARGV[2]))
        -- The stream answer that the request carried has gone with it.
        redis.call('HDEL', KEYS[1], 'dial.answerStream', 'dial.fruitless', 'dial.answerBridge')
        redis.call('ZREM', KEYS[2], ARGV[1])
        local number = ARGV[3] .. call[3]
        if redis.call('GET', number) == ARGV[1] then redis.call('DEL', number) end
        redis.call('ZADD', KEYS[3], call[2], ARGV[1])
        return 1
        """);

    /// <summary>KEYS call queue dialling live sid; ARGV id sid ttl. Twilio has this call: whatever state but ended -> placed. Answers {state before, cancel}.</summary>
    public static readonly RedisScript Place = new(Now + """
        local call = redis.call('HMGET', KEYS[1], 'dial', 'sid', 'dial.cancel')
        if call[1] ~= 'ended' then
          redis.call('ZREM', KEYS[2], ARGV[1])
          redis.call('ZREM', KEYS[3], ARGV[1])
          redis.call('ZADD', KEYS[4], now, ARGV[1])
          redis.call('HSET', KEYS[1], 'dial', 'placed')
        end
        redis.call('HSET', KEYS[1], 'sid', ARGV[2])
        redis.call('SET', KEYS[5], ARGV[1], 'PX', ARGV[3])
        return {call[1] or '', call[3] or ''}
        """);

    /// <summary>
    /// KEYS call sid number; ARGV id sid from ttl numberTtl. A call has come in: as if it had been placed and answered. Its caller's number
    /// is taken, so that nobody dials whom we have on the phone, also from our own call about the same incident, which is being cancelled. Answers 0 where Twilio's call is known as another one of ours.
    /// </summary>
    public static readonly RedisScript Receive = new(Now + """
        local known = redis.call('GET', KEYS[2])
        if known and known ~= ARGV[1] then return 0 end
        if redis.call('HEXISTS', KEYS[1], 'dial') == 0 then
          redis.call('HSET', KEYS[1], 'dial', 'placed', 'sid', ARGV[2], 'dial.inbound', 1, 'dial.at', now, 'dial.progress', 3)
          local holder = redis.call('GET', KEYS[3])
          if ARGV[3] ~= '' and (not holder or string.match(holder, '^(.*)%.') == string.match(ARGV[1], '^(.*)%.')) then
            redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[5])
            redis.call('HSET', KEYS[1], 'dial.to', ARGV[3])
          end
        end
        redis.call('PEXPIRE', KEYS[1], ARGV[4])
        redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[4])
        return 1
        """);

    /// <summary>KEYS call dialling live; ARGV id maxConcurrent. A call that came in takes a place: 1, or 0 where there is none.</summary>
    public static readonly RedisScript Admit = new(Now + """
        if redis.call('ZSCORE', KEYS[3], ARGV[1]) then return 1 end
        if redis.call('HGET', KEYS[1], 'dial') ~= 'placed' then return 0 end
        if redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[2]) then return 0 end
        redis.call('ZADD', KEYS[3], now, ARGV[1])
        return 1
        """);

    /// <summary>KEYS call; ARGV field value. Takes the field away where it has this value: 1, else 0.</summary>
    public static readonly RedisScript Clear = new("""
        if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
        return redis.call('HDEL', KEYS[1], ARGV[1])
        """);

    /// <summary>KEYS call live; ARGV id rank sequence. Raises the progress; answers 1 where it rose.</summary>
    public static readonly RedisScript Advance = new(Now + """
        redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
        if ARGV[3] ~= '' then
          local seq = tonumber(redis.call('HGET', KEYS[1], 'dial.seq') or -1)
          if tonumber(ARGV[3]) > seq then redis.call('HSET', KEYS[1], 'dial.seq', ARGV[3]) end
        end
        if tonumber(redis.call('HGET', KEYS[1], 'dial.progress') or 0) >= tonumber(ARGV[2]) then return 0 end
        redis.call('HSET', KEYS[1], 'dial.progress', ARGV[2])
        return 1
        """);

    /// <summary>
    /// KEYS call queue dialling live; ARGV id end numberPrefix rank onlyFrom ttl untold code detail. -> ended, from anything or from one
    /// state only. With untold it stays in dialling until CallEnded has been published, so a crash in between leaves it to the
    /// reconciler. Answers 1 where it did that.
    /// </summary>
    public static readonly RedisScript End = new(Now + """
        local call = redis.call('HMGET', KEYS[1], 'dial', 'dial.to')
        if call[1] == 'ended' or (ARGV[5] ~= '' and call[1] ~= ARGV[5]) then return 0 end
        redis.call('HSET', KEYS[1], 'dial', 'ended', 'dial.end', ARGV[2], 'dial.progress', ARGV[4])
        redis.call('PEXPIRE', KEYS[1], ARGV[6])
        redis.call('ZREM', KEYS[2], ARGV[1])
        redis.call('ZREM', KEYS[4], ARGV[1])
        if ARGV[7] == '1' then
          redis.call('HSET', KEYS[1], 'dial.code', ARGV[8], 'dial.detail', ARGV[9])
          redis.call('ZADD', KEYS[3], 'NX', now, ARGV[1])
        else
          redis.call('ZREM', KEYS[3], ARGV[1])
        end
        if call[2] then
          local number = ARGV[3] .. call[2]
          if redis.call('GET', number) == ARGV[1] then redis.call('DEL', number) end
        end
        return 1
        """);

    /// <summary>KEYS call queue; ARGV id reason ttl numberPrefix. Marks the call as to be ended; answers {state before, sid, progress}. A queued one is ended at once.</summary>
    public static readonly RedisScript Cancel = new("""
        local call = redis.call('HMGET', KEYS[1], 'dial', 'sid', 'dial.progress')
        if call[1] ~= 'ended' then
          redis.call('HSET', KEYS[1], 'dial.cancel', ARGV[2])
          if not call[1] then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
        end
        if call[1] == 'queued' then
          redis.call('HSET', KEYS[1], 'dial', 'ended', 'dial.end', 'Canceled', 'dial.progress', 9)
          redis.call('ZREM', KEYS[2], ARGV[1])
        end
        return {call[1] or '', call[2] or '', call[3] or '0'}
        """);

    /// <summary>KEYS call; ARGV bridge. A stream answer is about to be given: answers {its number, answers in a row that brought no stream}.</summary>
    public static readonly RedisScript Answer = new("""
        local call = redis.call('HMGET', KEYS[1], 'stream', 'dial.answerStream', 'dial.fruitless')
        local stream = call[1] or '0'
        local fruitless = 0
        if call[2] and call[2] == stream then fruitless = tonumber(call[3] or 0) + 1 end
        local answer = redis.call('HINCRBY', KEYS[1], 'dial.answers', 1)
        redis.call('HSET', KEYS[1], 'dial.answerStream', stream, 'dial.fruitless', fruitless, 'dial.answerBridge', ARGV[1])
        return {answer, fruitless}
        """);

    /// <summary>
    /// KEYS live; ARGV callPrefix bridgePrefix. Live calls on a bridge that has lapsed, not yet moved on: {call, sid, answer}*. The
    /// bridge is the one of the stream, or for an answered call whose stream has not started the one that it was sent to.
    /// </summary>
    public static readonly RedisScript Lapsed = new(Now + """
        local found, alive = {}, {}
        for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
          local call = redis.pcall('HMGET', ARGV[1] .. id, 'bridge', 'sid', 'dial.answers', 'dial.continued', 'dial.moved', 'end', 'stream',
            'dial.answerStream', 'dial.answerBridge', 'dial.progress', 'dial.movedAt')
          local answer = tonumber(call[3] or 0)
          local bridge = nil
          if tonumber(call[7] or 0) > tonumber(call[8] or 0) then
            bridge = call[1]
          elseif answer > 0 and tonumber(call[10] or 0) >= 3 then
            bridge = call[9]
          end
          if bridge and bridge ~= '' and call[2] and not call[6] then
            if alive[bridge] == nil then alive[bridge] = redis.call('EXISTS', ARGV[2] .. bridge) == 1 end
            local moved = tonumber(call[5] or -1) >= answer and now - tonumber(call[11] or 0) <= 3000
            if not alive[bridge] and tonumber(call[4] or -1) < answer and not moved then
              table.insert(found, {id, call[2], tostring(answer)})
            end
          end
        end
        return found
        """);

    /// <summary>
    /// KEYS call; ARGV answer field. Raises the field to the answer's number; answers 1 where nobody had, and no later answer was given.
    /// Who moves a call and is not followed by Twilio's question within 3 s has died or hangs: then another one may.
    /// </summary>
    public static readonly RedisScript Claim = new(Now + """
        local call = redis.call('HMGET', KEYS[1], 'dial.answers', 'dial.continued', 'dial.moved', 'dial', 'end', 'dial.movedAt')
        if not call[4] then return 0 end
        local answer, moved = tonumber(ARGV[1]), tonumber(call[3] or -1)
        local free = moved < answer or (moved == answer and now - tonumber(call[6] or 0) > 3000)
        local first = tonumber(call[1] or 0) <= answer and tonumber(call[2] or -1) < answer and free
        if tonumber(redis.call('HGET', KEYS[1], ARGV[2]) or -1) < answer then redis.call('HSET', KEYS[1], ARGV[2], answer) end
        if not first or call[4] ~= 'placed' or call[5] then return 0 end
        if ARGV[2] == 'dial.moved' then redis.call('HSET', KEYS[1], 'dial.movedAt', now) end
        return 1
        """);
}
