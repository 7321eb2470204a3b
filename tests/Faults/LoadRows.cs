using System.Text.Json.Nodes;
using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Too much at once.</summary>
static class LoadRows
{
    const string Part = "Load";
    const int Places = 10;

    public static IReadOnlyList<FaultRow> All { get; } =
    [
        new($"{Places} calls allowed at a time, 24 tickets: the others wait in the dial queue", Part, Shape.OneOfEach, Moment.TicketRead, Nothing)
        {
            AtOnce = 24, Within = TimeSpan.FromMinutes(6), OfWave = calls => NeverMoreThan(calls, Span),
            Environment = Setting("TelephonyApi", "Capacity__MaxConcurrentCalls", $"{Places}"),
        },
        new($"Media bridge with {Places} places, 24 calls answered: the others get the keypad", Part, Shape.OneOfEach, Moment.TicketRead, Nothing)
        {
            AtOnce = 24, OfWave = calls => [.. NeverMoreThan(calls, StreamSpan), .. Exactly(calls)],
            Environment = Setting("MediaBridge", "Capacity__MaxConcurrentCalls", $"{Places}"),
        },
        new("A burst of 50 tickets in a second", Part, Shape.OneOfEach, Moment.TicketRead, Nothing) { AtOnce = 50, Alone = true },
        new("100 calls at once", Part, Shape.OneOfEach, Moment.TicketRead, Nothing) { AtOnce = 100, Alone = true, OfWave = AllAtOnce },
    ];

    static Dictionary<string, IReadOnlyDictionary<string, string>> Setting(string process, string name, string value) =>
        new() { [process] = new Dictionary<string, string> { [name] = value } };

    static IEnumerable<string> NeverMoreThan(IReadOnlyList<JsonNode> calls, Func<JsonNode, (DateTimeOffset, DateTimeOffset)?> span)
    {
        if (Most(calls, span) is var most && most != Places)
        {
            yield return $"{most} at a time where there are {Places} places";
        }
    }

    static IEnumerable<string> Exactly(IReadOnlyList<JsonNode> calls)
    {
        // A dial names a bridge before its places are known to be taken: who comes too late is refused at the handshake, and has no stream.
        if (calls.Count(call => call["streams"]!.AsArray().Any(stream => Time(stream!["startedAt"]) is not null)) is var streamed && streamed != Places)
        {
            yield return $"{streamed} calls were streamed where there are {Places} places";
        }
    }

    static IEnumerable<string> AllAtOnce(IReadOnlyList<JsonNode> calls)
    {
        if (Most(calls, Span) is var most && most < 100)
        {
            yield return $"only {most} calls at once";
        }
    }

    static int Most(IReadOnlyList<JsonNode> calls, Func<JsonNode, (DateTimeOffset From, DateTimeOffset To)?> span)
    {
        var spans = calls.Select(span).OfType<(DateTimeOffset From, DateTimeOffset To)>().ToList();
        return spans.Count == 0 ? 0 : spans.Max(one => spans.Count(other => other.From <= one.From && one.From < other.To));
    }

    static (DateTimeOffset, DateTimeOffset)? Span(JsonNode call) => (Time(call["created"])!.Value, Time(call["ended"]) ?? DateTimeOffset.MaxValue);

    static (DateTimeOffset, DateTimeOffset)? StreamSpan(JsonNode call) =>
        call["streams"]!.AsArray().FirstOrDefault() is { } stream && Time(stream["startedAt"]) is { } from ? (from, Time(stream["stoppedAt"]) ?? DateTimeOffset.MaxValue) : null;

    static DateTimeOffset? Time(JsonNode? value) => value?.GetValue<DateTimeOffset>();
}
