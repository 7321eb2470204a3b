using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace CityMonitor.Bench;

/// <summary>Looks into another .NET process through its diagnostic port: nothing is added to the product for it.</summary>
static class ManagedHeap
{
    const string Runtime = "Microsoft-Windows-DotNETRuntime";

    /// <summary>Enabling this keyword makes the runtime collect, all generations.</summary>
    const long Collect = 0x800000;

    static readonly TimeSpan patience = TimeSpan.FromSeconds(20);

    /// <summary>Bytes on the heap after two full collections, so that what waited for a finalizer is gone too.</summary>
    public static async Task<long> AfterCollectionAsync(int pid)
    {
        await CollectAsync(pid);
        await Task.Delay(500);
        return await CollectAsync(pid);
    }

    /// <summary>Bytes allocated while <paramref name="during"/> runs, by the runtime's own counter, each second.</summary>
    public static async Task<double> AllocatedPerSecondAsync(int pid, TimeSpan during)
    {
        var seconds = new List<double>();
        using var session = new DiagnosticsClient(pid).StartEventPipeSession(
            [new EventPipeProvider("System.Runtime", EventLevel.Informational, -1, new Dictionary<string, string> { ["EventCounterIntervalSec"] = "1" })], requestRundown: false);
        using var source = new EventPipeEventSource(session.EventStream);
        source.Dynamic.All += counter =>
        {
            if (counter.EventName == "EventCounters" && counter.PayloadValue(0) is IDictionary<string, object> outer
                && outer["Payload"] is IDictionary<string, object> one && (string)one["Name"] == "alloc-rate")
            {
                seconds.Add(Convert.ToDouble(one["Increment"], System.Globalization.CultureInfo.InvariantCulture));
            }
        };
        var reading = Task.Factory.StartNew(source.Process, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Task.Delay(during);
        await session.StopAsync(CancellationToken.None);
        await reading.ContinueWith(static _ => { }, TaskScheduler.Default);
        return seconds.Count > 1 ? seconds.Skip(1).Average() : 0; // the first is not a whole second
    }

    static async Task<long> CollectAsync(int pid)
    {
        var size = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var session = new DiagnosticsClient(pid).StartEventPipeSession(
            [new EventPipeProvider(Runtime, EventLevel.Informational, (long)ClrTraceEventParser.Keywords.GC | Collect)], requestRundown: false);
        using var source = new EventPipeEventSource(session.EventStream);
        var generation = -1;
        source.Clr.GCStart += start => generation = start.Depth;
        source.Clr.GCHeapStats += stats =>
        {
            if (generation == 2)
            {
                size.TrySetResult(stats.TotalHeapSize);
            }
        };
        var reading = Task.Factory.StartNew(source.Process, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            // Events leave in blocks; stopping the session flushes the last one.
            await Task.WhenAny(size.Task, Task.Delay(1500));
            await session.StopAsync(CancellationToken.None);
            await reading.WaitAsync(patience);
            return await size.Task.WaitAsync(patience);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"Process {pid} did not tell its heap.", error);
        }
    }
}
