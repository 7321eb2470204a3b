using CityMonitor.Tests.Shared;

// Most of their time is spent waiting: for patience to end, for a lease to lapse, for a pause to be over.
[assembly: CollectionBehavior(MaxParallelThreads = 6)]

namespace CityMonitor.TelephonyApi.Tests.Support;

/// <summary>Redis, a stand-in for Twilio and one replica, all of their own for each test.</summary>
public abstract class TelephonyTest : IAsyncLifetime
{
    private protected RedisServer RedisServer { get; private set; } = null!;

    private protected FakeTwilio Twilio { get; private set; } = null!;

    private protected RunningTelephony Telephony { get; private set; } = null!;

    private protected virtual (string Key, string Value)[] Settings => [];

    public async ValueTask InitializeAsync()
    {
        RedisServer = await RedisServer.StartAsync();
        Twilio = await FakeTwilio.StartAsync();
        Telephony = await StartAsync(Settings);
    }

    private protected Task<RunningTelephony> StartAsync(params (string Key, string Value)[] settings) =>
        RunningTelephony.StartAsync(RedisServer.ConnectionString, Twilio.Url, settings);

    public async ValueTask DisposeAsync()
    {
        await Telephony.DisposeAsync();
        await Twilio.DisposeAsync();
        await RedisServer.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
