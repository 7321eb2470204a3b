using System.Xml.Linq;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Tests.Twilio;

public sealed class TwimlTests
{
    [Fact]
    public void A_stream_and_what_comes_behind_it_are_written_byte_for_byte() => Assert.Equal(
        """<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="wss://m.example/media" statusCallback="https://c.example/s?call=1&amp;answer=2" statusCallbackMethod="POST"><Parameter name="token" value="abc" /></Stream></Connect><Redirect method="POST">https://c.example/continue?call=1&amp;answer=2</Redirect></Response>""",
        new Twiml().ConnectStream("wss://m.example/media", "https://c.example/s?call=1&answer=2", "abc").Redirect("https://c.example/continue?call=1&answer=2").ToString());

    [Fact]
    public void One_moment_is_written_byte_for_byte() => Assert.Equal(
        """<?xml version="1.0" encoding="UTF-8"?><Response><Say>One moment.</Say><Pause length="1" /><Redirect method="POST">https://c.example/x</Redirect></Response>""",
        CityMonitor.TelephonyApi.Webhooks.Phrases.OneMoment("https://c.example/x").ToString());

    [Theory]
    [InlineData("""<Hangup/>"]]> & "quotes" 'n' things""")]
    [InlineData("bell \u0007, lone surrogate \uD800, null \0, emoji 😀")]
    [InlineData("آگ at 12 Harbour Road")]
    public void Text_of_tickets_is_data_and_never_breaks_the_document(string words)
    {
        var twiml = XElement.Parse(new Twiml().Say(words, "en-US").Hangup().ToString());
        Assert.Equal(["Say", "Hangup"], twiml.Elements().Select(element => element.Name.LocalName));
    }

    [Theory]
    [InlineData("en", "en-US")]
    [InlineData("en-GB", "en-GB")]
    [InlineData("de", "de-DE")]
    [InlineData("tlh", null)]
    [InlineData("multi", null)]
    [InlineData(null, null)]
    public void Only_a_language_that_Twilio_can_say_is_named(string? language, string? said) => Assert.Equal(said, SayLanguage.Of(language));

    [Fact]
    public void A_long_text_is_said_in_parts_of_which_none_is_too_long()
    {
        var twiml = XElement.Parse(new Twiml().Say(string.Concat(Enumerable.Repeat("😀 fire ", 1500))).ToString());
        Assert.True(twiml.Elements("Say").Count() > 1);
        Assert.All(twiml.Elements("Say"), say => Assert.InRange(say.Value.Length, 1, 4096));
    }
}
