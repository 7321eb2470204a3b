using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CityMonitor.Simulator.Control;
using CityMonitor.Simulator.Tests.Support;
using CityMonitor.Simulator.Twilio;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Simulator.Tests.Control;

public sealed class ControlApiTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    [Fact]
    public async Task A_phone_can_be_put_seen_and_taken_away()
    {
        Assert.Equal(HttpStatusCode.OK, await PutAsync("/phones/+12025550181", "{name: Try, answer_after: 1s, lines: [{on: x, say: y}]}"));
        var phone = await simulator.Control.GetFromJsonAsync<JsonElement>("/phones/+12025550181");
        Assert.Equal(("Try", 1), (phone.GetProperty("name").GetString(), phone.GetProperty("lines").GetInt32()));
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync("/phones/+12025550181", "{colour: red}"));
        Assert.Equal(HttpStatusCode.BadRequest, await PutAsync("/phones/0301", "{}"));
        using var gone = await simulator.Control.DeleteAsync(new Uri("/phones/+12025550181", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        using var missing = await simulator.Control.GetAsync(new Uri("/phones/+12025550181", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task A_phone_that_calls_in_hears_the_instructions_of_the_number()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Services.GetRequiredService<NumberSettings>().VoiceUrl = app.Url + "/incoming";
        app.Answer("/incoming", "<Response><Say>City Monitor.</Say></Response>");
        using var response = await simulator.Control.PostAsJsonAsync("/calls/inbound", new { from = "+12025550182", phone = new { greeting = "Hello?" } });
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var sid = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("sid").GetString()!;
        var asked = await app.NextAsync("/incoming");
        Assert.Equal(("ringing", "inbound", "+12025550182", "+12025550100"), (asked["CallStatus"], asked["Direction"], asked["From"], asked["To"]));
        await simulator.UntilAsync("call.completed", sid);
        var call = await simulator.Control.GetFromJsonAsync<JsonElement>($"/calls/{sid}");
        Assert.Equal("City Monitor.", call.GetProperty("heard").GetProperty("heard").GetString());
        Assert.Equal("Hello?", call.GetProperty("heard").GetProperty("said")[0].GetProperty("text").GetString());
        Assert.NotEqual(0, call.GetProperty("history").GetArrayLength());
    }

    [Fact]
    public async Task A_call_that_is_rejected_is_never_answered()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Services.GetRequiredService<NumberSettings>().VoiceUrl = app.Url + "/incoming";
        app.Answer("/incoming", "<Response><Reject reason='busy'/></Response>");
        using var response = await simulator.Control.PostAsJsonAsync("/calls/inbound", new { from = "+12025550182" });
        var sid = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("sid").GetString()!;
        await simulator.UntilAsync("call.busy", sid);
        Assert.Null(simulator.Call(sid).Started);
    }

    [Fact]
    public async Task An_incident_becomes_a_ticket()
    {
        using var plain = await simulator.Control.PostAsync(new Uri("/incidents", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Created, plain.StatusCode);
        using var own = await simulator.Control.PostAsJsonAsync("/incidents", new { shape = "subject", address = "12 Main Street", responderPhone = "+12025550124" });
        var ticket = await own.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Contains("12 Main Street", ticket.GetProperty("subject").GetString(), StringComparison.Ordinal);
        var shown = await simulator.Control.GetFromJsonAsync<JsonElement>($"/tickets/{ticket.GetProperty("id").GetInt64()}");
        Assert.Equal("open", shown.GetProperty("status").GetString());
        using var bad = await simulator.Control.PostAsync(new Uri("/incidents", UriKind.Relative), new StringContent("[", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    [Fact]
    public async Task Settings_change_while_it_runs_and_nonsense_is_refused()
    {
        using var changed = await simulator.Control.PutAsJsonAsync("/settings/twilio", new { socketLoss = "hang", statusCallbacks = "out-of-order" });
        var settings = await changed.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(("hang", "out-of-order", 1000), (settings.GetProperty("socketLoss").GetString(),
            settings.GetProperty("statusCallbacks").GetString(), settings.GetProperty("callsPerSecond").GetInt32()));
        using var refused = await simulator.Control.PutAsJsonAsync("/settings/twilio", new { callsPerSecond = 0 });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal(1000, simulator.Settings.CallsPerSecond);
        using var back = await simulator.Control.PutAsJsonAsync("/settings/twilio", new { socketLoss = "next-verb", statusCallbacks = "normal" });
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
    }

    [Fact]
    public async Task Events_are_listed_after_a_number_and_streamed_as_they_come()
    {
        var before = (await simulator.Control.GetFromJsonAsync<JsonElement>("/events?limit=0")).GetProperty("last").GetInt64();
        simulator.Timeline.Add("test.one", "a", new() { ["text"] = "<b>\n" });
        using var response = await simulator.Control.GetAsync(new Uri($"/events/stream?after={before}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal($"id: {before + 1}", await reader.ReadLineAsync());
        Assert.StartsWith("data: {", await reader.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("", await reader.ReadLineAsync());
        simulator.Timeline.Add("test.two");
        Assert.Equal($"id: {before + 2}", await reader.ReadLineAsync());
        var listed = await simulator.Control.GetFromJsonAsync<JsonElement>($"/events?after={before}&kind=test.");
        Assert.Equal(["test.one", "test.two"], listed.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task The_page_is_served_and_may_load_nothing_from_elsewhere()
    {
        using var page = await simulator.Control.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var script = await simulator.Control.GetStringAsync(new Uri("/page.js", UriKind.Relative));
        Assert.DoesNotContain("innerHTML", script, StringComparison.Ordinal);
        Assert.NotEmpty(await simulator.Control.GetStringAsync(new Uri("/page.css", UriKind.Relative)));
    }

    [Fact]
    public async Task Each_port_has_its_own_paths_only()
    {
        using var events = await simulator.Twilio.GetAsync(new Uri("/events", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, events.StatusCode);
        using var calls = await simulator.Control.GetAsync(new Uri(SimulatorFixture.AccountPath + "/Calls.json", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, calls.StatusCode);
        var ready = await simulator.Control.GetFromJsonAsync<JsonElement>("/ready");
        Assert.Equal("ok", ready.GetProperty("status").GetString());
    }

    async Task<HttpStatusCode> PutAsync(string path, string yaml)
    {
        using var response = await simulator.Control.PutAsync(new Uri(path, UriKind.Relative), new StringContent(yaml));
        return response.StatusCode;
    }
}

public sealed class ResetTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    [Fact]
    public async Task A_reset_ends_the_calls_and_forgets_what_happened()
    {
        simulator.Phone("{number: '+12025550183', answer_after: 50ms}");
        var sid = await simulator.DialAsync("+12025550183", ("Twiml", "<Response><Pause length='60'/></Response>"));
        await simulator.UntilAsync("call.in-progress", sid);
        await simulator.PostAsync("/Messages.json", ("To", "+12025550183"), ("From", "+12025550100"), ("Body", "x"));
        simulator.Settings.CallsPerSecond = 5;
        using var reset = await simulator.Control.PostAsync(new Uri("/reset", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.NoContent, reset.StatusCode);
        Assert.Equal(1000, simulator.Settings.CallsPerSecond);
        foreach (var path in (string[])["/calls", "/messages", "/tickets"])
        {
            Assert.Equal(0, (await simulator.Control.GetFromJsonAsync<JsonElement>(path)).GetArrayLength());
        }

        using var phone = await simulator.Control.GetAsync(new Uri("/phones/+12025550183", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, phone.StatusCode);
    }
}
