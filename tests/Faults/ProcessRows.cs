using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Processes that die, freeze or are told to end.</summary>
static class ProcessRows
{
    const string Dead = "Processes that are killed";
    const string Stopped = "Processes that freeze for 10 s";
    const string RedisPart = "Redis";
    const string Drain = "Processes that are told to end";

    static readonly (Moment Moment, string Words)[] moments =
    [
        (Moment.Ringing, "while the phone rings"), (Moment.Greeting, "in the greeting"), (Moment.AgentSpeaks, "in a turn"),
        (Moment.InATool, "in a tool"), (Moment.LastSecond, "in the last second"),
    ];

    static readonly (Shape Shape, string Words)[] shapes = [(Shape.OneOfEach, "one replica"), (Shape.TwoOfEach, "two replicas")];

    static readonly string[] services = ["MediaBridge", "AgentWorker", "TelephonyApi", "IncidentPoller"];

    public static IReadOnlyList<FaultRow> Killed { get; } =
    [
        .. from service in services from shape in shapes from moment in moments
           select new FaultRow($"{service}: kill -9 {moment.Words}, {shape.Words}", Dead, shape.Shape, moment.Moment, Kill(service)),
        .. from shape in shapes
           select new FaultRow($"MediaBridge and AgentWorker: kill -9 of one each in a turn, {shape.Words}", Dead, shape.Shape, Moment.AgentSpeaks, All(Kill("MediaBridge"), Kill("AgentWorker"))),
        .. from shape in shapes
           select new FaultRow($"MediaBridge and TelephonyApi: kill -9 of one each in a turn, {shape.Words}", Dead, shape.Shape, Moment.AgentSpeaks, All(Kill("MediaBridge"), Kill("TelephonyApi"))),
        .. from loss in new[] { ("endCall", "Twilio ends the call", 2), ("hang", "Twilio leaves the line open", 1) }
           select new FaultRow($"MediaBridge: kill -9 in a turn, two replicas, {loss.Item2}", Dead, Shape.TwoOfEach, Moment.AgentSpeaks, All(Twilio(new { socketLoss = loss.Item1 }), Kill("MediaBridge"))) { Calls = loss.Item3 },
    ];

    public static IReadOnlyList<FaultRow> Frozen { get; } =
    [
        .. from service in services from shape in shapes from moment in moments
           select new FaultRow($"{service}: SIGSTOP {moment.Words}, {shape.Words}", Stopped, shape.Shape, moment.Moment, Freeze(service)) { Lasts = TimeSpan.FromSeconds(10) },
    ];

    public static IReadOnlyList<FaultRow> Redis { get; } =
    [
        .. from moment in moments
           select new FaultRow($"redis-server: kill -9 {moment.Words}, back at once", RedisPart, Shape.OneOfEach, moment.Moment, RedisDown(TimeSpan.Zero)),
        new("redis-server: kill -9 in a turn, back after 8 s", RedisPart, Shape.OneOfEach, Moment.AgentSpeaks, RedisDown(TimeSpan.FromSeconds(8))),
        .. from moment in moments
           select new FaultRow($"redis-server: wiped {moment.Words}", RedisPart, Shape.OneOfEach, moment.Moment, RedisWiped) { Calls = 2, Within = TimeSpan.FromSeconds(300) },
    ];

    public static IReadOnlyList<FaultRow> Drained { get; } =
    [
        .. from service in services from shape in shapes
           select new FaultRow($"{service}: SIGTERM in a turn and started again, {shape.Words}", Drain, shape.Shape, Moment.AgentSpeaks, Acts.Drain(service)),
    ];
}
