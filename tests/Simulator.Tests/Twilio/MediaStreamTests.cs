using System.Diagnostics;
using System.Text.Json;
using CityMonitor.Simulator.Speech;
using CityMonitor.Simulator.Tests.Support;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class MediaStreamTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    const string Phone = "+12025550140";

    [Fact]
    public async Task The_stream_opens_as_documented_and_both_sides_hear_each_other()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms, greeting: "Hello?", greeting_after: 1s}""");
        JsonElement connected = default, start = default, first = default;
        var heard = "";
        app.OnMedia = async socket =>
        {
            connected = (await socket.ReadAsync())!.Value;
            start = (await socket.ReadAsync())!.Value;
            first = (await socket.ReadAsync())!.Value;
            await socket.PlayAsync(ToneCode.Encode("This is City Monitor."));
            await socket.PlayAsync(MuLaw.SilenceOf(TimeSpan.FromSeconds(1)));
            await socket.MarkAsync("said");
            heard = await ListenAsync(socket);
        };
        var sid = await simulator.DialAsync(Phone, ("Twiml", Connect(app, """<Parameter name="token" value="t-1"/>""", "<Say>After.</Say>")));
        await simulator.UntilAsync("call.completed", sid);

        Assert.Equal("""{"event":"connected","protocol":"Call","version":"1.0.0"}""", connected.GetRawText());
        Assert.Equal("1", start.GetProperty("sequenceNumber").GetString());
        var details = start.GetProperty("start");
        Assert.Equal(sid, details.GetProperty("callSid").GetString());
        Assert.Equal(SimulatorFixture.AccountSid, details.GetProperty("accountSid").GetString());
        Assert.Equal("t-1", details.GetProperty("customParameters").GetProperty("token").GetString());
        Assert.Equal("""{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}""", details.GetProperty("mediaFormat").GetRawText());
        Assert.Equal("inbound", Assert.Single(details.GetProperty("tracks").EnumerateArray()).GetString());
        Assert.Equal(start.GetProperty("streamSid").GetString(), details.GetProperty("streamSid").GetString());
        Assert.Equal("media", first.GetProperty("event").GetString());
        Assert.Equal("2", first.GetProperty("sequenceNumber").GetString());
        Assert.Equal("1", first.GetProperty("media").GetProperty("chunk").GetString());
        Assert.Equal("inbound", first.GetProperty("media").GetProperty("track").GetString());
        Assert.Equal(160, first.GetProperty("media").GetProperty("payload").GetBytesFromBase64().Length);
        Assert.Equal(TwilioSignature.Of("simulator", app.MediaUrl, []), app.HandshakeSignature);

        Assert.Equal("Hello?", heard);
        var call = simulator.Call(sid);
        Assert.Equal("This is City Monitor. After.", call.Heard.Heard);
        Assert.Equal((0, 0), (call.Heard.GarbledSymbols, call.Heard.CutSymbols));
        var stream = Assert.Single(call.Streams);
        Assert.Equal("application", stream.EndedBy);
        Assert.Equal(0, stream.Underruns);

        static async Task<string> ListenAsync(MediaSocket socket)
        {
            var decoder = new ToneDecoder();
            while (await socket.ReadAsync() is { } message && message.GetProperty("event").GetString() != "mark")
            {
                decoder.Feed(message.GetProperty("media").GetProperty("payload").GetBytesFromBase64());
            }

            return decoder.Take();
        }
    }

    [Fact]
    public async Task Frames_come_at_the_pace_of_speech_and_marks_return_when_the_phone_has_heard_what_was_before_them()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        var frames = 0;
        TimeSpan untilMark = default, untilEmptyMark = default;
        app.OnMedia = async socket =>
        {
            await socket.UntilAsync("start");
            var watch = Stopwatch.StartNew();
            await socket.PlayAsync(MuLaw.SilenceOf(TimeSpan.FromSeconds(1)));
            await socket.MarkAsync("one second");
            JsonElement message;
            while ((message = (await socket.ReadAsync())!.Value).GetProperty("event").GetString() != "mark")
            {
                frames++;
            }

            untilMark = watch.Elapsed;
            Assert.Equal("one second", message.GetProperty("mark").GetProperty("name").GetString());
            watch.Restart();
            await socket.MarkAsync("nothing before it");
            await socket.UntilAsync("mark");
            untilEmptyMark = watch.Elapsed;
        };
        var sid = await simulator.DialAsync(Phone, ("Twiml", Connect(app)));
        await simulator.UntilAsync("call.completed", sid);
        // Wide, because a busy machine moves the audio clock on in steps.
        Assert.InRange(untilMark.TotalMilliseconds, 450, 3000);
        Assert.InRange(frames, 30, 120);
        Assert.InRange(untilEmptyMark.TotalMilliseconds, 0, 600);
    }

    [Fact]
    public async Task Clear_stops_what_the_phone_hears_and_returns_the_marks_at_once()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        var marks = new List<string>();
        app.OnMedia = async socket =>
        {
            await socket.UntilAsync("start");
            await socket.PlayAsync(ToneCode.Encode("one two three"));
            await socket.MarkAsync("first");
            await socket.PlayAsync(ToneCode.Encode(" never heard at all, however long it may be"));
            await socket.MarkAsync("second");
            await socket.MarkAsync("third");
            marks.Add((await socket.UntilAsync("mark")).GetProperty("mark").GetProperty("name").GetString()!);
            await socket.ClearAsync();
            marks.Add((await socket.UntilAsync("mark")).GetProperty("mark").GetProperty("name").GetString()!);
            marks.Add((await socket.UntilAsync("mark")).GetProperty("mark").GetProperty("name").GetString()!);
            await socket.PlayAsync([.. MuLaw.SilenceOf(TimeSpan.FromMilliseconds(150)), .. ToneCode.Encode("four")]);
            await socket.MarkAsync("end");
            await socket.UntilAsync("mark");
        };
        var sid = await simulator.DialAsync(Phone, ("Twiml", Connect(app)));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal(["first", "second", "third"], marks);
        var call = simulator.Call(sid);
        Assert.StartsWith("one two three", call.Heard.Heard, StringComparison.Ordinal);
        Assert.EndsWith("four", call.Heard.Heard, StringComparison.Ordinal);
        Assert.InRange(call.Heard.Heard.Length, "one two three four".Length, "one two three four".Length + 20);
        var stream = Assert.Single(call.Streams);
        Assert.Equal([false, true, true, false], stream.Marks.Select(mark => mark.Cleared));
        Assert.True(Assert.Single(stream.Clears).DroppedBytes > 8000);
    }

    [Fact]
    public async Task Keys_reach_the_application_and_a_hang_up_is_a_stop_and_then_a_close()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""
            number: "{{Phone}}"
            answer_after: 50ms
            lines:
              - at: 300ms
                press: "7#"
              - at: 1s
                hang_up: true
            """);
        var digits = "";
        JsonElement dtmf = default, stop = default;
        var closed = false;
        app.OnMedia = async socket =>
        {
            dtmf = await socket.UntilAsync("dtmf");
            digits += dtmf.GetProperty("dtmf").GetProperty("digit").GetString();
            digits += (await socket.UntilAsync("dtmf")).GetProperty("dtmf").GetProperty("digit").GetString();
            stop = await socket.UntilAsync("stop");
            closed = await socket.ReadAsync() is null;
        };
        var sid = await simulator.DialAsync(Phone, ("Twiml", Connect(app)));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("7#", digits);
        Assert.Equal("inbound_track", dtmf.GetProperty("dtmf").GetProperty("track").GetString());
        Assert.Equal(sid, stop.GetProperty("stop").GetProperty("callSid").GetString());
        Assert.True(closed);
        Assert.Equal("end of call", Assert.Single(simulator.Call(sid).Streams).EndedBy);
    }

    [Fact]
    public async Task An_update_of_the_call_ends_the_stream_and_runs_the_new_instructions()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        var stopped = new TaskCompletionSource();
        app.OnMedia = async socket =>
        {
            await socket.UntilAsync("stop");
            stopped.SetResult();
        };
        app.Answer("/continue", "<Response><Say>Moved.</Say></Response>");
        var sid = await simulator.DialAsync(Phone, ("Twiml", Connect(app, "", "<Say>Never.</Say>")));
        await simulator.UntilAsync("stream.started", sid);
        var (status, _) = await simulator.PostAsync($"/Calls/{sid}.json", ("Url", app.Url + "/continue"));
        Assert.Equal(System.Net.HttpStatusCode.OK, status);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(5));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("Moved.", simulator.Call(sid).Heard.Heard);
    }

    [Fact]
    public async Task An_application_that_froze_and_answers_no_close_frame_does_not_hold_up_an_update()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        var thaw = new TaskCompletionSource();
        app.OnMedia = _ => thaw.Task;
        app.Answer("/continue", "<Response><Pause length=\"5\"/></Response>");
        var sid = await simulator.DialAsync(Phone, ("Twiml", Connect(app, "", "<Say>Never.</Say>")));
        await simulator.UntilAsync("stream.started", sid);
        await simulator.PostAsync($"/Calls/{sid}.json", ("Url", app.Url + "/continue"));
        await app.NextAsync("/continue").WaitAsync(TimeSpan.FromSeconds(1.5));
        thaw.SetResult();
    }

    [Fact]
    public async Task What_breaks_the_protocol_is_reported_and_the_stream_goes_on()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        app.OnMedia = async socket =>
        {
            await socket.UntilAsync("start");
            await socket.SendAsync("{not json");
            await socket.SendAsync("""["an array"]""");
            await socket.SendAsync("""{"event":"media","streamSid":"MZother","media":{"payload":"AAAA"}}""");
            await socket.SendAsync($$$"""{"event":"media","streamSid":"{{{socket.StreamSid}}}","media":{"payload":"%%%"}}""");
            await socket.SendAsync($$"""{"event":"sing","streamSid":"{{socket.StreamSid}}"}""");
            await socket.MarkAsync("still here");
            await socket.UntilAsync("mark");
        };
        var sid = await simulator.DialAsync(Phone, ("Twiml", Connect(app)));
        await simulator.UntilAsync("call.completed", sid);
        var call = simulator.Call(sid);
        Assert.Equal(5, Assert.Single(call.Streams).Errors.Count);
        Assert.All(call.Errors, error => Assert.Equal(31951, error.Code));
        var events = new List<string>();
        while (events.Count < 7)
        {
            events.Add((await app.NextAsync("/stream"))["StreamEvent"]);
        }

        Assert.Equal(5, events.Count(name => name == "stream-error"));
        Assert.Contains("stream-started", events);
        Assert.Contains("stream-stopped", events);
    }

    [Fact]
    public async Task A_one_way_stream_hears_both_directions_while_the_next_verb_runs()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms, greeting: "Hello.", greeting_after: 600ms}""");
        var inbound = new ToneDecoder();
        var outbound = new ToneDecoder();
        app.OnMedia = async socket =>
        {
            while (await socket.ReadAsync() is { } message)
            {
                if (message.GetProperty("event").GetString() == "media")
                {
                    var media = message.GetProperty("media");
                    (media.GetProperty("track").GetString() == "inbound" ? inbound : outbound).Feed(media.GetProperty("payload").GetBytesFromBase64());
                }
            }
        };
        var sid = await simulator.DialAsync(Phone, ("Twiml",
            $"""<Response><Start><Stream url="{app.MediaUrl}" track="both_tracks"/></Start><Pause length="3"/><Say>Goodbye.</Say></Response>"""));
        await simulator.UntilAsync("stream.stopped", sid);
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("Hello.", inbound.Take());
        Assert.Equal("Goodbye.", outbound.Take());
    }

    static string Connect(CustomerApp app, string inside = "", string behind = "") =>
        $"""<Response><Connect><Stream url="{app.MediaUrl}?dropped=1" statusCallback="{app.Url}/stream">{inside}</Stream></Connect>{behind}</Response>""";
}
