using System.Diagnostics;
using System.Globalization;
using CityMonitor.Bench.Calls;
using CityMonitor.Bench.Subjects;
using CityMonitor.Messaging.Redis;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Bench;

/// <summary>
/// The calls of <see cref="RelayRun"/> through the cascade engine: MediaBridge and AgentWorker on one core, ear, model and voice that take
/// no time. Added latency as a whole, without the wait that is ours on purpose, and where it goes.
/// </summary>
static class CascadeRun
{
    static readonly TimeSpan warmUp = TimeSpan.FromSeconds(25);

    static readonly (string Name, string Ear)[] subjects =
    [
        ("listen: the turn ends when our detector has heard the silence too", "deepgram"),
        ("flux: the turn ends at the vendor's word", "flux"),
    ];

    sealed record Window(Spread All, Spread AfterFinal, Spread Own, Steps Steps, double Bridge, double Worker, double Redis);

    readonly record struct Spread(double P50, double P99, double Max)
    {
        public static Spread Of(IReadOnlyCollection<double> values) => new(Figures.Quantile(values, 0.5), Figures.Quantile(values, 0.99), Figures.Max(values));

        public override string ToString() => $"p50 {P50:0.0} p99 {P99:0.0} max {Max:0.0} ms";
    }

    /// <summary>Medians: to the ear's vendor, the wait, to the model, to the voice, to the phone.</summary>
    readonly record struct Steps(double Hear, double Wait, double Ask, double Say, double Play)
    {
        public override string ToString() => $"{Hear:0.0} + wait {Wait:0} + {Ask:0.0} + {Say:0.0} + {Play:0.0} ms";
    }

    public static async Task<int> RunAsync(RunOptions options)
    {
        Console.WriteLine($"{options.Calls} calls, {options.Windows} windows of {options.Seconds} s, load {ProcessProbe.Load()} before");
        Console.WriteLine("Added: from the frame that ends the utterance to the first audio of the answer at the phone, without the deliberate wait. The wait is from");
        Console.WriteLine("the vendor's word that the caller has ended to the phone's frame with which our own detector agrees (Turns:HangoverMs). Whole: with it.");
        Console.WriteLine("Steps, p50: phone to ear's vendor + wait + turn to the model's request (two streams of Redis) + model to the voice's request (one) + voice to phone.");
        Console.WriteLine("Where the vendor alone ends the turn, whatever the mouth still waits for is in the last step, and in added.");
        Console.WriteLine("Medians of the windows; in brackets the one with the lowest p99.");
        Console.WriteLine("| Cascade | added p50 | p99 | whole p50 | p99 | after the vendor's end p50 | p99 | steps | CPU-s/call-min: MediaBridge | AgentWorker | both | redis-server | all | turns |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (name, ear) in subjects.Where(subject => options.Includes(subject.Name)))
        {
            await using var redis = await RedisServer.StartAsync();
            await using var crowd = await Crowd.StartAsync();
            await using var subject = await Subject.CascadeAsync(crowd.Vendor.Url, redis, ear);
            await MeasureAsync(name, subject, crowd, options);
        }

        return 0;
    }

    static async Task MeasureAsync(string name, Subject subject, Crowd crowd, RunOptions options)
    {
        int[] processes = [subject.Pid, subject.WorkerPid, await PidAsync(subject.Redis!)];
        await crowd.GrowAsync(subject, options.Calls);
        await Task.Delay(warmUp);
        // Callers say the same each time, so the detector agrees at the same frame: known from the turns so far, not from when one turn's word of it came.
        int[] pauses = [.. crowd.Samples.TakeTurns().Where(turn => turn.Pause > 0).Select(turn => turn.Pause)];
        var pause = pauses.Length == 0 ? 0 : (int)Figures.Median(pauses.Select(frames => (double)frames));
        if (pause > 0)
        {
            await Console.Error.WriteLineAsync($"  {name}: our detector agrees at frame {pause} behind the last sound ({pauses.Min()} to {pauses.Max()}, {pauses.Count(one => one == pause)} of {pauses.Length} there)");
        }

        var windows = new List<Window>();
        var turns = 0;
        for (var i = 0; i < options.Windows; i++)
        {
            crowd.Samples.Take();
            crowd.Samples.TakeTurns();
            crowd.Pacer.WorstLag = 0;
            var (before, began) = (processes.Select(ProcessProbe.Cpu).ToArray(), Stopwatch.GetTimestamp());
            await Task.Delay(TimeSpan.FromSeconds(options.Seconds));
            var minutes = options.Calls * Stopwatch.GetElapsedTime(began).TotalMinutes;
            double[] used = [.. processes.Select((pid, at) => (ProcessProbe.Cpu(pid) - before[at]).TotalSeconds / minutes)];
            var heard = crowd.Samples.TakeTurns();
            var (_, _, underruns) = crowd.Samples.Take();
            var window = Look(heard, pause, used);
            windows.Add(window);
            turns += heard.Length;
            await Console.Error.WriteLineAsync(
                $"  {name}: added {window.Own}, whole {window.All}, after the vendor's end {window.AfterFinal}; {window.Steps}; CPU MediaBridge {used[0]:0.000} AgentWorker {used[1]:0.000} redis-server {used[2]:0.000}; "
                + $"{heard.Length} turns of {options.Calls * options.Seconds * 50 / LoadCall.TurnTicks}, {underruns} underruns, frames at most {crowd.Pacer.WorstLag:0.0} ms late, {crowd.Open} open, load {ProcessProbe.Load()}");
        }

        Print(name, windows, turns);
    }

    static Window Look(TurnTrace[] turns, int pause, double[] used)
    {
        // The wait ends with the frame behind which the detector is sure; where nobody waits, it is as long as nothing.
        long Known(TurnTrace turn) => pause == 0 ? turn.Final : Math.Max(turn.Final, turn.Frame(pause - 1));
        double[] Each(Func<TurnTrace, double> of) => [.. turns.Select(of)];
        double P50(Func<TurnTrace, bool> where, Func<TurnTrace, double> of) => Figures.Quantile([.. turns.Where(where).Select(of)], 0.5);
        return new Window(
            Spread.Of(Each(turn => Ms(turn.Frame(0), turn.Heard))),
            Spread.Of(Each(turn => Ms(turn.Final, turn.Heard))),
            Spread.Of(Each(turn => Ms(turn.Frame(0), turn.Final) + Ms(Known(turn), turn.Heard))),
            new Steps(
                P50(_ => true, turn => Ms(turn.Frame(0), turn.Final)), P50(_ => true, turn => Ms(turn.Final, Known(turn))),
                P50(turn => turn.ModelAsked > 0, turn => Ms(Known(turn), turn.ModelAsked)),
                P50(turn => turn.ModelAsked > 0 && turn.VoiceAsked > 0, turn => Ms(turn.ModelAsked, turn.VoiceAsked)),
                P50(turn => turn.VoiceAsked > 0, turn => Ms(turn.VoiceAsked, turn.Heard))),
            used[0], used[1], used[2]);
    }

    static void Print(string name, List<Window> windows, int turns)
    {
        double Median(Func<Window, double> of) => Figures.Median(windows.Select(of));
        string Both(Func<Window, Spread> of, Func<Spread, double> figure) => $"{Median(window => figure(of(window))):0.0} ms ({figure(of(windows.MinBy(window => window.Own.P99)!)):0.0})";
        Console.WriteLine(
            $"| {name} | {Both(w => w.Own, s => s.P50)} | {Both(w => w.Own, s => s.P99)} | {Both(w => w.All, s => s.P50)} | {Both(w => w.All, s => s.P99)} "
            + $"| {Both(w => w.AfterFinal, s => s.P50)} | {Both(w => w.AfterFinal, s => s.P99)} "
            + $"| {new Steps(Median(w => w.Steps.Hear), Median(w => w.Steps.Wait), Median(w => w.Steps.Ask), Median(w => w.Steps.Say), Median(w => w.Steps.Play))} "
            + $"| {Median(w => w.Bridge):0.000} | {Median(w => w.Worker):0.000} | {Median(w => w.Bridge + w.Worker):0.000} | {Median(w => w.Redis):0.000} | {Median(w => w.Bridge + w.Worker + w.Redis):0.000} | {turns} |");
    }

    static double Ms(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    static async Task<int> PidAsync(RedisClient redis)
    {
        const string Field = "process_id:";
        var server = (await redis.SendAsync(["INFO", "server"])).Text!;
        var at = server.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        return int.Parse(server.AsSpan(at, server.IndexOf('\r', at) - at), CultureInfo.InvariantCulture);
    }
}
