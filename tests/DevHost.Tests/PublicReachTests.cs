using CityMonitor.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CityMonitor.DevHost.Tests;

public sealed class PublicReachTests
{
    [Fact]
    public async Task A_public_URL_that_reaches_us_is_confirmed_at_the_start()
    {
        await using var behind = await ServeAsync("""{"status":"healthy","service":"TelephonyApi"}""");
        var found = await CheckAsync($"{behind.Urls.First()}/twilio/incoming");
        Assert.True(found?.Reached);
    }

    [Fact]
    public async Task A_public_URL_that_reaches_somebody_else_is_told_at_the_start()
    {
        await using var behind = await ServeAsync("<h1>It works!</h1>");
        var found = await CheckAsync(behind.Urls.First());
        Assert.False(found?.Reached);
        Assert.Contains("check PublicUrls:Telephony", found?.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_public_URL_behind_which_nobody_is_is_told_at_the_start()
    {
        var free = Ports.Choose(["Nobody"], new Dictionary<string, int>());
        var found = await CheckAsync(free.Url("Nobody"));
        Assert.False(found?.Reached);
    }

    [Fact]
    public async Task A_simulated_Twilio_needs_no_public_URL() =>
        Assert.Null(await PublicReach.CheckAsync(new Dictionary<string, string> { ["WEBHOOK_URL"] = "http://127.0.0.1:1" }, VendorChoice.All(new Dictionary<string, string>()), CancellationToken.None));

    static Task<(bool Reached, string Text)?> CheckAsync(string url)
    {
        var settings = new Dictionary<string, string>
        {
            ["TWILIO_ACCOUNT_SID"] = "AC0123456789abcdef0123456789abcdef", ["TWILIO_AUTH_TOKEN"] = "t", ["TWILIO_PHONE_NUMBER"] = "+12025550111", ["WEBHOOK_URL"] = url,
        };
        return PublicReach.CheckAsync(settings, VendorChoice.All(settings), CancellationToken.None);
    }

    static async Task<WebApplication> ServeAsync(string body)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/health", () => Results.Text(body));
        await app.StartAsync();
        return app;
    }
}
