using System.Collections.Concurrent;
using CityMonitor.MediaBridge.Directory;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>The streams that this bridge holds: finds a message's conversation, counts places, drains.</summary>
sealed class LiveStreams(IOptions<CapacityOptions> capacity, IOptions<BridgeOptions> options, ILogger<LiveStreams> log) : ISpeechListener
{
    readonly ConcurrentDictionary<CallId, LiveStream> streams = new();

    int sockets;
    int places;

    public bool IsDraining { get; private set; }

    public int Count => streams.Count;

    /// <summary>A socket is still being served, if only to be closed.</summary>
    public bool HasSockets => Volatile.Read(ref sockets) > 0;

    /// <summary>Places left for Twilio's next stream; 0 while draining.</summary>
    public int Free => IsDraining ? 0 : Math.Max(0, capacity.Value.MaxConcurrentCalls - Volatile.Read(ref places));

    public IEnumerable<LiveStream> All => streams.Values;

    /// <summary>Lets a socket in, to say who it is. It has no place yet: sockets that only wait must not keep calls out.</summary>
    /// <returns>Why it may not come in, else null; then give it back with <see cref="Leave"/>.</returns>
    public string? Enter()
    {
        if (IsDraining)
        {
            return "draining";
        }

        if (Volatile.Read(ref places) >= capacity.Value.MaxConcurrentCalls)
        {
            return "full";
        }

        if (Interlocked.Increment(ref sockets) - Volatile.Read(ref places) <= options.Value.MaxWaiting)
        {
            return null;
        }

        Interlocked.Decrement(ref sockets);
        return "crowded";
    }

    public void Leave() => Interlocked.Decrement(ref sockets);

    /// <summary>Takes a place for a stream that has said who it is; false when there is none. Give it back with <see cref="LeavePlace"/>.</summary>
    public bool TryTakePlace()
    {
        if (Interlocked.Increment(ref places) <= capacity.Value.MaxConcurrentCalls)
        {
            return true;
        }

        Interlocked.Decrement(ref places);
        return false;
    }

    public void LeavePlace() => Interlocked.Decrement(ref places);

    /// <summary>A call has one stream: an older one of the same call is told to go.</summary>
    public void Add(LiveStream stream)
    {
        LiveStream? older = null;
        streams.AddOrUpdate(stream.Call, stream, (_, present) =>
        {
            older = present;
            return stream;
        });
        older?.Conversation.Supersede();
    }

    public void Remove(LiveStream stream) => streams.TryRemove(new KeyValuePair<CallId, LiveStream>(stream.Call, stream));

    public void Receive(SpeechMessage message)
    {
        if (streams.TryGetValue(message.Call, out var stream))
        {
            stream.Conversation.Receive(message);
        }
        else
        {
            LiveStreamsLog.NoStream(log, message.GetType().Name, message.Call);
        }
    }

    public void BeginDrain(TimeSpan atMost)
    {
        IsDraining = true;
        foreach (var stream in streams.Values)
        {
            stream.Conversation.Drain(atMost);
        }
    }
}

/// <summary>One open stream.</summary>
sealed record LiveStream(CallSession Session, int Number, DateTimeOffset Since, Conversation Conversation)
{
    public CallId Call => Session.Call;

    public StreamStatus Status => Conversation.Status(Since);

    public bool Equals(LiveStream? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

static partial class LiveStreamsLog
{
    [LoggerMessage(2601, LogLevel.Information, "{Type} for call {Call}, which has no stream here, is dropped")]
    public static partial void NoStream(ILogger log, string type, CallId call);
}
