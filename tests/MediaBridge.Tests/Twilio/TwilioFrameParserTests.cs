using System.Text;
using CityMonitor.MediaBridge.Twilio;
using FsCheck;
using FsCheck.Fluent;

namespace CityMonitor.MediaBridge.Tests.Twilio;

public sealed class TwilioFrameParserTests
{
    const string Sid = "MZ18ad3ab5a668481ce02b83e7395059f0";

    static TwilioFrame Parse(string json, out byte[] bytes)
    {
        bytes = Encoding.UTF8.GetBytes(json);
        return TwilioFrameParser.Parse(bytes, Encoding.UTF8.GetBytes(Sid));
    }

    [Theory]
    [InlineData("""{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"AQID/w=="},"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}""")]
    [InlineData("""{"media":{"payload":"AQID/w==","more":{"deep":[1,{"payload":"x"}]}},"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","event":"media","new":[{}]}""")]
    [InlineData("""{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"payload":"AQID\/w=="}}""")]
    [InlineData("""{"\u0065vent":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"payload":"AQID/w=="}}""")]
    public void A_media_frame_is_decoded_in_place_in_whatever_order_it_comes(string json)
    {
        var frame = Parse(json, out var bytes);
        Assert.Equal(FrameKind.Media, frame.Kind);
        Assert.Equal([1, 2, 3, 255], bytes[frame.PayloadStart..(frame.PayloadStart + frame.PayloadLength)]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"media\"")]
    [InlineData("{")]
    [InlineData("""{"event":"media"}{}""")]
    [InlineData("""{"event":"media",}""")]
    [InlineData("""{"event":7}""")]
    public void What_is_no_json_object_is_bad(string json) => Assert.Equal(FrameKind.BadJson, Parse(json, out _).Kind);

    [Theory]
    [InlineData("""{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}""", FrameKind.BadPayload)]
    [InlineData("""{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":[]}""", FrameKind.BadPayload)]
    [InlineData("""{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"payload":7}}""", FrameKind.BadPayload)]
    [InlineData("""{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"payload":"AQID/w="}}""", FrameKind.BadPayload)]
    [InlineData("""{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"payload":"!!!!"}}""", FrameKind.BadPayload)]
    [InlineData("""{"event":"media","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0","media":{"payload":"AQ\u0049D"}}""", FrameKind.BadPayload)]
    [InlineData("""{"event":"media","streamSid":"MZother","media":{"payload":"AQID"}}""", FrameKind.ForeignStream)]
    [InlineData("""{"event":"media","media":{"payload":"AQID"}}""", FrameKind.ForeignStream)]
    [InlineData("""{"event":"stop","streamSid":5}""", FrameKind.ForeignStream)]
    [InlineData("""{"event":"surprise","streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}""", FrameKind.Unknown)]
    [InlineData("""{}""", FrameKind.Unknown)]
    [InlineData("""{"event":"start"}""", FrameKind.Start)]
    [InlineData("""{"event":"connected","protocol":"Call","version":"1.0.0"}""", FrameKind.Connected)]
    [InlineData("""{"event":"stop","sequenceNumber":"5","stop":{"accountSid":"AC","callSid":"CA"},"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}""", FrameKind.Stop)]
    internal void Every_other_message_is_told_apart(string json, FrameKind kind) => Assert.Equal(kind, Parse(json, out _).Kind);

    [Fact]
    public void An_empty_payload_is_a_frame_without_audio()
    {
        var frame = Parse($$$"""{"event":"media","streamSid":"{{{Sid}}}","media":{"payload":""}}""", out _);
        Assert.Equal((FrameKind.Media, 0), (frame.Kind, frame.PayloadLength));
    }

    [Theory]
    [InlineData("1", '1')]
    [InlineData("#", '#')]
    [InlineData("D", 'D')]
    [InlineData("x", '\0')]
    [InlineData("12", '\0')]
    [InlineData("", '\0')]
    public void A_digit_is_one_of_sixteen_keys(string digit, char expected)
    {
        var frame = Parse($$$"""{"event":"dtmf","streamSid":"{{{Sid}}}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"{{{digit}}}"}}""", out _);
        Assert.Equal((FrameKind.Dtmf, expected), (frame.Kind, frame.Digit));
    }

    [Fact]
    public void Our_own_marks_are_read_back_and_others_are_not()
    {
        var sent = new OutboundMessages(Sid).Mark(12, 345);
        var json = Encoding.UTF8.GetString(sent.Buffer, 0, sent.Length);
        Assert.Equal($$$"""{"event":"mark","streamSid":"{{{Sid}}}","mark":{"name":"12-345"}}""", json);
        var frame = Parse(json, out var bytes);
        Assert.True(OutboundMessages.TryReadMark(bytes.AsSpan(frame.NameStart, frame.NameLength), out var generation, out var number));
        Assert.Equal((12, 345), (generation, number));
        foreach (var name in (string[])["", "1", "1-", "-1", "1-2x", "a-1", "1-99999999999"])
        {
            Assert.False(OutboundMessages.TryReadMark(Encoding.UTF8.GetBytes(name), out _, out _), name);
        }
    }

    [Fact]
    public void What_we_send_is_exactly_twilios_json()
    {
        var messages = new OutboundMessages(Sid);
        var media = messages.Media([1, 2, 3, 255], 0);
        Assert.Equal($$$"""{"event":"media","streamSid":"{{{Sid}}}","media":{"payload":"AQID/w=="}}""", Encoding.UTF8.GetString(media.Buffer, 0, media.Length));
        var clear = messages.Clear(1);
        Assert.Equal($$$"""{"event":"clear","streamSid":"{{{Sid}}}"}""", Encoding.UTF8.GetString(clear.Buffer, 0, clear.Length));
    }

    [Fact]
    public void No_broken_message_throws()
    {
        string[] seeds =
        [
            $$$"""{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"AQID/w=="},"streamSid":"{{{Sid}}}"}""",
            $$$"""{"event":"dtmf","streamSid":"{{{Sid}}}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"1"}}""",
            $$$"""{"event":"mark","sequenceNumber":"4","streamSid":"{{{Sid}}}","mark":{"name":"1-7"}}""",
            $$$"""{"event":"start","start":{"streamSid":"{{{Sid}}}","callSid":"CA1","mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"t"}},"streamSid":"{{{Sid}}}"}""",
        ];
        var sid = Encoding.UTF8.GetBytes(Sid);
        var edits = Gen.Choose(0, 255).Two().ArrayOf();
        var cases = from seed in Gen.Choose(0, seeds.Length - 1)
                    from raw in edits
                    from cut in Gen.Choose(0, 400)
                    select (seed, raw, cut);
        Prop.ForAll(cases.ToArbitrary(), given =>
        {
            var bytes = Encoding.UTF8.GetBytes(seeds[given.seed]);
            foreach (var (at, value) in given.raw)
            {
                bytes[(at * 7 + value) % bytes.Length] = (byte)value;
            }

            bytes = bytes[..Math.Min(bytes.Length, given.cut)];
            var start = StreamStartParser.Parse(bytes.ToArray(), out var problem);
            Assert.True(start is null || problem.Length == 0);
            var frame = TwilioFrameParser.Parse(bytes, sid);
            Assert.InRange(frame.PayloadStart + frame.PayloadLength, 0, bytes.Length);
            Assert.InRange(frame.PayloadLength, 0, bytes.Length);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Effort.Cases));
    }

    [Fact]
    public void A_frame_costs_no_allocation()
    {
        var template = Encoding.UTF8.GetBytes(
            $$$"""{"event":"media","sequenceNumber":"3","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"{{{Convert.ToBase64String(new byte[160])}}}"},"streamSid":"{{{Sid}}}"}""");
        var buffer = new byte[template.Length];
        var sid = Encoding.UTF8.GetBytes(Sid);
        var bytes = 0;
        for (var warm = 0; warm < 200; warm++)
        {
            template.CopyTo(buffer, 0);
            bytes += TwilioFrameParser.Parse(buffer, sid).PayloadLength;
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            template.CopyTo(buffer, 0);
            bytes += TwilioFrameParser.Parse(buffer, sid).PayloadLength;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1200 * 160, bytes);
    }
}
