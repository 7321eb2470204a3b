using System.Collections.Immutable;
using System.Diagnostics;

namespace CityMonitor.Bench.Calls;

/// <summary>Twilio's clock: one thread sends each call's frame every 20 ms, the calls spread over those 20 ms.</summary>
sealed class Pacer : IDisposable
{
    const int Slots = 20;

    readonly Thread thread;
    ImmutableList<LoadCall>[] slots = [.. Enumerable.Range(0, Slots).Select(_ => ImmutableList<LoadCall>.Empty)];
    volatile bool stopped;

    public Pacer()
    {
        thread = new Thread(Run) { IsBackground = true, Name = "pacer", Priority = ThreadPriority.AboveNormal };
        thread.Start();
    }

    /// <summary>Whether turns with interruptions are played.</summary>
    public volatile bool Interrupts;

    /// <summary>How late frames left at the worst since the last look, in ms: the load's own honesty.</summary>
    public double WorstLag { get; set; }

    public void Add(LoadCall call) => ImmutableInterlocked.Update(ref slots[call.Number % Slots], static (list, call) => list.Add(call), call);

    public void Remove(LoadCall call) => ImmutableInterlocked.Update(ref slots[call.Number % Slots], static (list, call) => list.Remove(call), call);

    public void Dispose()
    {
        stopped = true;
        thread.Join();
    }

    void Run()
    {
        var began = Stopwatch.GetTimestamp();
        for (long ms = 0; !stopped; ms++)
        {
            var due = ms - Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (due > 0)
            {
                Thread.Sleep((int)Math.Ceiling(due));
            }
            else
            {
                WorstLag = Math.Max(WorstLag, -due);
            }

            foreach (var call in Volatile.Read(ref slots[ms % Slots]))
            {
                call.Tick(Interrupts);
            }
        }
    }
}
