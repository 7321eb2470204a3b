using System.Net;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Calls;

public sealed class DialTests : TelephonyTest
{
    [Fact]
    public async Task A_call_is_dialled_once_with_every_callback_and_limit_set()
    {
        var call = await Telephony.PlaceAsync("fd-1.1", "+12025550123", ring: 45, max: 600);
        var placed = await Telephony.OneAsync<CallPlaced>();
        Assert.Equal(call, placed.Call);
        var form = Assert.Single(Twilio.Dials).Form;
        Assert.Equal("+12025550123", form["To"]);
        Assert.Equal("+12025550100", form["From"]);
        Assert.Equal("https://calls.example.org/twilio/incoming?call=fd-1.1", form["Url"]);
        Assert.Equal("https://calls.example.org/twilio/fallback?call=fd-1.1", form["FallbackUrl"]);
        Assert.Equal("https://calls.example.org/twilio/status?call=fd-1.1", form["StatusCallback"]);
        Assert.Equal("initiated ringing answered completed", form["StatusCallbackEvent"]);
        Assert.Equal("45", form["Timeout"]);
        Assert.Equal("660", form["TimeLimit"]);
        Assert.Equal("DetectMessageEnd", form["MachineDetection"]);
        Assert.Equal("true", form["AsyncAmd"]);
        Assert.Equal("https://calls.example.org/twilio/amd?call=fd-1.1", form["AsyncAmdStatusCallback"]);
        Assert.Equal(placed.CallSid, await Telephony.FieldAsync(call, CallFields.Sid));
        await Telephony.DialIsAsync(call, "placed");
    }

    [Fact]
    public async Task The_same_order_twice_dials_once()
    {
        var call = await Telephony.PlaceAsync("fd-2.1", "+12025550124");
        await Telephony.PublishAsync(new PlaceCall(call, PhoneNumber.Parse("+12025550124"), Priority.High));
        await Telephony.OneAsync<CallPlaced>();
        var other = await Telephony.PlaceAsync("fd-2.2", "+12025550125");
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == other);
        Assert.Equal(2, Twilio.Dials.Count);
    }

    [Fact]
    public async Task Two_replicas_racing_one_order_dial_once()
    {
        await using var second = await StartAsync();
        for (var i = 0; i < 20; i++)
        {
            var call = await Telephony.PlaceAsync($"fd-{100 + i}.1", $"+120255501{10 + i}");
            await second.PublishAsync(new PlaceCall(call, PhoneNumber.Parse($"+120255501{10 + i}"), Priority.High));
        }

        await Eventually.TrueAsync(async () => (await Telephony.PublishedAsync<CallPlaced>()).Count == 20, "20 placed calls");
        Assert.Equal(20, Twilio.Dials.Select(dial => dial.Form["To"]).Distinct().Count());
        Assert.Equal(20, Twilio.Dials.Count);
    }

    [Theory]
    [InlineData(400, 21217, "not a valid phone number")]
    [InlineData(400, 21215, "Geographic permissions")]
    [InlineData(400, 21219, "trial account")]
    [InlineData(401, 20003, "Twilio:AuthToken")]
    public async Task A_refused_dial_ends_the_call_with_words_that_an_operator_understands(int status, int code, string words)
    {
        Twilio.NextCreateFails((HttpStatusCode)status, code, "whatever Twilio says");
        var call = await Telephony.PlaceAsync("fd-3.1", "+12025550126");
        var ended = await Telephony.OneAsync<CallEnded>();
        Assert.Equal((call, CallEnd.Failed, (int?)code), (ended.Call, ended.End, ended.ErrorCode));
        Assert.Contains(words, ended.Detail, StringComparison.Ordinal);
        Assert.Equal("ended", await Telephony.FieldAsync(call, CallFields.Dial));
        Assert.Single(Twilio.Dials);
    }

    [Fact]
    public async Task Too_many_requests_puts_the_call_back_and_it_is_dialled_later()
    {
        for (var i = 0; i < 3; i++)
        {
            Twilio.NextCreateFails(HttpStatusCode.TooManyRequests, 20429, "Too many requests");
        }

        await Telephony.PlaceAsync("fd-4.1", "+12025550127");
        await Telephony.OneAsync<CallPlaced>();
        Assert.Single(Twilio.Calls);
        Assert.Equal(4, Twilio.Dials.Count);
        Assert.Empty(await Telephony.PublishedAsync<CallEnded>());
    }

    [Fact]
    public async Task A_lost_answer_is_settled_by_the_first_callback_and_not_dialled_again()
    {
        Twilio.NextAnswerIsLost();
        var call = await Telephony.PlaceAsync("fd-5.1", "+12025550128");
        await Eventually.TrueAsync(() => Twilio.Calls.Count == 1, "Twilio has the call");
        var sid = Twilio.Calls.Keys.Single();
        await Telephony.StatusAsync(call, sid, "ringing", ("SequenceNumber", "1"));
        Assert.Equal(sid, (await Telephony.OneAsync<CallPlaced>()).CallSid);
        await Telephony.OneAsync<CallRinging>();
        await Telephony.DialIsAsync(call, "placed");
        Assert.Single(Twilio.Dials);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lost_answer_without_a_callback_is_found_in_Twilios_list(bool answeredWith500)
    {
        if (answeredWith500)
        {
            Twilio.NextCreate(async (context, asUsual) =>
            {
                var body = context.Response.Body;
                context.Response.Body = Stream.Null;
                await asUsual();
                context.Response.Body = body;
                context.Response.StatusCode = 500;
                return true;
            });
        }
        else
        {
            Twilio.NextAnswerIsLost();
        }

        // Somebody else's older call to the same number must not be taken for it.
        Twilio.Calls["CAold"] = FakeTwilio.CallOf("CAold", "+12025550129", "+12025550100", "completed", DateTimeOffset.UtcNow.AddMinutes(-2));
        var call = await Telephony.PlaceAsync("fd-6.1", "+12025550129");
        var placed = await Telephony.OneAsync<CallPlaced>();
        Assert.Equal(Twilio.Calls.Keys.Single(sid => sid != "CAold"), placed.CallSid);
        Assert.Equal(call, placed.Call);
        Assert.Single(Twilio.Dials);
        Assert.Empty(await Telephony.PublishedAsync<CallEnded>());
    }

    [Fact]
    public async Task A_dial_that_Twilio_never_had_ends_unknown_and_is_not_repeated()
    {
        Twilio.NextCreateFails(HttpStatusCode.BadGateway, 0, "bad gateway");
        var call = await Telephony.PlaceAsync("fd-7.1", "+12025550130");
        var ended = await Telephony.OneAsync<CallEnded>();
        Assert.Equal((call, CallEnd.Unknown), (ended.Call, ended.End));
        Assert.Single(Twilio.Dials);
        Assert.Equal(0, (await Telephony.Redis.SendAsync(["ZCARD", Keys.Dialling])).Number);
    }

    [Fact]
    public async Task An_answer_that_takes_too_long_is_unknown_not_repeated()
    {
        Twilio.NextCreate(async (context, asUsual) =>
        {
            await Task.Delay(1500, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await asUsual();
            return true;
        });
        await Telephony.PlaceAsync("fd-8.1", "+12025550131");
        await Eventually.TrueAsync(async () => (await Telephony.PublishedAsync<CallEnded>()).Count + (await Telephony.PublishedAsync<CallPlaced>()).Count > 0, "settled");
        Assert.Single(Twilio.Dials);
    }

    [Fact]
    public async Task A_stray_call_that_shows_up_after_its_attempt_was_given_up_is_ended_at_Twilio()
    {
        Twilio.NextCreateFails(HttpStatusCode.BadGateway, 0, "bad gateway");
        var call = await Telephony.PlaceAsync("fd-9.1", "+12025550132");
        await Telephony.OneAsync<CallEnded>();
        Twilio.Calls["CAstray"] = FakeTwilio.CallOf("CAstray", "+12025550132", "+12025550100", "ringing");
        await Telephony.StatusAsync(call, "CAstray", "ringing");
        Assert.Equal("canceled", Assert.Single(Twilio.Updates).Form["Status"]);
        Assert.Empty(await Telephony.PublishedAsync<CallRinging>());
    }

    [Fact]
    public async Task A_refused_connection_was_not_sent_and_is_dialled_when_Twilio_is_back()
    {
        await using var cut = await StartAsync(("Twilio:BaseUrl", "http://127.0.0.1:1"));
        await Telephony.Redis.SendAsync(["SET", Keys.DialPrimed, 1]);
        var call = CallId.Parse("fd-10.1");
        await cut.WriteSessionAsync(call, "+12025550133");
        await Telephony.PublishAsync(new PlaceCall(call, PhoneNumber.Parse("+12025550133"), Priority.Urgent));
        // Whichever replica takes it: the one without a connection gives it back, the other one dials.
        await Telephony.OneAsync<CallPlaced>(timeout: TimeSpan.FromSeconds(20));
        Assert.Single(Twilio.Dials);
        Assert.Empty(await Telephony.PublishedAsync<CallEnded>());
    }

    [Fact]
    public async Task A_call_without_a_session_is_not_dialled()
    {
        await Telephony.PublishAsync(new PlaceCall(CallId.Parse("fd-11.1"), PhoneNumber.Parse("+12025550134"), Priority.High));
        Assert.Equal(CallEnd.Failed, (await Telephony.OneAsync<CallEnded>()).End);
        Assert.Empty(Twilio.Dials);
    }

    [Fact]
    public async Task A_number_that_is_on_the_phone_is_called_again_only_when_that_call_has_ended()
    {
        var first = await Telephony.PlaceAsync("fd-12.1", "+12025550135");
        var sid = (await Telephony.OneAsync<CallPlaced>()).CallSid;
        var second = await Telephony.PlaceAsync("fd-13.1", "+12025550135");
        var third = await Telephony.PlaceAsync("fd-14.1", "+12025550136");
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == third);
        Assert.Equal("queued", await Telephony.FieldAsync(second, CallFields.Dial));
        await Telephony.StatusAsync(first, sid, "completed", ("CallDuration", "12"));
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == second);
        Assert.Equal(12, (await Telephony.OneAsync<CallEnded>()).DurationSeconds);
    }

    [Fact]
    public async Task After_a_wiped_Redis_numbers_that_Twilio_still_has_on_the_phone_are_not_called()
    {
        await Telephony.Redis.SendAsync(["DEL", Keys.DialPrimed]);
        Twilio.Calls["CAlive"] = FakeTwilio.CallOf("CAlive", "+12025550137", "+12025550100", "in-progress");
        var blocked = await Telephony.PlaceAsync("fd-15.1", "+12025550137");
        var free = await Telephony.PlaceAsync("fd-16.1", "+12025550138");
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == free);
        Assert.Equal("queued", await Telephony.FieldAsync(blocked, CallFields.Dial));
        await Telephony.StatusAsync(CallId.Parse("fd-15.0"), "CAlive", "completed", ("To", "+12025550137"));
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == blocked);
    }

    [Fact]
    public async Task After_a_wiped_Redis_the_end_of_a_call_frees_its_number_also_where_its_id_was_given_again()
    {
        await Telephony.Redis.SendAsync(["DEL", Keys.DialPrimed]);
        Twilio.Calls["CAbefore"] = FakeTwilio.CallOf("CAbefore", "+12025550140", "+12025550100", "in-progress");
        var call = await Telephony.PlaceAsync("fd-18.1", "+12025550140");
        await Eventually.TrueAsync(async () => (await Telephony.Redis.SendAsync(["EXISTS", Keys.DialNumber(PhoneNumber.Parse("+12025550140"))])).Number == 1, "the number is blocked");
        await Telephony.StatusAsync(call, "CAbefore", "completed", ("To", "+12025550140"));
        Assert.Equal(CallEnd.Completed, (await Telephony.OneAsync<CallEnded>()).End);

        var next = await Telephony.PlaceAsync("fd-18.2", "+12025550140");
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == next);
        Assert.Single(Twilio.Dials);
    }

    [Fact]
    public async Task After_a_wiped_Redis_all_of_many_live_calls_are_known()
    {
        for (var i = 0; i < 60; i++)
        {
            Twilio.Calls[$"CAmany{i}"] = FakeTwilio.CallOf($"CAmany{i}", $"+120255501{i:00}", "+12025550100", "in-progress");
        }

        await Telephony.Redis.SendAsync(["DEL", Keys.DialPrimed]);
        await Telephony.PlaceAsync("fd-19.1", "+12025550199");
        await Telephony.OneAsync<CallPlaced>();
        RedisArg[] blocked = [.. Enumerable.Range(0, 60).Select(i => (RedisArg)Keys.DialNumber(PhoneNumber.Parse($"+120255501{i:00}")))];
        Assert.Equal(60, (await Telephony.Redis.SendAsync(["EXISTS", .. blocked])).Number);
    }

    [Fact]
    public async Task Nothing_is_dialled_while_Twilios_live_calls_cannot_be_read()
    {
        await Telephony.Redis.SendAsync(["DEL", Keys.DialPrimed]);
        Twilio.ListFails = HttpStatusCode.ServiceUnavailable;
        var call = await Telephony.PlaceAsync("fd-17.1", "+12025550139");
        await Eventually.TrueAsync(() => Twilio.Requests.Count > 0, "the list was asked for");
        Assert.Empty(Twilio.Dials);
        Twilio.ListFails = null;
        await Telephony.OneAsync<CallPlaced>(placed => placed.Call == call);
    }
}
