using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Simulator.Tests.Support;
using CityMonitor.Simulator.Twilio;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Simulated;

/// <summary>Against the simulated Twilio: real phones that ring, real webhooks that come back signed.</summary>
public sealed class SimulatedTwilioTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>, IAsyncLifetime
{
    static readonly TimeSpan aCall = TimeSpan.FromSeconds(40);

    RedisServer redis = null!;
    RunningTelephony telephony = null!;

    public async ValueTask InitializeAsync()
    {
        redis = await RedisServer.StartAsync();
        telephony = await RunningTelephony.StartWithSimulatorAsync(redis.ConnectionString, simulator.Ports.Twilio);
        simulator.Settings.StatusCallbacks = CallbackDelivery.Normal;
    }

    public async ValueTask DisposeAsync()
    {
        await telephony.DisposeAsync();
        await redis.DisposeAsync();
    }

    async Task<CallId> KeypadCallAsync(string call, string to)
    {
        var id = CallId.Parse(call);
        await telephony.WriteSessionAsync(id, to);
        await telephony.Redis.SendAsync(["HSET", Keys.Call(id), CallFields.Mode, "keypad"]);
        await telephony.PublishAsync(new PlaceCall(id, PhoneNumber.Parse(to), Priority.Urgent));
        return id;
    }

    [Fact]
    public async Task A_responder_hears_the_incident_and_accepts_by_keypad()
    {
        simulator.Phone("{number: '+12025550171', answer_after: 100ms, lines: [{on: 'Press 9', press: '1'}]}");
        var call = await KeypadCallAsync("fd-1.1", "+12025550171");
        Assert.Equal("1", (await telephony.OneAsync<KeypadPressed>(timeout: aCall)).Digits);
        var ended = await telephony.OneAsync<CallEnded>(timeout: aCall);
        Assert.Equal(CallEnd.Completed, ended.End);
        Assert.Single(await telephony.PublishedAsync<CallPlaced>());
        Assert.Single(await telephony.PublishedAsync<CallRinging>());
        Assert.NotEmpty(await telephony.PublishedAsync<CallAnswered>());
        Assert.Single(await telephony.PublishedAsync<AuditEntry>(), entry => entry.Kind == "call.answered");
        var heard = simulator.Call((await telephony.FieldAsync(call, CallFields.Sid))!).Heard;
        Assert.Contains("Fire at 12 Harbour Road", heard.Heard, StringComparison.Ordinal);
        Assert.Contains("You have accepted", heard.Heard, StringComparison.Ordinal);
        Assert.Equal(0, heard.GarbledSymbols);
    }

    [Theory]
    [InlineData("busy", CallEnd.Busy)]
    [InlineData("no-answer", CallEnd.NoAnswer)]
    [InlineData("failed", CallEnd.Failed)]
    public async Task A_call_that_nobody_takes_is_told_as_what_it_was(string whenCalled, CallEnd end)
    {
        var to = $"+120255501{72 + (int)end}";
        simulator.Phone($"{{number: '{to}', when_called: {whenCalled}, answer_after: 100ms}}");
        await telephony.PlaceAsync("fd-2.1", to, ring: 5);
        Assert.Equal(end, (await telephony.OneAsync<CallEnded>(timeout: aCall)).End);
    }

    [Theory]
    [InlineData(nameof(CallbackDelivery.Duplicate))]
    [InlineData(nameof(CallbackDelivery.OutOfOrder))]
    [InlineData(nameof(CallbackDelivery.Late))]
    public async Task Disordered_callbacks_make_no_second_end_and_lose_none(string delivery)
    {
        simulator.Settings.StatusCallbacks = Enum.Parse<CallbackDelivery>(delivery);
        simulator.Settings.CallbacksLateSeconds = 3;
        simulator.Phone("{number: '+12025550178', when_called: busy, answer_after: 100ms}");
        await telephony.PlaceAsync("fd-3.1", "+12025550178");
        Assert.Equal(CallEnd.Busy, (await telephony.OneAsync<CallEnded>(timeout: aCall)).End);
        Assert.Single(await telephony.PublishedAsync<CallPlaced>());
        Assert.Single(await telephony.PublishedAsync<CallEnded>());
    }

    [Fact]
    public async Task Forged_or_missing_callbacks_end_nothing_and_Twilio_itself_is_asked()
    {
        await telephony.DisposeAsync();
        telephony = await RunningTelephony.StartWithSimulatorAsync(redis.ConnectionString, simulator.Ports.Twilio, ("Dialling:CheckLiveAfter", "00:00:01"));
        simulator.Settings.StatusCallbacks = CallbackDelivery.Forged;
        simulator.Phone("{number: '+12025550179', when_called: busy, answer_after: 100ms}");
        await telephony.PlaceAsync("fd-4.1", "+12025550179");
        Assert.Equal(CallEnd.Busy, (await telephony.OneAsync<CallEnded>(timeout: aCall)).End);
        Assert.Empty(await telephony.PublishedAsync<CallRinging>());
    }

    [Fact]
    public async Task A_bridge_that_cannot_be_reached_is_no_dead_end()
    {
        simulator.Phone("{number: '+12025550180', answer_after: 100ms, lines: [{on: 'Press 9', press: '2'}]}");
        await telephony.AddBridgeAsync("unreachable", 5, "ws://127.0.0.1:1/media");
        await telephony.PlaceAsync("fd-5.1", "+12025550180");
        Assert.Equal("2", (await telephony.OneAsync<KeypadPressed>(timeout: aCall)).Digits);
    }

    [Fact]
    public async Task A_ringing_call_is_cancelled_and_a_live_one_hung_up()
    {
        simulator.Phone("{number: '+12025550181', answer_after: 60s}");
        var ringing = await telephony.PlaceAsync("fd-6.1", "+12025550181");
        await telephony.OneAsync<CallRinging>(timeout: aCall);
        await telephony.PublishAsync(new EndCall(ringing, "operator"));
        Assert.Equal(CallEnd.Canceled, (await telephony.OneAsync<CallEnded>(ended => ended.Call == ringing, aCall)).End);

        simulator.Phone("{number: '+12025550182', answer_after: 100ms}");
        var live = await KeypadCallAsync("fd-7.1", "+12025550182");
        await telephony.OneAsync<CallAnswered>(timeout: aCall);
        await telephony.PublishAsync(new EndCall(live, "operator"));
        Assert.Equal(CallEnd.Completed, (await telephony.OneAsync<CallEnded>(ended => ended.Call == live, aCall)).End);
    }

    [Fact]
    public async Task Free_text_outside_the_window_fails_with_63016_and_an_sms_arrives()
    {
        simulator.Phone("{number: '+12025550183'}");
        var incident = IncidentId.Parse("fd-8");
        await telephony.PublishAsync(new SendMessage(MessageId.Of(incident, 1), incident, PhoneNumber.Parse("+12025550183"), Channel.WhatsApp, "text", [], null));
        Assert.Equal(63016, (await telephony.OneAsync<MessageStatusChanged>(changed => changed.Status == DeliveryStatus.Failed, aCall)).ErrorCode);
        await telephony.PublishAsync(new SendMessage(MessageId.Of(incident, 2), incident, PhoneNumber.Parse("+12025550183"), Channel.Sms, "text", ["https://cam.example.org/1.jpg"], null));
        await telephony.OneAsync<MessageStatusChanged>(changed => changed is { Status: DeliveryStatus.Delivered, Message.Value: "fd-8.m2" }, aCall);
    }

    [Fact]
    public async Task A_picture_that_Twilio_cannot_fetch_fails_the_message_and_the_link_goes_by_sms()
    {
        const string Gone = "http://127.0.0.1:1/none.jpg";
        simulator.Phone("{number: '+12025550184', messaging: {whatsapp_window_open: true}}");
        var to = PhoneNumber.Parse("+12025550184");
        await telephony.Redis.SendAsync(["SET", Keys.WhatsAppWindow(to), 1, "EX", 3600]);
        var incident = IncidentId.Parse("fd-10");
        await telephony.PublishAsync(new SendMessage(MessageId.Of(incident, 1), incident, to, Channel.WhatsApp, "text", [Gone], null));
        Assert.Equal(63019, (await telephony.OneAsync<MessageStatusChanged>(changed => changed.Status == DeliveryStatus.Failed, aCall)).ErrorCode);
        await telephony.PublishAsync(new SendMessage(MessageId.Of(incident, 2), incident, to, Channel.Sms, "text", [Gone], null));
        await telephony.OneAsync<MessageStatusChanged>(changed => changed is { Status: DeliveryStatus.Delivered, Message.Value: "fd-10.m2" }, aCall);
    }

    [Fact]
    public async Task What_Twilio_refuses_because_somebody_wrote_STOP_is_told_with_its_code()
    {
        simulator.Phone("{number: '+12025550185'}");
        var to = PhoneNumber.Parse("+12025550185");
        var incident = IncidentId.Parse("fd-11");
        using var stop = await simulator.Control.PostAsJsonAsync("/messages/inbound", new { from = to.Value, body = "STOP" });
        await telephony.PublishAsync(new SendMessage(MessageId.Of(incident, 1), incident, to, Channel.Sms, "text", [], null));
        Assert.Equal(21610, (await telephony.OneAsync<MessageStatusChanged>(changed => changed.Status == DeliveryStatus.Failed, aCall)).ErrorCode);
    }

    [Fact]
    public async Task The_magic_numbers_of_Twilio_fail_with_their_codes()
    {
        await telephony.PlaceAsync("fd-9.1", "+15005550003");
        var ended = await telephony.OneAsync<CallEnded>(timeout: aCall);
        Assert.Equal((CallEnd.Failed, 21215), (ended.End, ended.ErrorCode!.Value));
    }

    [Fact]
    public async Task Every_surface_says_that_Twilio_is_simulated()
    {
        var page = await telephony.Http.GetFromJsonAsync<JsonObject>("/");
        Assert.Contains("SIMULATED", page!["simulated"]!.AsArray().Single()!.GetValue<string>(), StringComparison.Ordinal);
    }
}
