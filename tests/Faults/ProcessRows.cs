using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Processes that die, freeze or are told to end.</summary>
static class ProcessRows
{
    const string Dead = "Processes that are killed";
    const string DeadTogether = "Two processes killed at once";
    const string Stopped = "Processes that freeze for 10 s";
    const string StoppedTogether = "Two processes frozen at once for 10 s";
    const string RedisPart = "Redis";
    const string Drained_ = "Processes that are told to end";

    static readonly TimeSpan frozenFor = TimeSpan.FromSeconds(10);

    static readonly (Moment Moment, string Words)[] moments =
    [
        (Moment.Ringing, "while the phone rings"), (Moment.Greeting, "in the greeting"), (Moment.AgentSpeaks, "in a turn"),
        (Moment.InATool, "in a tool"), (Moment.LastSecond, "in the last second"),
    ];

    static readonly (Shape Shape, string Words)[] shapes = [(Shape.OneOfEach, "one replica"), (Shape.TwoOfEach, "two replicas")];

    static readonly string[] services = ["MediaBridge", "AgentWorker", "TelephonyApi", "IncidentPoller"];

    static IEnumerable<(string First, string Second)> Pairs => services.SelectMany((first, i) => services.Skip(i + 1).Select(second => (first, second)));

    public static IReadOnlyList<FaultRow> Killed { get; } =
    [
        .. from service in services from shape in shapes from moment in moments
           select new FaultRow($"{service}: kill -9 {moment.Words}, {shape.Words}", Dead, shape.Shape, moment.Moment, Kill(service)) { Share = ShareOf(shape.Shape, moment.Moment, service) },
        .. from loss in new[] { ("endCall", "Twilio ends the call", 2), ("hang", "Twilio leaves the line open", 1) } from shape in shapes
           select new FaultRow($"MediaBridge: kill -9 in a turn, {shape.Words}, {loss.Item2}", Dead, shape.Shape, Moment.AgentSpeaks, All(Twilio(new { socketLoss = loss.Item1 }), Kill("MediaBridge")))
           {
               Calls = loss.Item3, Share = ShareOf(shape.Shape, Moment.AgentSpeaks, "MediaBridge"),
           },
        .. from pair in Pairs from shape in shapes
           select new FaultRow($"{pair.First} and {pair.Second}: kill -9 of one each in a turn, {shape.Words}", DeadTogether, shape.Shape, Moment.AgentSpeaks, Kill(pair.First, pair.Second))
           {
               // Without any bridge and without anybody who answers Twilio, Twilio itself ends the call: it is dialled again.
               Calls = shape.Shape is Shape.OneOfEach && pair is ("MediaBridge", "TelephonyApi") ? 2 : 1,
               Share = ShareOf(shape.Shape, Moment.AgentSpeaks, pair.First, pair.Second),
           },
        .. from service in services
           select new FaultRow($"{service}: kill -9 of both replicas in a turn", DeadTogether, Shape.TwoOfEach, Moment.AgentSpeaks, KillAll(service)),
    ];

    public static IReadOnlyList<FaultRow> Frozen { get; } =
    [
        .. from service in services from shape in shapes from moment in moments
           select new FaultRow($"{service}: SIGSTOP {moment.Words}, {shape.Words}", Stopped, shape.Shape, moment.Moment, Freeze(service))
           {
               Lasts = frozenFor, Share = ShareOf(shape.Shape, moment.Moment, service),
           },
        .. from pair in Pairs
           select new FaultRow($"{pair.First} and {pair.Second}: SIGSTOP of one each in a turn, two replicas", StoppedTogether, Shape.TwoOfEach, Moment.AgentSpeaks, Freeze(pair.First, pair.Second))
           {
               Lasts = frozenFor, Share = ShareOf(Shape.TwoOfEach, Moment.AgentSpeaks, pair.First, pair.Second),
           },
    ];

    public static IReadOnlyList<FaultRow> Redis { get; } =
    [
        .. from moment in moments
           select new FaultRow($"redis-server: kill -9 {moment.Words}, back at once", RedisPart, Shape.OneOfEach, moment.Moment, RedisDown(TimeSpan.Zero)),
        new("redis-server: kill -9 in a turn, back after 8 s", RedisPart, Shape.OneOfEach, Moment.AgentSpeaks, RedisDown(TimeSpan.FromSeconds(8))),
        .. from moment in moments
           select new FaultRow($"redis-server: wiped {moment.Words}", RedisPart, Shape.OneOfEach, moment.Moment, RedisWiped) { Calls = 2, Within = TimeSpan.FromSeconds(300) },
        .. from service in services
           select new FaultRow($"redis-server and {service}: kill -9 of both in a turn", RedisPart, Shape.OneOfEach, Moment.AgentSpeaks, RedisAnd(service)),
    ];

    public static IReadOnlyList<FaultRow> Drained { get; } =
    [
        .. from service in services from shape in shapes
           select new FaultRow($"{service}: SIGTERM in a turn and started again, {shape.Words}", Drained_, shape.Shape, Moment.AgentSpeaks, Drain(service)) { Share = ShareOf(shape.Shape, Moment.AgentSpeaks, service) },
        new("Every process: SIGTERM and started again, one after the other from a turn on, two replicas", Drained_, Shape.TwoOfEach, Moment.AgentSpeaks, RollOut),
    ];

    // Of two bridges one holds a call, of two workers one decides about it; the others serve all calls together.
    static double ShareOf(Shape shape, Moment moment, params string[] broken)
    {
        var halves = broken.Count(service => service is "AgentWorker" || (service is "MediaBridge" && moment is not Moment.Ringing));
        return shape is Shape.OneOfEach || halves == 0 ? 1 : halves == 1 ? 0.5 : 0.75;
    }
}
