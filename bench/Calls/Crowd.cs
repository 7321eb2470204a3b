using System.Collections.Concurrent;
using CityMonitor.Bench.Subjects;

namespace CityMonitor.Bench.Calls;

/// <summary>All that surrounds a subject: phones, their clock, and the vendor.</summary>
sealed class Crowd : IAsyncDisposable
{
    const int ConnectingAtOnce = 8;

    readonly ConcurrentDictionary<int, LoadCall> calls = new();
    int next;

    Crowd()
    {
    }

    public Samples Samples { get; } = new();

    public Pacer Pacer { get; } = new();

    public LoadVendor Vendor { get; private set; } = null!;

    public int Count => calls.Count;

    public int Open => calls.Values.Count(call => call.IsOpen);

    public static async Task<Crowd> StartAsync()
    {
        var crowd = new Crowd();
        crowd.Vendor = await LoadVendor.StartAsync(number => crowd.calls.GetValueOrDefault(number));
        return crowd;
    }

    /// <summary>So many more calls, their turns spread over time.</summary>
    public Task GrowAsync(Subject subject, int by) =>
        Parallel.ForEachAsync(Enumerable.Range(0, by), new ParallelOptions { MaxDegreeOfParallelism = ConnectingAtOnce }, async (_, ct) => await AddAsync(subject, null, ct));

    /// <param name="offset">Where in its turn the call begins, in ticks; null: anywhere.</param>
    public async Task<LoadCall> AddAsync(Subject subject, int? offset, CancellationToken ct)
    {
        var call = new LoadCall(Interlocked.Increment(ref next) & 0xFFFF, Samples);
        calls[call.Number] = call;
        await call.ConnectAsync(subject.Url, await subject.TokenAsync(call.Number), offset ?? LoadCall.VoiceTicks + 1 + (call.Number * 37 % (LoadCall.TurnTicks - LoadCall.VoiceTicks - 1)), ct);
        Pacer.Add(call);
        return call;
    }

    public async Task EndAsync(LoadCall call, bool orderly, CancellationToken ct)
    {
        Pacer.Remove(call);
        await call.HangUpAsync(orderly, ct);
        calls.TryRemove(call.Number, out _);
        call.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(calls.Values.Select(call => EndAsync(call, orderly: false, default)));
        Pacer.Dispose();
        await Vendor.DisposeAsync();
    }
}
