using CityMonitor.Messaging.Redis;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CityMonitor.ServiceDefaults.Tests;

[Collection(nameof(QuotaTests))] // the counters are the process'
public sealed class QuotaTests : IAsyncLifetime
{
    static readonly VendorMode s_real = new("ElevenLabs", Simulated: false, "https://api.elevenlabs.io");
    static readonly VendorMode s_simulated = new("OpenAI", Simulated: true, "http://127.0.0.1:5094");

    readonly MovableClock _clock = new();
    readonly List<IAsyncDisposable> _owned = [];
    RedisServer _server = null!;

    static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _owned)
        {
            await one.DisposeAsync();
        }

        await _server.DisposeAsync();
    }

    (QuotaLedger Ledger, Alerts Alerts) Replica(QuotaOptions? options = null, params VendorMode[] vendors)
    {
        var redis = new RedisClient(RedisOptions.Parse(_server.ConnectionString), TimeProvider.System, NullLogger<RedisClient>.Instance);
        var alerts = new Alerts(_clock, NullLogger<Alerts>.Instance);
        var ledger = new QuotaLedger(redis, Options.Create(options ?? new QuotaOptions()), vendors.Length > 0 ? vendors : [s_real, s_simulated], alerts, _clock, NullLogger<QuotaLedger>.Instance);
        _owned.Add(redis);
        _owned.Add(new Both(ledger, alerts));
        return (ledger, alerts);
    }

    sealed class Both(QuotaLedger ledger, Alerts alerts) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            ledger.Dispose();
            alerts.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    static QuotaUse Of(QuotaLedger ledger, Quota quota) => ledger.Now.Single(use => use.Quota == quota.Name);

    [Fact]
    public async Task What_one_replica_uses_counts_for_all_with_a_warning_at_80_percent_and_a_refuge_at_100()
    {
        var (one, oneAlerts) = Replica();
        VendorUse.Add(Quotas.ElevenLabsCharacters, 7_900);
        await one.FlushAsync(Ct);
        Assert.Empty(oneAlerts.Active);

        var (other, otherAlerts) = Replica();
        await other.FlushAsync(Ct);
        Assert.Equal(new QuotaUse("elevenlabs.characters", "month", 7_900, 10_000), Of(other, Quotas.ElevenLabsCharacters));

        one.Dispose(); // it has counted; what comes now is the other's
        VendorUse.Add(Quotas.ElevenLabsCharacters, 200);
        await other.FlushAsync(Ct);
        var alert = Assert.Single(otherAlerts.Active);
        Assert.Equal("quota.elevenlabs.characters", alert.Name);
        Assert.Contains("81", alert.Text, StringComparison.Ordinal);
        Assert.Contains("Quotas:ElevenLabsCharactersPerMonth", alert.Text, StringComparison.Ordinal);
        Assert.False(other.IsUsedUp(Quotas.ElevenLabsCharacters));

        VendorUse.Add(Quotas.ElevenLabsCharacters, 1_900);
        Assert.True(other.IsUsedUp(Quotas.ElevenLabsCharacters)); // at once, not when Redis knows
        await other.FlushAsync(Ct);
        Assert.Contains("is used up", Assert.Single(otherAlerts.Active).Text, StringComparison.Ordinal);

        _clock.Move(TimeSpan.FromDays(31));
        await other.FlushAsync(Ct);
        Assert.Empty(otherAlerts.Active);
        Assert.False(other.IsUsedUp(Quotas.ElevenLabsCharacters));
    }

    [Fact]
    public async Task A_simulated_vendor_has_no_limit_and_one_that_is_configured_counts()
    {
        var (free, _) = Replica();
        var (limited, limitedAlerts) = Replica(new QuotaOptions { OpenAITokensPerMinute = 100, ElevenLabsCharactersPerMonth = 0 });
        VendorUse.Add(Quotas.OpenAITokens, 5_000_000);
        await free.FlushAsync(Ct);
        await limited.FlushAsync(Ct);
        Assert.Null(Of(free, Quotas.OpenAITokens).Limit);
        Assert.False(free.IsUsedUp(Quotas.OpenAITokens));
        Assert.Null(Of(limited, Quotas.ElevenLabsCharacters).Limit);
        Assert.Equal("quota.openai.tokens", Assert.Single(limitedAlerts.Active).Name);

        // The next minute begins anew.
        _clock.Move(TimeSpan.FromMinutes(3));
        await limited.FlushAsync(Ct);
        Assert.Equal(0, Of(limited, Quotas.OpenAITokens).Used);
        Assert.Empty(limitedAlerts.Active);
    }

    [Fact]
    public async Task What_is_used_while_Redis_is_away_is_counted_when_it_is_back()
    {
        var (ledger, _) = Replica(new QuotaOptions { ElevenLabsCharactersPerMonth = 1000 });
        await ledger.FlushAsync(Ct);
        _server.Kill();
        VendorUse.Add(Quotas.ElevenLabsCharacters, 900);
        await Assert.ThrowsAnyAsync<RedisException>(() => ledger.FlushAsync(Ct));
        VendorUse.Add(Quotas.ElevenLabsCharacters, 100);
        Assert.True(ledger.IsUsedUp(Quotas.ElevenLabsCharacters));
        await _server.StartAgainAsync();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await ledger.FlushAsync(Ct);
                return true;
            }
            catch (RedisException)
            {
                return false;
            }
        }, "Redis is back", TimeSpan.FromSeconds(20));
        Assert.Equal(1000, Of(ledger, Quotas.ElevenLabsCharacters).Used);
    }

    [Fact]
    public void A_wrong_limit_is_named_with_its_rule_and_an_example() =>
        Assert.Equal(
            ["Quotas:DeepgramHoursPerMonth must be 0 (no limit) or more, for example 50; found '-3600'.", "Quotas:WarnAbove must be a share above 0 and up to 1, for example 0.8; found '2'."],
            new QuotaOptions { DeepgramHoursPerMonth = -1, WarnAbove = 2 }.Problems());
}
