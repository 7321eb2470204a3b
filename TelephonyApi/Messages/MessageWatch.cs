using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>Asks Twilio about messages that have been silent for long: a lost callback must not hide that one was not delivered.</summary>
sealed class MessageWatch(MessageStore store, MessageStatuses statuses, TwilioClient twilio, IOptions<DialOptions> options, TimeProvider clock)
{
    /// <summary>Some carriers never report delivery: after this a message that was sent is left at that.</summary>
    static readonly TimeSpan longest = TimeSpan.FromHours(2);

    public async Task RunOnceAsync(CancellationToken ct)
    {
        foreach (var (message, part) in await store.SilentAsync(options.Value.CheckLiveAfter, ct))
        {
            var state = await store.ReadAsync(message, ct);
            var age = clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(state.Number(MessageState.AtField));
            if (!state.Exists || state.Sid(part) is not { } sid || age > longest)
            {
                await store.UnwatchAsync(message, part, ct);
                continue;
            }

            await store.WatchAsync(message, part, ct);
            var result = await twilio.GetMessageAsync(sid, ct);
            if (result.Ok)
            {
                await statuses.ApplyAsync(message, part, result.Value!.Status, result.Value.ErrorCode, result.Value.ErrorMessage, ct);
            }
        }
    }
}
