using CityMonitor.Bench;
using CityMonitor.Bench.City;

namespace CityMonitor.Load;

/// <summary>What one service holds while nothing goes on.</summary>
sealed record Holding(string Service, long Heap, double RssMb, int Sockets, int Files, int Threads);

/// <summary>A look at everything after so many finished calls, with none alive.</summary>
sealed record Checkpoint(int Finished, int Incidents, IReadOnlyList<Holding> Services, RedisAudit Redis, string Load)
{
    /// <summary>The janitor's round, and what a service closes late (idle HTTP connections are not waited for).</summary>
    static readonly TimeSpan rest = TimeSpan.FromSeconds(40);

    public static async Task<Checkpoint> TakeAsync(Town town, int finished, int incidents)
    {
        await Task.Delay(finished == 0 ? TimeSpan.Zero : rest);
        var services = new List<Holding>();
        foreach (var (name, pid) in town.Processes)
        {
            var heap = Town.IsService(name) ? await ManagedHeap.AfterCollectionAsync(pid) : 0;
            var reading = ProcessProbe.Read(pid);
            services.Add(new Holding(name, heap, reading.RssMb, reading.Sockets, reading.Descriptors - reading.Sockets, reading.Threads));
        }

        return new Checkpoint(finished, incidents, services, await RedisAudit.TakeAsync(town.State.Redis), ProcessProbe.Load());
    }

    public Holding Of(string service) => Services.First(holding => holding.Service == service);
}
