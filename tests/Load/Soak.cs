using System.Collections.Concurrent;
using System.Diagnostics;
using CityMonitor.Bench.City;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Load;

/// <summary>
/// The whole city for a long time: tickets are filed all the time, responders do all that responders do, an operator closes what is
/// done. In between everything comes to rest, and it is counted what is left.
/// </summary>
sealed class Soak(RunOptions options, TextWriter output)
{
    /// <summary>Everything comes to rest this often.</summary>
    static readonly TimeSpan roundOf = TimeSpan.FromMinutes(5);

    /// <summary>How long speech recognition is down in each round: who is called then gets keypad mode.</summary>
    static readonly TimeSpan outage = TimeSpan.FromSeconds(15);
    static readonly TimeSpan settledWithin = TimeSpan.FromMinutes(4);

    /// <summary>Of twenty responders.</summary>
    static readonly Habit[] habits =
    [
        Habit.Accepts, Habit.HangsUpEarly, Habit.Declines, Habit.IsBusy, Habit.HangsUpMidSentence, Habit.Accepts, Habit.SaysNothing, Habit.Declines, Habit.HangsUpEarly,
        Habit.Interrupts, Habit.IsBusy, Habit.HangsUpMidSentence, Habit.Declines, Habit.Voicemail, Habit.HangsUpEarly, Habit.PressesKeys, Habit.Declines, Habit.DoesNotAnswer,
        Habit.HangsUpMidSentence, Habit.IsBusy,
    ];

    readonly ConcurrentBag<Verdict> verdicts = [];
    readonly ConcurrentQueue<string> numbers = new(Enumerable.Range(0, Responders.Numbers).Select(Responders.Number));
    int filed;
    int unseen;
    double clockLateMs;

    int Finished => verdicts.Sum(verdict => verdict.Calls);

    public async Task<SoakVerdict> PlayAsync()
    {
        await using var town = await Town.StartAsync(options.AtOnce + 10);
        var checkpoints = new List<Checkpoint> { await Checkpoint.TakeAsync(town, 0, 0) };
        var since = Stopwatch.GetTimestamp();
        var rounds = Math.Max(2, (int)(options.Minutes / roundOf.TotalMinutes));
        for (var round = 1; round <= rounds; round++)
        {
            await RoundAsync(town, TimeSpan.FromMinutes(options.Minutes / rounds), last: round == rounds);
            checkpoints.Add(await Checkpoint.TakeAsync(town, Finished, verdicts.Count));
            output.WriteLine($"round {round}: {Finished} calls of {verdicts.Count} incidents have finished, {verdicts.Count(verdict => verdict.Problems.Count > 0)} with problems; phones' clock {clockLateMs:0} ms late at the worst, load {checkpoints[^1].Load}; heap {string.Join(", ", checkpoints[^1].Services.Where(holding => holding.Heap > 0).Select(holding => $"{holding.Service} {holding.Heap / 1e6:0.00} MB"))}");
        }

        await RedisAudit.LapseAsync(town.State.Redis);
        var lapsed = await RedisAudit.TakeAsync(town.State.Redis);
        var restarts = town.City.Processes.Where(process => town.City.StartsOf(process) != 1).ToList();
        var verdict = new SoakVerdict(options, [.. verdicts], checkpoints, lapsed, restarts, unseen, clockLateMs, Stopwatch.GetElapsedTime(since));
        foreach (var line in verdict.Text)
        {
            output.WriteLine(line);
        }

        return verdict;
    }

    async Task RoundAsync(Town town, TimeSpan lasts, bool last)
    {
        var until = DateTimeOffset.UtcNow + lasts;
        var breaking = BreakSpeechAsync(town, lasts / 2);
        // The last round goes on until there are enough calls, but not for ever.
        var latest = until + (last ? lasts : TimeSpan.Zero);
        await Task.WhenAll(Enumerable.Range(0, options.AtOnce).Select(async worker =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(worker * 400));
            while (DateTimeOffset.UtcNow < until || (Finished < options.Calls && DateTimeOffset.UtcNow < latest))
            {
                await PlayOneAsync(town);
            }
        }));
        clockLateMs = Math.Max(clockLateMs, await town.AudioLateMsAsync());
        await breaking;
    }

    async Task PlayOneAsync(Town town)
    {
        if (!numbers.TryDequeue(out var number))
        {
            throw new InvalidOperationException($"More than {Responders.Numbers} incidents at once.");
        }

        try
        {
            await PlayAsync(town, number);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or TimeoutException)
        {
            // The Simulator's control, which a machine that is busy with other things keeps waiting: this one is not counted, the number is not used again.
            unseen++;
            output.WriteLine($"    {number}: {error.Message}");
        }
    }

    async Task PlayAsync(Town town, string number)
    {
        var one = await town.FileAsync(number, habits[Interlocked.Increment(ref filed) % habits.Length]);
        var verdict = await Judge.OfAsync(town, one, await town.SettledAsync(one, settledWithin));
        if (verdict.Problems.Count > 0)
        {
            output.WriteLine($"    ticket {one.Ticket}, {one.Phone}, {one.Habit}: {string.Join("; ", verdict.Problems)}");
        }

        verdicts.Add(await CloseAsync(town, verdict));
        numbers.Enqueue(number);
    }

    /// <summary>The operator closes the ticket: nothing of the incident may go on then.</summary>
    static async Task<Verdict> CloseAsync(Town town, Verdict verdict)
    {
        await town.Simulator.UpdateTicketAsync(verdict.Case.Ticket, new { status = (int)TicketStatus.Closed });
        for (var i = 0; i < 120; i++)
        {
            if (await town.StateAsync(verdict.Case) is { Status: IncidentStatus.Withdrawn })
            {
                return verdict;
            }

            await Task.Delay(500);
        }

        return verdict with { Problems = [.. verdict.Problems, "its ticket was closed, and it goes on"] };
    }

    static async Task BreakSpeechAsync(Town town, TimeSpan after)
    {
        await Task.Delay(after);
        await town.Simulator.SetFaultAsync("deepgram-agent", new { status = 503 });
        await Task.Delay(outage);
        await town.Simulator.ClearFaultAsync("deepgram-agent");
    }
}
