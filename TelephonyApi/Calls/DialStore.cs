using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Calls;

/// <param name="Wait">Until the next attempt makes sense, where that is known.</param>
readonly record struct Taken(CallId? Call, TimeSpan? Wait, bool Unprimed);

/// <summary>What became of a call that was given back: settled by somebody else, in the queue again, or to be ended.</summary>
enum Requeued { Settled, Queued, Cancelled }

/// <summary>The dial state machine in Redis: queued -> dialling -> placed -> ended.</summary>
sealed class DialStore(RedisClient redis, IOptions<TwilioOptions> twilio, IOptions<CapacityOptions> capacity)
{
    static readonly string callPrefix = Prefix(Keys.Call(CallId.Parse("x")), "x");
    static readonly string bridgePrefix = Prefix(Keys.Bridge("x"), "x");
    static readonly string numberPrefix = Prefix(Keys.DialNumber(PhoneNumber.Parse("+12025550100")), "+12025550100");

    /// <summary>How long a call's state is kept after the last write; as long as Messaging keeps it.</summary>
    static readonly long keepMs = (long)CallStore.Life.TotalMilliseconds;

    public async Task<CallState> ReadAsync(CallId call, CancellationToken ct) =>
        new((await redis.SendAsync(["HGETALL", Keys.Call(call)], ct)).ToDictionary());

    /// <summary>new, cancelled, or the state it was in already.</summary>
    public async Task<string> EnqueueAsync(PlaceCall place, string? trace, CancellationToken ct) =>
        (await redis.RunAsync(
            DialScripts.Enqueue,
            [Keys.Call(place.Call), Keys.DialQueue],
            [
                place.Call.Value, place.To.Value, (long)place.Priority, Math.Clamp(place.RingSeconds, 5, 600), Math.Clamp(place.MaxSeconds, 10, 14_000),
                trace ?? "", keepMs,
            ],
            ct)).Text!;

    public async Task<Taken> TakeAsync(CancellationToken ct)
    {
        var answer = (await redis.RunAsync(
            DialScripts.Take,
            [Keys.DialQueue, Keys.Dialling, Keys.LiveCalls, Keys.DialPace, Keys.DialPrimed],
            [capacity.Value.MaxConcurrentCalls, (long)Math.Ceiling(1000 / twilio.Value.Pace), callPrefix, numberPrefix],
            ct)).Items;
        return answer[0].Text switch
        {
            "take" => new(CallId.Parse(answer[1].Text!), null, false),
            "wait" => new(null, TimeSpan.FromMilliseconds(Math.Max(1, answer[1].Number)), false),
            "unprimed" => new(null, null, true),
            _ => default,
        };
    }

    public async Task<Requeued> RequeueAsync(CallId call, TimeSpan delay, CancellationToken ct) =>
        (Requeued)(await redis.RunAsync(
            DialScripts.Requeue,
            [Keys.Call(call), Keys.Dialling, Keys.DialQueue],
            [call.Value, (long)delay.TotalMilliseconds, numberPrefix],
            ct)).Number;

    /// <summary>Answers the state before and, where the call is to be ended, why.</summary>
    public async Task<(string Before, string? Cancel)> PlaceAsync(CallId call, string sid, CancellationToken ct)
    {
        var answer = (await redis.RunAsync(
            DialScripts.Place,
            [Keys.Call(call), Keys.DialQueue, Keys.Dialling, Keys.LiveCalls, Keys.CallOfSid(sid)],
            [call.Value, sid, keepMs],
            ct)).Items;
        return (answer[0].Text!, answer[1].Text is { Length: > 0 } cancel ? cancel : null);
    }

    /// <summary>True where the progress rose.</summary>
    public async Task<bool> AdvanceAsync(CallId call, int rank, int? sequence, CancellationToken ct) =>
        (await redis.RunAsync(
            DialScripts.Advance,
            [Keys.Call(call), Keys.LiveCalls],
            [call.Value, rank, sequence?.ToString(CultureInfo.InvariantCulture) ?? ""],
            ct)).Number == 1;

    /// <summary>CallEnded has been published: -> ended, whatever state it was in.</summary>
    public Task<bool> EndAsync(CallId call, CallEnd end, CancellationToken ct) => EndAsync(call, end, "", "0", null, null, ct);

    /// <summary>-> ended from one state only. CallEnded must be published next, then <see cref="ToldAsync"/>.</summary>
    public Task<bool> EndUntoldAsync(CallId call, CallEnd end, string onlyFrom, int? code, string? detail, CancellationToken ct) =>
        EndAsync(call, end, onlyFrom, "1", code, detail, ct);

    public Task ToldAsync(CallId call, CancellationToken ct) => redis.SendAsync(["ZREM", Keys.Dialling, call.Value], ct).AsTask();

    async Task<bool> EndAsync(CallId call, CallEnd end, string onlyFrom, string untold, int? code, string? detail, CancellationToken ct) =>
        (await redis.RunAsync(
            DialScripts.End,
            [Keys.Call(call), Keys.DialQueue, Keys.Dialling, Keys.LiveCalls],
            [call.Value, end.ToString(), numberPrefix, CallStatus.Terminal, onlyFrom, keepMs, untold, code?.ToString(CultureInfo.InvariantCulture) ?? "", detail ?? ""],
            ct)).Number == 1;

    public async Task<(string Before, string? Sid, int Progress)> CancelAsync(CallId call, string reason, CancellationToken ct)
    {
        var answer = (await redis.RunAsync(
            DialScripts.Cancel,
            [Keys.Call(call), Keys.DialQueue],
            [call.Value, reason.Length > 0 ? reason : "ended", keepMs],
            ct)).Items;
        return (answer[0].Text!, answer[1].Text is { Length: > 0 } sid ? sid : null, (int)answer[2].Number);
    }

    /// <summary>False where Twilio's call is known as another one of ours.</summary>
    public async Task<bool> ReceiveAsync(CallId call, string sid, PhoneNumber? from, TimeSpan atMost, CancellationToken ct) =>
        (await redis.RunAsync(
            DialScripts.Receive,
            [Keys.Call(call), Keys.CallOfSid(sid), from is { } number ? Keys.DialNumber(number) : Keys.CallOfSid(sid)],
            [call.Value, sid, from?.Value ?? "", keepMs, (long)atMost.TotalMilliseconds],
            ct)).Number == 1;

    /// <summary>The incident about which this number was called last; null for none.</summary>
    public async Task<IncidentId?> IncidentOfAsync(PhoneNumber number, CancellationToken ct) =>
        (await redis.SendAsync(["GET", Keys.IncidentOfNumber(number)], ct)).Text is { Length: > 0 } root && !CallId.IsInboundRoot(root) ? IncidentId.Parse(root) : null;

    /// <summary>False where no more calls may be live now.</summary>
    public async Task<bool> AdmitAsync(CallId call, CancellationToken ct) =>
        (await redis.RunAsync(DialScripts.Admit, [Keys.Call(call), Keys.Dialling, Keys.LiveCalls], [call.Value, capacity.Value.MaxConcurrentCalls], ct)).Number == 1;

    /// <summary>True for the one who took it away.</summary>
    public async Task<bool> ClearAsync(CallId call, string field, string value, CancellationToken ct) =>
        (await redis.RunAsync(DialScripts.Clear, [Keys.Call(call)], [field, value], ct)).Number == 1;

    /// <summary>The number of a stream answer about to be given, and how many answers before it brought no stream.</summary>
    public async Task<(long Answer, int Fruitless)> AnswerAsync(CallId call, string bridge, CancellationToken ct)
    {
        var answer = (await redis.RunAsync(DialScripts.Answer, [Keys.Call(call)], [bridge], ct)).Items;
        return (answer[0].Number, (int)answer[1].Number);
    }

    /// <summary>True for the first who deals with the end of this stream answer, while no later one was given and the call goes on.</summary>
    public async Task<bool> ClaimAsync(CallId call, long answer, string field, CancellationToken ct) =>
        (await redis.RunAsync(DialScripts.Claim, [Keys.Call(call)], [answer, field], ct)).Number == 1;

    public async Task<IReadOnlyList<(CallId Call, string Sid, long Answer)>> LapsedAsync(CancellationToken ct) =>
        [.. (await redis.RunAsync(DialScripts.Lapsed, [Keys.LiveCalls], [callPrefix, bridgePrefix], ct)).Items
            .Select(found => (CallId.Parse(found.Items[0].Text!), found.Items[1].Text!, found.Items[2].Number))];

    public Task SetAsync(CallId call, string field, string value, CancellationToken ct) =>
        redis.SendAsync(["HSET", Keys.Call(call), field, value], ct).AsTask();

    public async Task<CallId?> OfSidAsync(string sid, CancellationToken ct) =>
        sid.Length > 0 && CallId.TryParse((await redis.SendAsync(["GET", Keys.CallOfSid(sid)], ct)).Text, out var call) ? call : null;

    /// <summary>The calls of a sorted set (dialling or live) that have been there, or unheard of, for longer than <paramref name="age"/>; and Redis' time.</summary>
    public async Task<(IReadOnlyList<CallId> Calls, DateTimeOffset Now)> OlderAsync(string set, TimeSpan age, CancellationToken ct)
    {
        var now = await NowAsync(ct);
        var found = await redis.SendAsync(
            ["ZRANGEBYSCORE", set, "-inf", (now - age).ToUnixTimeMilliseconds(), "LIMIT", 0, 20], ct);
        return ([.. found.Items.Select(item => CallId.TryParse(item.Text, out var call) ? call : default).Where(call => call != default)], now);
    }

    /// <summary>Heard of just now.</summary>
    public async Task TouchAsync(CallId call, CancellationToken ct) =>
        await redis.SendAsync(["ZADD", Keys.LiveCalls, "XX", (await NowAsync(ct)).ToUnixTimeMilliseconds(), call.Value], ct);

    public Task RememberNumberAsync(PhoneNumber number, string root, CancellationToken ct) =>
        redis.SendAsync(["SET", Keys.IncidentOfNumber(number), root, "EX", (long)TimeSpan.FromDays(7).TotalSeconds], ct).AsTask();

    /// <summary>Blocks a number for a call of Twilio's that our state knows nothing of, until it can have ended.</summary>
    public Task BlockNumberAsync(PhoneNumber number, string sid, CancellationToken ct) =>
        redis.SendAsync(["SET", Keys.DialNumber(number), $"twilio:{sid}", "NX", "EX", 1200], ct).AsTask();

    public async Task UnblockNumberAsync(PhoneNumber number, string sid, CancellationToken ct)
    {
        if ((await redis.SendAsync(["GET", Keys.DialNumber(number)], ct)).Text == $"twilio:{sid}")
        {
            await redis.SendAsync(["DEL", Keys.DialNumber(number)], ct);
        }
    }

    public Task SetPrimedAsync(CancellationToken ct) => redis.SendAsync(["SET", Keys.DialPrimed, 1], ct).AsTask();

    async Task<DateTimeOffset> NowAsync(CancellationToken ct)
    {
        var time = (await redis.SendAsync(["TIME"], ct)).Items;
        return DateTimeOffset.FromUnixTimeMilliseconds((time[0].Number * 1000) + (time[1].Number / 1000));
    }

    static string Prefix(string key, string name) => key[..^name.Length];
}
