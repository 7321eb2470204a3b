using System.Net;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Calls;

public sealed class EndCallTests : TelephonyTest
{
    private protected override (string Key, string Value)[] Settings => [("Capacity:MaxConcurrentCalls", "1")];

    [Fact]
    public async Task A_queued_call_is_taken_out_and_never_dialled()
    {
        var first = await Telephony.PlaceAsync("fd-1.1", "+12025550161");
        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        var queued = await Telephony.PlaceAsync("fd-2.1", "+12025550162");
        await Telephony.DialIsAsync(queued, "queued");
        await Telephony.PublishAsync(new EndCall(queued, "ticket was closed"));
        var ended = await Telephony.OneAsync<CallEnded>();
        Assert.Equal((queued, CallEnd.Canceled, "ticket was closed"), (ended.Call, ended.End, ended.Detail));
        await Telephony.StatusAsync(first, sid, "completed");
        await Telephony.OneAsync<CallEnded>(end => end.Call == first);
        Assert.Single(Twilio.Dials);
    }

    [Theory]
    [InlineData("ringing", "canceled")]
    [InlineData("in-progress", "completed")]
    public async Task A_call_at_Twilio_is_cancelled_while_it_rings_and_completed_when_it_is_live(string status, string asked)
    {
        var call = await Telephony.PlaceAsync("fd-3.1", "+12025550163");
        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        await Telephony.StatusAsync(call, sid, status);
        await Telephony.PublishAsync(new EndCall(call, "operator"));
        await Eventually.TrueAsync(() => Twilio.Updates.Count == 1, "the update");
        Assert.Equal(asked, Twilio.Updates[0].Form["Status"]);
        var twiml = await Telephony.TwimlAsync($"/twilio/continue?call={call}&answer=1", ("CallSid", sid));
        Assert.NotNull(twiml.Element("Hangup"));
    }

    [Fact]
    public async Task A_call_that_is_being_dialled_is_ended_as_soon_as_its_sid_is_known()
    {
        var answered = new TaskCompletionSource();
        Twilio.NextCreate(async (_, asUsual) =>
        {
            await answered.Task;
            await asUsual();
            return true;
        });
        var call = await Telephony.PlaceAsync("fd-4.1", "+12025550164");
        await Telephony.DialIsAsync(call, "dialling");
        await Telephony.PublishAsync(new EndCall(call, "operator"));
        await Eventually.TrueAsync(async () => await Telephony.FieldAsync(call, "dial.cancel") is not null, "the mark");
        answered.SetResult();
        await Eventually.TrueAsync(() => Twilio.Updates.Count == 1, "the update");
        Assert.Equal("canceled", Twilio.Updates[0].Form["Status"]);
    }

    [Fact]
    public async Task A_call_that_is_to_end_is_not_dialled_again_after_a_refusal_to_serve()
    {
        var answered = new TaskCompletionSource();
        Twilio.NextCreate(async (context, _) =>
        {
            await answered.Task;
            context.Response.StatusCode = 429;
            return true;
        });
        var call = await Telephony.PlaceAsync("fd-7.1", "+12025550167");
        await Telephony.DialIsAsync(call, "dialling");
        await Telephony.PublishAsync(new EndCall(call, "ticket was closed"));
        await Eventually.TrueAsync(async () => await Telephony.FieldAsync(call, "dial.cancel") is not null, "the mark");
        answered.SetResult();
        var ended = await Telephony.OneAsync<CallEnded>();
        Assert.Equal((CallEnd.Canceled, "ticket was closed"), (ended.End, ended.Detail));
        Assert.Single(Twilio.Dials);
    }

    [Fact]
    public async Task An_end_that_overtakes_its_order_still_wins()
    {
        var call = CallId.Parse("fd-5.1");
        await Telephony.WriteSessionAsync(call, "+12025550165");
        await Telephony.PublishAsync(new EndCall(call, "ticket was closed"));
        await Eventually.TrueAsync(async () => await Telephony.FieldAsync(call, "dial.cancel") is not null, "the mark");
        await Telephony.PublishAsync(new PlaceCall(call, PhoneNumber.Parse("+12025550165"), Priority.Urgent));
        Assert.Equal(CallEnd.Canceled, (await Telephony.OneAsync<CallEnded>()).End);
        Assert.Empty(Twilio.Dials);
    }

    [Fact]
    public async Task An_outage_of_Twilio_delays_the_end_and_does_not_lose_it()
    {
        var call = await Telephony.PlaceAsync("fd-6.1", "+12025550166");
        await Telephony.OneAsync<CallPlaced>();
        Twilio.UpdateFails = HttpStatusCode.ServiceUnavailable;
        await Telephony.PublishAsync(new EndCall(call, "operator"));
        await Eventually.TrueAsync(() => Twilio.Updates.Count >= 1, "a first try");
        Twilio.UpdateFails = null;
        await Eventually.TrueAsync(() => Twilio.Calls.Values.Single()["status"]!.GetValue<string>() == "canceled", "the call is cancelled");
    }
}
