using CityMonitor.Bench.Calls;
using CityMonitor.Bench.Subjects;
using CityMonitor.Messaging.Redis;
using CityMonitor.Tests.Shared;

namespace CityMonitor.Bench;

/// <summary>
/// The leak audit of MediaBridge: 1,200 short calls that end in five ways, and what is left of them each 200 calls, with no call alive.
/// </summary>
static class FinishedRun
{
    const int Every = 200;
    const int Total = 1200;
    const int AtOnce = 40;

    /// <summary>Calls before this one are warm-up: code is compiled, pools fill.</summary>
    const int From = 200;

    public static async Task<int> RunAsync()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var crowd = await Crowd.StartAsync();
        await using var subject = await Subject.BridgeAsync(crowd.Vendor.Url, redis);
        Console.WriteLine("| finished calls | heap after a collection | RSS | sockets | files | threads | vendor sockets | Redis keys without a TTL | with one |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        var found = new List<(int Calls, long Heap)>();
        await ReportAsync(0, subject, crowd, found);
        for (var finished = 0; finished < Total; finished += Every)
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(finished, Every), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (n, ct) => await PlayAsync(n, subject, crowd, ct));
            await Task.Delay(TimeSpan.FromSeconds(4));
            await ReportAsync(finished + Every, subject, crowd, found);
        }

        var (first, last) = (found.First(one => one.Calls == From), found[^1]);
        var perCall = (last.Heap - first.Heap) / (double)(last.Calls - first.Calls);
        foreach (var oddity in crowd.Samples.Oddities.GroupBy(text => text))
        {
            Console.WriteLine($"  {oddity.Count()}x {oddity.Key}");
        }

        Console.WriteLine($"  heap per finished call from {first.Calls} to {last.Calls}: {perCall:#,0} bytes; load {ProcessProbe.Load()}");
        return perCall <= 1024 ? 0 : 1;
    }

    static async Task PlayAsync(int number, Subject subject, Crowd crowd, CancellationToken ct)
    {
        // 0.4 s of speech, the vendor's answer, and an end somewhere in it.
        var call = await crowd.AddAsync(subject, LoadCall.VoiceTicks - 20, ct);
        await Task.Delay(TimeSpan.FromMilliseconds(1200 + (number % 7 * 200)), ct);
        if (number % 5 == 3)
        {
            call.DropVendor();
            await Task.Delay(700, ct);
        }

        await crowd.EndAsync(call, orderly: number % 5 != 4, ct);
    }

    static async Task ReportAsync(int finished, Subject subject, Crowd crowd, List<(int Calls, long Heap)> found)
    {
        var heap = await ManagedHeap.AfterCollectionAsync(subject.Pid);
        var reading = ProcessProbe.Read(subject.Pid);
        found.Add((finished, heap));
        var (kept, passing) = await KeysAsync(subject.Redis!);
        Console.WriteLine(
            $"| {finished} | {heap / 1e6:0.000} MB | {reading.RssMb:0.0} MB | {reading.Sockets} | {reading.Descriptors - reading.Sockets} | {reading.Threads} | {crowd.Vendor.OpenSockets} | {kept} | {passing} |");
    }

    static async Task<(int Kept, int Passing)> KeysAsync(RedisClient redis)
    {
        var (kept, passing) = (0, 0);
        foreach (var key in (await redis.SendAsync(["KEYS", "cm:*"])).Items)
        {
            if ((await redis.SendAsync(["PTTL", key.Text!])).Number < 0)
            {
                kept++;
            }
            else
            {
                passing++;
            }
        }

        return (kept, passing);
    }
}
