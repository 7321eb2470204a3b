using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.ServiceDefaults;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.TelephonyApi.Webhooks;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Status;

/// <summary>What GET /status tells, read from Redis: the same at every replica.</summary>
sealed class CallsReport(
    RedisClient redis, DialStore store, BridgeChooser bridges, ServiceStatus status, IOptions<CapacityOptions> capacity, IOptions<TwilioOptions> twilio,
    CapacityWatch capacityWatch, TimeProvider clock)
{
    /// <summary>Lines per list; the numbers beside them count all.</summary>
    const int MostLines = 200;

    public async Task<StatusReport> ReadAsync(string? note, CancellationToken ct) => new(
        "TelephonyApi",
        note,
        status.Vendors,
        [.. await LinesAsync(Keys.LiveCalls, ct), .. await LinesAsync(Keys.Dialling, ct)],
        await LinesAsync(Keys.DialQueue, ct),
        [.. (await bridges.LiveAsync(ct)).Select(bridge => new BridgeLine(bridge.Id, bridge.Free))],
        (await redis.SendAsync(["ZCARD", Keys.MessagesUnderWay], ct)).Number,
        capacity.Value.MaxConcurrentCalls,
        twilio.Value.Pace,
        status.Alerts,
        [.. status.Watched, capacityWatch.Now],
        status.Quotas,
        clock.GetUtcNow().ToString("O"));

    async Task<IReadOnlyList<CallLine>> LinesAsync(string set, CancellationToken ct)
    {
        var lines = new List<CallLine>();
        foreach (var id in (await redis.SendAsync(["ZRANGE", set, 0, MostLines - 1], ct)).Items)
        {
            if (!CallId.TryParse(id.Text, out var call))
            {
                continue;
            }

            var state = await store.ReadAsync(call, ct);
            lines.Add(new CallLine(
                call.Value,
                PhoneNumber.TryParse(state.To, out var number) ? number.Masked : "",
                state.Dial == DialStates.Placed ? Words(state[DialFields.Progress, 0]) : state.Dial ?? "gone",
                state.Sid,
                state[CallFields.Bridge],
                ((Priority)state[DialFields.Priority, 0]).ToString(),
                DateTimeOffset.FromUnixTimeMilliseconds(state[DialFields.QueuedAt, 0]).ToString("O")));
        }

        return lines;
    }

    static string Words(long progress) => progress switch
    {
        CallStatus.Ringing => "ringing",
        CallStatus.Answered => "in progress",
        _ => "placed",
    };
}
