using System.Text.Json.Serialization.Metadata;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// The effects of handling one message. They are one Lua script: check the lease's epoch, write the state, XADD the outgoing
/// messages, set the timers, XACK the input; all or nothing. Nothing here touches Redis before the handler has returned.
/// </summary>
public sealed class Step
{
    public void Set<T>(string key, T value, JsonTypeInfo<T> type, TimeSpan? ttl = null) => throw new NotSupportedException();

    public void SetFields(string hashKey, IReadOnlyDictionary<string, RedisArg> fields, TimeSpan? ttl = null) => throw new NotSupportedException();

    public void Delete(string key) => throw new NotSupportedException();

    public void AddToSet(string key, string member) => throw new NotSupportedException();

    public void RemoveFromSet(string key, string member) => throw new NotSupportedException();

    public void AddToSortedSet(string key, string member, double score) => throw new NotSupportedException();

    public void RemoveFromSortedSet(string key, string member) => throw new NotSupportedException();

    /// <summary>To wherever the message's type goes; a speech message to the bridge that holds the call at the moment of the commit (dropped where none does).</summary>
    public void Publish(Message message) => throw new NotSupportedException();

    /// <summary>Publishes <paramref name="message"/> after <paramref name="delay"/>, by Redis' clock. One timer per root and name: setting it again moves it.</summary>
    public void Schedule(TimerDue message, TimeSpan delay) => throw new NotSupportedException();

    public void CancelTimer(string root, string name) => throw new NotSupportedException();
}
