using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Calls;

public sealed class LimitTests : TelephonyTest
{
    private protected override (string Key, string Value)[] Settings => [("Capacity:MaxConcurrentCalls", "2")];

    [Fact]
    public async Task No_more_calls_than_the_capacity_are_live_and_a_freed_place_is_used_by_priority_then_age()
    {
        await Telephony.PlaceAsync("fd-1.1", "+12025550141");
        await Telephony.PlaceAsync("fd-2.1", "+12025550142");
        await Eventually.TrueAsync(async () => (await Telephony.PublishedAsync<CallPlaced>()).Count == 2, "two calls");
        var low = await Telephony.PlaceAsync("fd-3.1", "+12025550143", Priority.Low);
        await Telephony.DialIsAsync(low, "queued");
        var high = await Telephony.PlaceAsync("fd-4.1", "+12025550144", Priority.High);
        await Telephony.DialIsAsync(high, "queued");
        var urgent = await Telephony.PlaceAsync("fd-5.1", "+12025550145", Priority.Urgent);
        await Telephony.DialIsAsync(urgent, "queued");
        Assert.Equal(2, Twilio.Dials.Count);

        var order = new List<CallId>();
        while (order.Count < 3)
        {
            var live = (await Telephony.PublishedAsync<CallPlaced>()).Select(placed => placed.Call).Except((await Telephony.PublishedAsync<CallEnded>()).Select(ended => ended.Call)).ToList();
            var ending = (await Telephony.PublishedAsync<CallPlaced>()).First(placed => live.Contains(placed.Call));
            await Telephony.StatusAsync(ending.Call, ending.CallSid, "busy");
            await Eventually.TrueAsync(async () => (await Telephony.PublishedAsync<CallPlaced>()).Count == 3 + order.Count, "the next call");
            order.Add(CallId.Parse(Twilio.Dials[^1].Form["Url"].Split('=')[1]));
        }

        Assert.Equal([urgent, high, low], order);
    }

    [Fact]
    public async Task Above_80_percent_of_the_capacity_status_says_so_until_calls_end()
    {
        await using var other = await StartAsync(("Capacity:MaxConcurrentCalls", "5"));
        await Telephony.DisposeAsync();
        var placed = new List<CallPlaced>();
        for (var i = 1; i <= 5; i++)
        {
            await other.PlaceAsync($"fd-{i}.1", $"+1202555014{i}");
            await Eventually.TrueAsync(async () => (placed = [.. await other.PublishedAsync<CallPlaced>()]).Count == i, "the call is placed");
            if (i == 4)
            {
                Assert.Empty((await StatusAsync())["alerts"]!.AsArray()); // 80 % is not above 80 %
            }
        }

        await Eventually.TrueAsync(async () => (await StatusAsync())["alerts"]!.AsArray().Count == 1, "the alert");
        var alert = (await StatusAsync())["alerts"]![0]!;
        Assert.Equal("capacity", alert["name"]!.GetValue<string>());
        Assert.Contains("5 of 5 calls", alert["text"]!.GetValue<string>(), StringComparison.Ordinal);

        var watched = (await StatusAsync())["watched"]!.AsArray().Single(one => one!["name"]!.GetValue<string>() == "capacity")!;
        Assert.Equal((1.0, 0.8, true), (watched["value"]!.GetValue<double>(), watched["limit"]!.GetValue<double>(), watched["raised"]!.GetValue<bool>()));

        // Over well below the limit, so that it does not come and go with each call.
        await other.StatusAsync(placed[0].Call, placed[0].CallSid, "busy");
        await other.StatusAsync(placed[1].Call, placed[1].CallSid, "busy");
        await Eventually.TrueAsync(async () => (await StatusAsync())["alerts"]!.AsArray().Count == 0, "it is over");

        async Task<JsonObject> StatusAsync() => (await other.Http.GetFromJsonAsync<JsonObject>("/status"))!;
    }

    [Fact]
    public async Task Calls_per_second_hold_over_all_replicas()
    {
        await Telephony.DisposeAsync();
        await using var one = await StartAsync(("Twilio:CallsPerSecond", "5"));
        await using var two = await StartAsync(("Twilio:CallsPerSecond", "5"));
        var started = DateTimeOffset.UtcNow;
        for (var i = 0; i < 6; i++)
        {
            await one.PlaceAsync($"fd-{i}.1", $"+1202555015{i}");
        }

        await Eventually.TrueAsync(() => Twilio.Dials.Count == 6, "six dials");
        Assert.True(DateTimeOffset.UtcNow - started >= TimeSpan.FromMilliseconds(950), "six calls at five per second take a second");
    }
}
