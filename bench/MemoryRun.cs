using CityMonitor.Bench.Calls;
using CityMonitor.Bench.Subjects;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Bench;

/// <summary>What a call costs in memory: the same subject with 100, 200 and 300 calls that talk.</summary>
static class MemoryRun
{
    static readonly int[] steps = [100, 200, 300];
    static readonly TimeSpan talk = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(RunOptions options)
    {
        Console.WriteLine("| Subject | calls | RSS | heap after a collection | sockets | files | threads |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        (string Name, Func<Uri, RedisServer, Task<Subject>> Start)[] subjects =
        [
            ("bare relay", (vendor, _) => Subject.RelayAsync(vendor, 4)),
            ("MediaBridge", (vendor, redis) => Subject.BridgeAsync(vendor, redis)),
        ];
        foreach (var (name, start) in subjects.Where(subject => options.Includes(subject.Name)))
        {
            await using var redis = await RedisServer.StartAsync();
            await using var crowd = await Crowd.StartAsync();
            await using var subject = await start(crowd.Vendor.Url, redis);
            var found = new List<(int Calls, double Rss, double Heap)>();
            foreach (var calls in steps)
            {
                await crowd.GrowAsync(subject, calls - crowd.Count);
                await Task.Delay(talk);
                var reading = ProcessProbe.Read(subject.Pid);
                var heap = await ManagedHeap.AfterCollectionAsync(subject.Pid) / 1e6;
                found.Add((calls, reading.RssMb, heap));
                Console.WriteLine($"| {name} | {calls} | {reading.RssMb:0.0} MB | {heap:0.0} MB | {reading.Sockets} | {reading.Descriptors - reading.Sockets} | {reading.Threads} |");
            }

            var (first, last) = (found[0], found[^1]);
            Console.WriteLine($"  {name}: from {first.Calls} to {last.Calls} calls {(last.Rss - first.Rss) / (last.Calls - first.Calls):0.000} MB of RSS and {(last.Heap - first.Heap) * 1000 / (last.Calls - first.Calls):0} KB of heap per call; load {ProcessProbe.Load()}");
        }

        return 0;
    }
}
