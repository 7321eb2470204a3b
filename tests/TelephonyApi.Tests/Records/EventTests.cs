using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Tests.Support;

namespace CityMonitor.TelephonyApi.Tests.Records;

public sealed class EventTests : TelephonyTest
{
    static readonly CallId s_call = CallId.Parse("fd-1.1");

    static CancellationToken Ct => TestContext.Current.CancellationToken;

    Task HappensAsync(string kind, string text = "x") => Telephony.PublishAsync(new AuditEntry("Tests", kind, s_call.Root, s_call, text));

    async Task<JsonObject> ReadAsync(string query) => (await Telephony.Http.GetFromJsonAsync<JsonObject>($"/events{query}", Ct))!;

    [Fact]
    public async Task Events_are_read_from_a_place_on_with_the_kinds_of_the_old_agents()
    {
        foreach (var kind in new[] { "call.answered", "turn.responder", "action.started", "tool.accept_incident", "call.ended", "transcript.complete", "incident.accepted" })
        {
            await HappensAsync(kind);
        }

        var page = await ReadAsync("?after=0-0");
        Assert.Equal(
            ["event_phone_call_connected", "event_transcript", "event_action_start", "event_action_finish", "event_phone_call_ended", "event_transcript_complete", "incident.accepted"],
            page["events"]!.AsArray().Select(one => one!["type"]!.GetValue<string>()));
        var first = page["events"]![0]!;
        Assert.Equal(("fd-1.1", "fd-1", "call.answered"), (first["conversation_id"]!.GetValue<string>(), first["incident_id"]!.GetValue<string>(), first["kind"]!.GetValue<string>()));

        var rest = await ReadAsync($"?after={page["events"]![5]!["id"]}");
        Assert.Equal("incident.accepted", Assert.Single(rest["events"]!.AsArray())!["kind"]!.GetValue<string>());
        Assert.Empty((await ReadAsync($"?after={page["last"]}"))["events"]!.AsArray());
    }

    [Fact]
    public async Task Who_waits_gets_what_comes_next_and_no_more_than_that()
    {
        await HappensAsync("call.ringing");
        var waiting = ReadAsync("?wait=20");
        await Task.WhenAny(waiting, Task.Delay(300, Ct)); // it is in Redis' hands by now, or reads it from the place it has taken
        Assert.False(waiting.IsCompleted);
        await HappensAsync("call.answered");
        Assert.Equal("call.answered", Assert.Single((await waiting)["events"]!.AsArray())!["kind"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_reader_that_breaks_off_and_an_entry_that_nobody_can_read_stop_no_other_reader()
    {
        using var broken = await FollowAsync();
        using var steady = await FollowAsync();
        using var lines = new StreamReader(await steady.Content.ReadAsStreamAsync(Ct));
        await HappensAsync("call.answered", "one");
        Assert.Contains("one", await DataAsync(lines), StringComparison.Ordinal);

        broken.Dispose();
        await Telephony.Redis.SendAsync(["XADD", Messaging.State.Keys.Audit, "*", "type", "AuditEntry", "data", "{ this is no JSON"], Ct);
        await HappensAsync("turn.agent", "two");
        Assert.Contains("\"event_transcript\"", await DataAsync(lines), StringComparison.Ordinal);
    }

    async Task<HttpResponseMessage> FollowAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events?after=0-0") { Headers = { { "Accept", "text/event-stream" } } };
        var response = await Telephony.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return response;
    }

    static async Task<string> DataAsync(StreamReader lines)
    {
        while (await lines.ReadLineAsync(Ct) is { } line)
        {
            if (line.StartsWith("data: {\"id\"", StringComparison.Ordinal))
            {
                return line;
            }
        }

        return "";
    }

    [Theory]
    [InlineData("?after=yesterday")]
    [InlineData("?after=0-0&wait=31")]
    [InlineData("?wait=-1")]
    public async Task A_place_that_is_none_is_refused(string query)
    {
        using var response = await Telephony.Http.GetAsync($"/events{query}", Ct);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("/events?after=0-0", null, HttpStatusCode.Unauthorized)]
    [InlineData("/events?after=0-0", "reader-key", HttpStatusCode.Forbidden)]
    [InlineData("/events?after=0-0", "operator-key", HttpStatusCode.OK)]
    [InlineData("/erase/0123", "operator-key", HttpStatusCode.Forbidden)]
    [InlineData("/erase/0123", "admin-key", HttpStatusCode.NotFound)]
    public async Task Words_of_calls_are_for_operators_and_erasing_is_for_administrators(string path, string? key, HttpStatusCode answer)
    {
        await using var guarded = await StartAsync(("ApiKeys:R", "reader-key;role=reader"), ("ApiKeys:O", "operator-key;role=operator"), ("ApiKeys:A", "admin-key;role=admin"));
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.Add("X-Api-Key", key);
        }

        using var response = await guarded.Http.SendAsync(request, Ct);
        Assert.Equal(answer, response.StatusCode);
    }
}
