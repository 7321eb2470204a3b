using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Webhooks;

/// <summary>A bridge that froze leaves its sockets open; only that it renews nothing any more tells.</summary>
public sealed class LostBridgeTests : TelephonyTest
{
    static readonly CallId call = CallId.Parse("fd-1.1");

    static async Task<string> DialledAsync(RunningTelephony telephony)
    {
        await telephony.AddBridgeAsync("b", 5);
        await telephony.PlaceAsync(call.Value, "+12025550123");
        return (await telephony.OneAsync<CallPlaced>()).CallSid;
    }

    Task MovedAsync() => Eventually.TrueAsync(
        () => Twilio.Updates.Count == 1 && Twilio.Updates[0].Form["Url"] == "https://calls.example.org/twilio/continue?call=fd-1.1&answer=1", "the call is moved on");

    [Fact]
    public async Task A_bridge_that_froze_while_the_phone_rang_is_left_as_soon_as_the_call_is_answered()
    {
        var sid = await DialledAsync(Telephony);
        await Telephony.Redis.SendAsync(["DEL", Keys.Bridge("b")]);
        await Telephony.StatusAsync(call, sid, "ringing");
        await Task.Delay(300);
        Assert.Empty(Twilio.Updates);
        await Telephony.StatusAsync(call, sid, "in-progress");
        await MovedAsync();
    }

    [Fact]
    public async Task A_bridge_that_freezes_between_answer_and_start_is_left()
    {
        var sid = await DialledAsync(Telephony);
        await Telephony.StatusAsync(call, sid, "in-progress");
        await Task.Delay(200);
        Assert.Empty(Twilio.Updates);
        await Telephony.Redis.SendAsync(["DEL", Keys.Bridge("b")]);
        await MovedAsync();
    }

    [Fact]
    public async Task Every_replica_watches_so_that_no_call_waits_until_another_one_takes_over()
    {
        await Telephony.DisposeAsync();
        await using var other = await StartAsync();
        await other.Redis.SendAsync(["SET", Keys.Lease("telephony-watch"), "a replica that froze 1", "PX", 60_000]);
        await DialledAsync(other);
        await other.Get<CallStore>().BeginStreamAsync(call, "b", default);
        await other.Redis.SendAsync(["DEL", Keys.Bridge("b")]);
        await MovedAsync();
    }

    [Fact]
    public async Task Two_replicas_move_a_call_once()
    {
        await using var other = await StartAsync();
        await DialledAsync(Telephony);
        await Telephony.Get<CallStore>().BeginStreamAsync(call, "b", default);
        await Telephony.Redis.SendAsync(["DEL", Keys.Bridge("b")]);
        await MovedAsync();
        await Task.Delay(500);
        Assert.Single(Twilio.Updates);
    }

    [Fact]
    public async Task A_replica_that_died_while_it_moved_a_call_is_followed_by_another_one()
    {
        await DialledAsync(Telephony);
        await Telephony.Get<CallStore>().BeginStreamAsync(call, "b", default);
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), DialFields.Moved, 1, DialFields.MovedAt, now.ToString(CultureInfo.InvariantCulture)]);
        await Telephony.Redis.SendAsync(["DEL", Keys.Bridge("b")]);
        await Task.Delay(500);
        Assert.Empty(Twilio.Updates);
        await Telephony.Redis.SendAsync(["HSET", Keys.Call(call), DialFields.MovedAt, (now - 5000).ToString(CultureInfo.InvariantCulture)]);
        await MovedAsync();
    }

    [Fact]
    public async Task A_bridge_that_was_only_late_takes_the_call_again_and_loses_no_other()
    {
        var sid = await DialledAsync(Telephony);
        await Telephony.StatusAsync(call, sid, "in-progress");
        await Telephony.Get<CallStore>().BeginStreamAsync(call, "b", default);
        await Telephony.Redis.SendAsync(["DEL", Keys.Bridge("b")]);
        await MovedAsync();
        await Telephony.AddBridgeAsync("b", 5);
        var twiml = await Telephony.TwimlAsync(new Uri(Twilio.Updates[0].Form["Url"]).PathAndQuery, ("CallSid", sid), ("CallStatus", "in-progress"));
        Assert.Equal(["Connect", "Redirect"], twiml.Elements().Select(element => element.Name.LocalName));
        await Telephony.Get<CallStore>().BeginStreamAsync(call, "b", default);
        await Task.Delay(300);
        Assert.Single(Twilio.Updates);
    }
}
