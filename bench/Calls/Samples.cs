using System.Collections.Concurrent;

namespace CityMonitor.Bench.Calls;

/// <summary>What the load saw, in ms; taken out window by window.</summary>
sealed class Samples
{
    int underruns;
    int slowSends;

    /// <summary>From the frame that ends an utterance to the first audio of the answer at the phone.</summary>
    public ConcurrentBag<double> Added { get; private set; } = [];

    /// <summary>From the same frame to its arrival at the vendor.</summary>
    public ConcurrentBag<double> Inbound { get; private set; } = [];

    /// <summary>Turns of a cascade that were answered.</summary>
    public ConcurrentBag<TurnTrace> Turns { get; private set; } = [];

    public ConcurrentBag<double> BargeInByVendor { get; } = [];

    /// <summary>From the caller's first sound.</summary>
    public ConcurrentBag<double> BargeInByDetector { get; } = [];

    public ConcurrentBag<string> Oddities { get; } = [];

    /// <summary>20 ms of silence inside an answer.</summary>
    public int Underruns => Volatile.Read(ref underruns);

    public int SlowSends => Volatile.Read(ref slowSends);

    public void Underrun() => Interlocked.Increment(ref underruns);

    public void SlowSend() => Interlocked.Increment(ref slowSends);

    public TurnTrace[] TakeTurns()
    {
        TurnTrace[] taken = [.. Turns];
        Turns = [];
        return taken;
    }

    public (double[] Added, double[] Inbound, int Underruns) Take()
    {
        var taken = ((double[])[.. Added], (double[])[.. Inbound], Interlocked.Exchange(ref underruns, 0));
        (Added, Inbound) = ([], []);
        return taken;
    }
}
