using System.Collections.Frozen;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.Messaging.Streams;

/// <summary>
/// A message as the fields of a stream entry:
/// <c>type CallRinging id 0199... call fd-4711.1 incident fd-4711 at 1789000000000 traceparent 00-... data {"call":"fd-4711.1"}</c>.
/// </summary>
static class Envelope
{
    public const string Type = "type", Id = "id", Call = "call", Incident = "incident", At = "at", TraceParent = "traceparent", Data = "data";

    static readonly FrozenDictionary<string, JsonTypeInfo> s_types = typeof(Message).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(Message)) && !type.IsAbstract)
        .Select(type => ContractsJson.Default.GetTypeInfo(type))
        .OfType<JsonTypeInfo>()
        .ToFrozenDictionary(info => info.Type.Name, StringComparer.Ordinal);

    /// <summary>The whole XADD, trimming included where the stream is one that is trimmed by length.</summary>
    public static void WriteAdd(List<RedisArg> command, string stream, Message message, DateTimeOffset now)
    {
        command.Add("XADD");
        command.Add(stream);
        if (stream == Keys.Audit)
        {
            command.Add("MAXLEN");
            command.Add("~");
            command.Add(Trimming.AuditLength);
        }

        command.Add("*");
        using var activity = Telemetry.Publishing(message, stream);
        Write(command, message, now);
    }

    public static void Write(List<RedisArg> fields, Message message, DateTimeOffset now)
    {
        var type = message.GetType().Name;
        if (!s_types.TryGetValue(type, out var json))
        {
            throw new NotSupportedException($"{type} is not listed in ContractsJson.");
        }

        fields.Add(Type);
        fields.Add(type);
        fields.Add(Id);
        fields.Add(Guid.CreateVersion7(now).ToString("N"));
        if (Routes.CallOf(message) is { } call)
        {
            fields.Add(Call);
            fields.Add(call.Value);
        }

        if (Routes.RootOf(message) is { } root)
        {
            fields.Add(Incident);
            fields.Add(root);
        }

        fields.Add(At);
        fields.Add(now.ToUnixTimeMilliseconds());
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace })
        {
            fields.Add(TraceParent);
            fields.Add(trace);
        }

        fields.Add(Data);
        fields.Add(JsonSerializer.SerializeToUtf8Bytes(message, json));
    }

    /// <summary>Null with the reason when the entry is not a message that we know: poison.</summary>
    public static Message? Read(StreamEntry entry, out string? problem)
    {
        problem = null;
        if (entry.Text(Type) is not { } type)
        {
            problem = "The entry has no field 'type'.";
            return null;
        }

        if (!s_types.TryGetValue(type, out var json))
        {
            problem = $"The message type '{type}' is not known.";
            return null;
        }

        if (entry.Find(Data) is not { } data)
        {
            problem = "The entry has no field 'data'.";
            return null;
        }

        try
        {
            var message = (Message?)JsonSerializer.Deserialize(data.Bytes.Span, json);
            if (message is null || Routes.RootOf(message) is "" || message is AgentMessage { Root: null })
            {
                problem = $"The data of {type} names no incident or call.";
                return null;
            }

            return message;
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or FormatException or ArgumentException)
        {
            problem = $"The data of {type} cannot be read: {error.Message}";
            return null;
        }
    }
}

/// <summary>One entry of a stream as Redis handed it out. Deliveries counts the starts of its handling before this one.</summary>
sealed class StreamEntry(string stream, string id, RespValue fields, long deliveries)
{
    public string Stream => stream;
    public string Id => id;
    public long Deliveries => deliveries;
    public IReadOnlyList<RespValue> Fields => fields.Items;

    /// <summary>Came once more: another holder, or this one before a break, had it already.</summary>
    public bool IsRedelivered => deliveries > 0;

    public RespValue? Find(string name)
    {
        for (var i = 0; i + 1 < Fields.Count; i += 2)
        {
            if (System.Text.Ascii.Equals(Fields[i].Bytes.Span, name))
            {
                return Fields[i + 1];
            }
        }

        return null;
    }

    public string? Text(string name) => Find(name)?.Text;

    public DateTimeOffset At(DateTimeOffset otherwise) =>
        long.TryParse(Text(Envelope.At), out var at) && at is > 0 and < 253402300800000 ? DateTimeOffset.FromUnixTimeMilliseconds(at) : otherwise;

    /// <summary>The reply of XREAD and XREADGROUP: <c>[[stream, [[id, [field, value, ...]], ...]], ...]</c>, null when nothing came.</summary>
    public static IEnumerable<StreamEntry> OfRead(RespValue reply)
    {
        foreach (var stream in reply.Items)
        {
            var name = stream.Items[0].Text!;
            foreach (var entry in stream.Items[1].Items)
            {
                yield return new StreamEntry(name, entry.Items[0].Text!, entry.Items[1], 0);
            }
        }
    }
}
