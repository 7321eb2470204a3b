using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;

namespace CityMonitor.TelephonyApi.Tests.Calls;

public sealed class ReplicaTests : TelephonyTest
{
    [Fact]
    public async Task A_call_placed_by_a_replica_that_is_gone_goes_on_at_another_one()
    {
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        await Telephony.DisposeAsync();
        await using var other = await StartAsync();
        await other.AddBridgeAsync("b", 5);
        Assert.NotNull((await other.TwimlAsync($"/twilio/incoming?call={call}", ("CallSid", sid), ("CallStatus", "in-progress"))).Element("Connect"));
        await other.StatusAsync(call, sid, "completed");
        Assert.Equal(CallEnd.Completed, (await other.OneAsync<CallEnded>()).End);
        Assert.Single(Twilio.Dials);
    }

    [Fact]
    public async Task A_replica_that_died_between_taking_a_call_and_dialling_it_costs_the_attempt_and_nothing_more()
    {
        var call = CallId.Parse("fd-2.1");
        var since = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await Telephony.WriteSessionAsync(call, "+12025550124");
        await Telephony.Redis.SendAsync(
            ["HSET", Keys.Call(call), CallFields.Dial, "dialling", "dial.to", "+12025550124", "dial.since", since.ToString(CultureInfo.InvariantCulture), "dial.ring", 60, "dial.max", 900]);
        await Telephony.Redis.SendAsync(["SET", Keys.DialNumber(PhoneNumber.Parse("+12025550124")), call.Value, "EX", 600]);
        await Telephony.Redis.SendAsync(["ZADD", Keys.Dialling, since, call.Value]);
        Assert.Equal(CallEnd.Unknown, (await Telephony.OneAsync<CallEnded>()).End);
        Assert.Empty(Twilio.Dials);

        // Its number and its place are free again.
        var next = await Telephony.PlaceAsync("fd-2.2", "+12025550124");
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == next);
    }

    [Fact]
    public async Task An_end_that_was_written_and_never_told_is_told_by_the_watch()
    {
        var call = CallId.Parse("fd-3.1");
        await Telephony.Redis.SendAsync(
            ["HSET", Keys.Call(call), CallFields.Dial, "ended", "dial.end", "Failed", "dial.code", 21217, "dial.detail", "this is not a valid phone number"]);
        await Telephony.Redis.SendAsync(["ZADD", Keys.Dialling, 1, call.Value]);
        var ended = await Telephony.OneAsync<CallEnded>();
        Assert.Equal((CallEnd.Failed, (int?)21217, "this is not a valid phone number"), (ended.End, ended.ErrorCode, ended.Detail));
    }
}
