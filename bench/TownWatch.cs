using CityMonitor.Bench.City;

namespace CityMonitor.Bench;

/// <param name="LateMs">The worst of each second: how late the phones' clock was.</param>
/// <param name="BusiestShare">Of the cores' time, in the busiest ten seconds.</param>
/// <param name="RssMb">The most of each process.</param>
sealed record TownSeen(IReadOnlyList<double> LateMs, double BusiestShare, IReadOnlyDictionary<string, double> RssMb);

/// <summary>Looks at a city each second while calls go on in it.</summary>
sealed class TownWatch : IDisposable
{
    const int Stretch = 10;

    readonly CancellationTokenSource stop = new();
    readonly Task<TownSeen> watching;

    public TownWatch(Town town) => watching = WatchAsync(town);

    public async Task<TownSeen> StopAsync()
    {
        await stop.CancelAsync();
        return await watching;
    }

    public void Dispose() => stop.Dispose();

    async Task<TownSeen> WatchAsync(Town town)
    {
        var late = new List<double>();
        var rss = town.Processes.ToDictionary(process => process.Name, _ => 0.0);
        var cores = new List<MachineProbe> { MachineProbe.Read() };
        await town.WorstLateMsAsync();
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await second.WaitForNextTickAsync(stop.Token))
            {
                late.Add(await town.WorstLateMsAsync());
                cores.Add(MachineProbe.Read());
                if (late.Count % Stretch == 0)
                {
                    foreach (var (name, pid) in town.Processes)
                    {
                        rss[name] = Math.Max(rss[name], ProcessProbe.Read(pid).RssMb);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody talks any more.
        }

        return new TownSeen(late, Enumerable.Range(0, Math.Max(0, cores.Count - Stretch)).Select(i => cores[i + Stretch].BusySince(cores[i])).DefaultIfEmpty(double.NaN).Max(), rss);
    }
}
