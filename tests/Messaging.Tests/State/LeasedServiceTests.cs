using System.Collections.Concurrent;
using CityMonitor.Messaging.State;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Messaging.Tests.State;

public sealed class LeasedServiceTests
{
    [Fact]
    public async Task One_of_two_replicas_works_and_the_other_takes_over_with_a_higher_epoch()
    {
        await using var server = await RedisServer.StartAsync();
        var (one, two) = (new Journal(), new Journal());
        var first = await StartAsync(server, one);
        await Eventually.TrueAsync(() => one.Epochs.Count == 1, "the first works");
        await using var second = await StartAsync(server, two);
        await Task.Delay(1500);
        Assert.Empty(two.Epochs);
        await first.DisposeAsync();
        Assert.Equal(1, one.Lost);
        await Eventually.TrueAsync(() => two.Epochs.Count == 1, "the second takes over within a second or two", TimeSpan.FromSeconds(2.5));
        Assert.True(two.Epochs.Single() > one.Epochs.Single());
    }

    [Fact]
    public async Task The_token_fires_when_Redis_is_silent_for_as_long_as_the_lease_lasts()
    {
        await using var server = await RedisServer.StartAsync();
        var journal = new Journal();
        await using var spine = await StartAsync(server, journal);
        await Eventually.TrueAsync(() => journal.Epochs.Count == 1, "it works");
        server.Freeze();
        await Eventually.TrueAsync(() => journal.Lost == 1, "it is told to stop", TimeSpan.FromSeconds(4.5));
        server.Thaw();
        await Eventually.TrueAsync(() => journal.Epochs.Count == 2, "it works again", TimeSpan.FromSeconds(12));
    }

    [Fact]
    public async Task The_token_fires_when_somebody_else_has_taken_the_lease()
    {
        await using var server = await RedisServer.StartAsync();
        var journal = new Journal();
        await using var spine = await StartAsync(server, journal);
        await Eventually.TrueAsync(() => journal.Epochs.Count == 1, "it works");
        await spine.Redis.SendAsync(["DEL", Keys.Lease("job")]);
        Assert.NotNull(await spine.Get<Leases>().TakeAsync("job", CancellationToken.None));
        await Eventually.TrueAsync(() => journal.Lost == 1, "it is told to stop", TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Work_that_throws_is_started_again()
    {
        await using var server = await RedisServer.StartAsync();
        var journal = new Journal { Throws = true };
        await using var spine = await StartAsync(server, journal);
        await Eventually.TrueAsync(() => journal.Epochs.Count == 3, "it is started again and again");
    }

    static Task<Spine> StartAsync(RedisServer server, Journal journal) =>
        Spine.StartAsync(server.ConnectionString, services => services.AddSingleton(journal).AddHostedService<Job>());

    sealed class Journal
    {
        public ConcurrentQueue<long> Epochs { get; } = new();
        public int Lost;
        public bool Throws { get; init; }
    }

    sealed class Job(Leases leases, Journal journal) : LeasedService(leases)
    {
        protected override string Name => "job";

        protected override async Task RunAsync(long epoch, CancellationToken lost)
        {
            journal.Epochs.Enqueue(epoch);
            if (journal.Throws)
            {
                throw new InvalidOperationException("Again.");
            }

            try
            {
                await Task.Delay(Timeout.Infinite, lost);
            }
            finally
            {
                Interlocked.Increment(ref journal.Lost);
            }
        }
    }
}
