using System.Runtime.InteropServices;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// Publishes outside a handler. The message's type says where to. Waits out a short Redis outage; throws when the time given is over.
/// At least once: when the outcome of a try is unknown it is repeated, and consumers tolerate a message that comes twice.
/// </summary>
public sealed class MessageBus
{
    readonly RedisClient _redis;
    readonly Committer _committer;
    readonly TimeProvider _clock;

    internal MessageBus(RedisClient redis, Committer committer, TimeProvider clock) => (_redis, _committer, _clock) = (redis, committer, clock);

    /// <summary>How long an outage is waited out; default 10 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>XADD with type, id, call or incident, at, traceparent and data.</summary>
    /// <exception cref="RedisException">Redis was not there, not ready or full for the whole of <see cref="Patience"/>, or refused the message.</exception>
    public Task PublishAsync(Message message, CancellationToken ct)
    {
        if (Routes.StreamOf(message) is not { } stream)
        {
            var step = BeginStep();
            step.Publish(message);
            return CommitAsync(step, ct);
        }

        // One message to one stream needs no script; and unlike a step, new work is refused while Redis' memory is full.
        var command = new List<RedisArg>(24);
        Envelope.WriteAdd(command, stream, message, _clock.GetUtcNow());
        return PatientlyAsync(async () => await _redis.SendAsync(CollectionsMarshal.AsSpan(command), ct), ct);
    }

    /// <summary>A step without an incoming message, for effects that must happen together; commit it with <see cref="CommitAsync"/>.</summary>
    public Step BeginStep() => new(_clock);

    /// <summary>All of the step or nothing; repeated like <see cref="PublishAsync"/>, so what it does must bear being done twice.</summary>
    public Task CommitAsync(Step step, CancellationToken ct) => PatientlyAsync(async () => await _committer.CommitAsync(step, ct), ct);

    /// <summary>Like <see cref="CommitAsync"/>, for a step with a condition. False: nothing was done, because what it depends on is different now.</summary>
    public async Task<bool> TryCommitAsync(Step step, CancellationToken ct)
    {
        var result = CommitResult.Done;
        await PatientlyAsync(async () => result = await _committer.CommitAsync(step, ct), ct);
        return result == CommitResult.Done;
    }

    async Task PatientlyAsync(Func<ValueTask> send, CancellationToken ct)
    {
        var start = _clock.GetTimestamp();
        var backoff = new Backoff(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1));
        while (true)
        {
            try
            {
                await send();
                return;
            }
            catch (RedisException error) when (Outage.Is(error) || error is RedisServerException { Code: "WRONGTYPE" })
            {
                // A stream that is none is moved away by its consumers within seconds.
                var delay = backoff.Next();
                if (_clock.GetElapsedTime(start) + delay > Patience)
                {
                    throw;
                }

                await Task.Delay(delay, _clock, ct);
            }
        }
    }
}

/// <summary>Errors that pass by themselves: waiting helps, and nobody's message is at fault.</summary>
static class Outage
{
    public static bool Is(Exception error) => error switch
    {
        RedisUnavailableException or RedisOutcomeUnknownException => true,
        RedisServerException { Code: "LOADING" or "READONLY" or "OOM" or "BUSY" or "MASTERDOWN" or "NOREPLICAS" or "MISCONF" or "TRYAGAIN" or "CLUSTERDOWN" or "NOAUTH" } => true,
        _ => false,
    };
}
