using System.Net;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Webhooks;

public sealed class StatusTests : TelephonyTest
{
    static readonly CallId call = CallId.Parse("fd-1.1");

    async Task<string> PlacedAsync()
    {
        await Telephony.PlaceAsync(call.Value, "+12025550123");
        return (await Telephony.OneAsync<CallPlaced>()).CallSid;
    }

    [Theory]
    [InlineData("completed", CallEnd.Completed)]
    [InlineData("busy", CallEnd.Busy)]
    [InlineData("no-answer", CallEnd.NoAnswer)]
    [InlineData("failed", CallEnd.Failed)]
    [InlineData("canceled", CallEnd.Canceled)]
    public async Task Each_end_of_a_call_is_told_and_frees_its_place(string status, CallEnd end)
    {
        var sid = await PlacedAsync();
        await Telephony.StatusAsync(call, sid, status, ("SequenceNumber", "3"), ("CallDuration", "17"));
        var ended = await Telephony.OneAsync<CallEnded>();
        Assert.Equal((end, (int?)17), (ended.End, ended.DurationSeconds));
        Assert.Equal(0, (await Telephony.Redis.SendAsync(["ZCARD", Keys.LiveCalls])).Number);
        Assert.Equal("ended", await Telephony.FieldAsync(call, CallFields.Dial));
    }

    [Fact]
    public async Task Callbacks_in_order_are_told_each_and_written_down_for_the_timeline()
    {
        var sid = await PlacedAsync();
        await Telephony.StatusAsync(call, sid, "initiated", ("SequenceNumber", "0"));
        await Telephony.StatusAsync(call, sid, "ringing", ("SequenceNumber", "1"));
        await Telephony.StatusAsync(call, sid, "in-progress", ("SequenceNumber", "2"));
        await Telephony.StatusAsync(call, sid, "completed", ("SequenceNumber", "3"));
        Assert.Single(await Telephony.PublishedAsync<CallRinging>());
        Assert.Single(await Telephony.PublishedAsync<CallAnswered>());
        Assert.Single(await Telephony.PublishedAsync<CallEnded>());
        var kinds = (await Telephony.PublishedAsync<AuditEntry>()).Select(entry => entry.Kind);
        Assert.Equal(["call.queued", "call.placed", "call.ringing", "call.answered", "call.ended"], kinds);
        Assert.Equal("3", await Telephony.FieldAsync(call, "dial.seq"));
    }

    [Fact]
    public async Task Out_of_order_and_repeated_callbacks_never_take_a_call_back()
    {
        var sid = await PlacedAsync();
        await Telephony.StatusAsync(call, sid, "in-progress", ("SequenceNumber", "2"));
        await Telephony.StatusAsync(call, sid, "ringing", ("SequenceNumber", "1"));
        await Telephony.StatusAsync(call, sid, "in-progress", ("SequenceNumber", "2"));
        await Telephony.StatusAsync(call, sid, "completed", ("SequenceNumber", "3"));
        await Telephony.StatusAsync(call, sid, "in-progress", ("SequenceNumber", "2"));
        await Telephony.StatusAsync(call, sid, "completed", ("SequenceNumber", "3"));
        Assert.Empty(await Telephony.PublishedAsync<CallRinging>());
        Assert.Single(await Telephony.PublishedAsync<CallAnswered>());
        Assert.Single(await Telephony.PublishedAsync<CallEnded>());
        Assert.Empty(Twilio.Updates);
    }

    [Fact]
    public async Task Unknown_calls_sids_and_statuses_are_answered_and_ignored()
    {
        var sid = await PlacedAsync();
        await Telephony.StatusAsync(CallId.Parse("fd-999.1"), "CAunknown", "completed");
        await Telephony.StatusAsync(call, sid, "levitating");
        using var nameless = await Telephony.TwilioAsync("/twilio/status", form: [("CallSid", "CAnobody"), ("CallStatus", "ringing")]);
        Assert.Equal(HttpStatusCode.NoContent, nameless.StatusCode);
        using var empty = await Telephony.TwilioAsync("/twilio/status");
        Assert.Equal(HttpStatusCode.NoContent, empty.StatusCode);
        Assert.Empty(await Telephony.PublishedAsync<CallEnded>());
        Assert.Empty(await Telephony.PublishedAsync<CallRinging>());
    }

    [Fact]
    public async Task A_callback_without_our_id_is_found_by_its_sid()
    {
        var sid = await PlacedAsync();
        using var answer = await Telephony.TwilioAsync("/twilio/status", form: [("CallSid", sid), ("CallStatus", "ringing")]);
        Assert.Equal(call, (await Telephony.OneAsync<CallRinging>()).Call);
    }

    [Fact]
    public async Task A_failure_s_code_is_told_in_words()
    {
        var sid = await PlacedAsync();
        await Telephony.StatusAsync(call, sid, "failed", ("ErrorCode", "21215"));
        Assert.Contains("Geographic permissions", (await Telephony.OneAsync<CallEnded>()).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_callback_survives_a_short_outage_of_Redis()
    {
        var sid = await PlacedAsync();
        await RedisServer.StopAsync();
        var report = Telephony.StatusAsync(call, sid, "completed");
        await RedisServer.StartAgainAsync();
        await report;
        await Telephony.OneAsync<CallEnded>();
    }
}

public sealed class SilentCallTests : TelephonyTest
{
    private protected override (string Key, string Value)[] Settings => [("Dialling:CheckLiveAfter", "00:00:00.300")];

    [Fact]
    public async Task A_call_whose_last_callback_was_lost_is_looked_up_and_ended()
    {
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        Twilio.Calls[sid]["status"] = "completed";
        Twilio.Calls[sid]["duration"] = "33";
        var ended = await Telephony.OneAsync<CallEnded>();
        Assert.Equal((call, CallEnd.Completed, (int?)33), (ended.Call, ended.End, ended.DurationSeconds));
    }

    [Fact]
    public async Task A_call_that_Twilio_no_longer_knows_does_not_hold_its_place_for_ever()
    {
        await Telephony.PlaceAsync("fd-2.1", "+12025550124");
        await Telephony.OneAsync<CallPlaced>();
        Twilio.Calls.Clear();
        Assert.Equal(CallEnd.Unknown, (await Telephony.OneAsync<CallEnded>()).End);
        await Eventually.TrueAsync(async () => (await Telephony.Redis.SendAsync(["ZCARD", Keys.LiveCalls])).Number == 0, "the place is free");
    }
}
