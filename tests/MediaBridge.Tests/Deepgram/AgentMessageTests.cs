using System.Text;
using System.Text.Json;
using CityMonitor.MediaBridge.Deepgram;
using FsCheck;
using FsCheck.Fluent;

namespace CityMonitor.MediaBridge.Tests.Deepgram;

public sealed class AgentMessageTests
{
    [Fact]
    public void Half_a_letter_in_what_the_model_says_is_no_end_of_the_engine()
    {
        var said = JsonSerializer.Deserialize("""{"type":"ConversationText","role":"user","content":"\ud800"}""", AgentJson.Default.AgentMessage)!;
        Assert.Null(said.Text);
        var asked = JsonSerializer.Deserialize("""{"type":"FunctionCallRequest","functions":[{"id":"a","name":"x","arguments":"\ud800"}]}""", AgentJson.Default.AgentMessage)!;
        Assert.Equal("null", Assert.Single(asked.Functions!).ArgumentsJson);
    }

    [Fact]
    public void A_garbled_vendor_message_is_read_or_is_no_JSON_and_nothing_else()
    {
        string[] seeds =
        [
            """{"type":"Welcome","request_id":"fc553ec9"}""",
            """{"type":"ConversationText","role":"assistant","content":"Which unit \u00e9 are you with?"}""",
            """{"type":"FunctionCallRequest","functions":[{"id":"fc_12345","name":"accept_incident","arguments":"{\"eta\":10}","client_side":true}]}""",
            """{"type":"Error","description":"...","code":"CLIENT_MESSAGE_TIMEOUT"}""",
        ];
        var cases = from seed in Gen.Elements(seeds)
                    from edits in Gen.ListOf(Gen.Choose(0, 400).Zip(Gen.Choose(0, 255)), 3)
                    select (seed, edits);
        Prop.ForAll(cases.ToArbitrary(), given =>
        {
            var bytes = Encoding.UTF8.GetBytes(given.seed);
            foreach (var (at, value) in given.edits)
            {
                bytes[at % bytes.Length] = (byte)value;
            }

            try
            {
                var message = JsonSerializer.Deserialize(bytes, AgentJson.Default.AgentMessage);
                _ = message?.Text;
                _ = message?.Functions?.Select(function => function?.ArgumentsJson).ToList();
            }
            catch (JsonException)
            {
                // What the engine counts and ignores.
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Effort.Cases));
    }
}
