using System.Diagnostics;

namespace CityMonitor.Faults;

/// <summary>One city and the rows that it plays, one after the other.</summary>
sealed class CityRun(World world, Options options, Action<RowResult> done)
{
    /// <summary>A wave whose phones' clock was later than this is played again.</summary>
    const double TooLateMs = 100;

    /// <summary>Nobody is on the phone for most of a row that lasts this long: a moment in which the machine was busy says nothing of it.</summary>
    static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    const int MostWaves = 10;

    static readonly TextWriter output = TextWriter.Synchronized(Console.Out);
    static readonly string[] areas = ["202", "303", "404", "505"];

    int nextPhone;
    RowResult? before;

    /// <summary>Plays a row. False: this city is no use any more.</summary>
    public async Task<bool> PlayAsync(FaultRow row)
    {
        var since = Stopwatch.GetTimestamp();
        var verdicts = new List<Verdict>();
        var clock = 0.0;
        var usable = true;
        for (var wave = 0; usable && verdicts.Count(v => v.Incident.Hit) < options.Tries && wave < MostWaves; wave++)
        {
            var count = row.AtOnce ?? CountFor(row, options.Tries - verdicts.Count(v => v.Incident.Hit));
            var incidents = Enumerable.Range(0, count).Select(_ => new Incident(NextPhone(), DateTimeOffset.UtcNow)).ToList();
            try
            {
                var playing = new Wave(world, row, wave, incidents);
                var played = await playing.PlayAsync();
                var late = playing.ClockLateMs;
                if (late > TooLateMs && !(row.Lasts >= Long))
                {
                    Say($"    wave {wave} is not judged: the audio clock was {late:0} ms late: {row.Name}");
                    await world.CloseAsync(incidents);
                    continue;
                }

                clock = Math.Max(clock, late);
                // One that the fault did not reach still must hold, but is no try.
                verdicts.AddRange(played.Where(v => v.Incident.Hit || v.Problems.Count > 0));
                Say($"    wave {wave}: {played.Count(v => v.Incident.Hit)} of {played.Count} at the moment: {row.Name}");
                foreach (var verdict in played.Where(v => v.Problems.Count > 0))
                {
                    Say($"    ticket {verdict.Incident.Ticket}, {verdict.Incident.Phone}{(verdict.Incident.Hit ? "" : ", not reached")}: {string.Join("; ", verdict.Problems)}");
                    await Story.WriteAsync(world, verdict, row);
                }
            }
            catch (Exception e)
            {
                // Whatever broke, the row is not held, and the run goes on with the next one.
                Say($"    wave {wave} of {row.Name}: {e}");
                verdicts.AddRange(incidents.Select(incident => new Verdict(incident, [$"the run broke: {e.GetType().Name}"], 0, "?")));
                usable = false;
            }
        }

        if (before is not null && usable)
        {
            await LookBackAsync();
        }

        var held = verdicts.Count(v => v.Problems.Count == 0);
        Say($"{held,3} of {verdicts.Count,3} held, silence at most {verdicts.Select(v => v.SilenceMs).DefaultIfEmpty().Max() / 1000.0:0.0} s, {Stopwatch.GetElapsedTime(since).TotalSeconds,4:0} s, audio clock {clock:0} ms late: {row.Name}");
        before = new RowResult(row, verdicts, clock);
        done(before);
        return usable;
    }

    /// <summary>Some more than are needed, for those that the fault will not meet; two waves where they break different tools.</summary>
    int CountFor(FaultRow row, int needed)
    {
        var most = row.Moment is Moment.InATool ? (options.Tries + 1) / 2 : options.AtOnce;
        return (int)Math.Ceiling(Math.Min(needed, most) * (row.Share < 1 ? 1.2 : 1.1) / row.Share);
    }

    /// <summary>Nothing was done once more to the row before; then its tickets are closed, so that the city's work does not grow with each row.</summary>
    public async Task LookBackAsync()
    {
        if (before is not { } row)
        {
            return;
        }

        before = null;
        try
        {
            var again = await Task.WhenAll(row.Verdicts.Select(verdict => Judge.AgainAsync(world, verdict)));
            if (again.Zip(row.Verdicts).Any(pair => pair.First != pair.Second))
            {
                Say($"    behind the verdict something was done again: {row.Row.Name}");
                done(row with { Verdicts = again });
            }

            await world.CloseAsync(row.Verdicts.Select(verdict => verdict.Incident));
        }
        catch (Exception e) when (Judge.IsOutage(e))
        {
            Say($"    looking back at {row.Row.Name}: {e.Message}");
        }
    }

    // Fictional numbers; each is used again only after some hundred others.
    string NextPhone()
    {
        var number = nextPhone++;
        return $"+1{areas[number / 99 % areas.Length]}55501{1 + (number % 99):00}";
    }

    static void Say(FormattableString text) => output.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {FormattableString.Invariant(text)}");
}
