using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Transcripts;

public sealed class TranscriptBuilderTests
{
    static readonly CallId s_call = CallId.Of(IncidentId.OfTicket(4711), 1);
    static readonly PhoneNumber s_number = PhoneNumber.Parse("+12025550123");
    static readonly DateTimeOffset s_answered = new(2026, 3, 1, 9, 20, 0, TimeSpan.Zero);

    static CallSummary Summary(DateTimeOffset? answered) => new(
        "outbound", s_number, s_answered.AddSeconds(-8), answered, s_answered.AddSeconds(142.7), "acknowledged", null, IncidentId.OfTicket(4711), 4711);

    static Turn Turn(double from, double to, Speaker speaker, string text, bool interrupted = false) =>
        new(s_answered.AddSeconds(to), speaker, text, interrupted) { StartedAt = s_answered.AddSeconds(from) };

    [Fact]
    public void A_call_is_told_in_the_fields_of_the_old_schema_and_turn_by_turn()
    {
        var document = TranscriptBuilder.Build(
            s_call, Summary(s_answered), null,
            [
                Turn(0.2, 2.5, Speaker.Agent, "This is the city. There", interrupted: true),
                Turn(2.4, 3, Speaker.Responder, "Who is this?"),
                Turn(3.8, 6, Speaker.Agent, "The Safe City Authority.") with { Timings = new TurnTimings(310, 420, 700, 705) },
                Turn(7, 7, Speaker.Responder, "4111111111111111") with { Source = TurnSource.Keypad },
            ],
            [new ToolCallRecord("t1", "record_responder", """{"name":"Lee"}""", """{"recorded":true}""", true, s_answered.AddSeconds(5), 12.34)]);

        Assert.Equal("fd-4711.1", document.ConversationId);
        Assert.Equal("BOT: This is the city. There\nHUMAN: Who is this?\nBOT: The Safe City Authority.\nHUMAN: [card number]", document.Transcript);
        Assert.Equal((s_answered, 142.7), (document.Timestamp, document.Duration));
        Assert.Equal([(200, 2500), (2400, 3000), (3800, 6000), (7000, 7000)], document.Turns.Select(turn => (turn.StartedMs!.Value, turn.EndedMs)));
        Assert.Equal(["speech", "speech", "speech", "keypad"], document.Turns.Select(turn => turn.Source));
        Assert.Equal(705, document.Turns[2].Timings!.FirstFrameMs);
        Assert.Equal(new RecordedInterruption(0, 2500), Assert.Single(document.Interruptions));
        var tool = Assert.Single(document.ToolCalls);
        Assert.Equal(("Lee", true, 5000L, 12.3), ((string?)tool.Arguments!["name"], (bool)tool.Result!["recorded"]!, tool.AtMs, tool.Ms));
        Assert.Equal((4711L, "fd-4711", "acknowledged"), (document.TicketId, document.IncidentId, document.Outcome));
    }

    [Fact]
    public void The_same_person_has_the_same_user_id_which_is_not_their_number()
    {
        var one = TranscriptBuilder.Build(s_call, Summary(s_answered), null, [], []).UserId;
        Assert.Equal(one, TranscriptBuilder.Build(CallId.Parse("in-CA1.1"), Summary(null), null, [], []).UserId);
        Assert.NotEqual(one, TranscriptBuilder.Build(s_call, Summary(s_answered) with { Number = PhoneNumber.Parse("+12025550124") }, null, [], []).UserId);
        Assert.Equal(0, TranscriptBuilder.Build(s_call, Summary(s_answered) with { Number = null }, null, [], []).UserId);
    }

    [Fact]
    public void A_call_that_nobody_answered_has_no_duration()
    {
        var document = TranscriptBuilder.Build(s_call, Summary(null), null, [], []);
        Assert.Equal((0, "", s_answered.AddSeconds(-8)), (document.Duration, document.Transcript, document.Timestamp));
    }

    [Fact]
    public void A_word_that_was_heard_before_its_worker_knew_of_the_answer_is_no_negative_offset()
    {
        var document = TranscriptBuilder.Build(s_call, Summary(s_answered), null, [Turn(-0.3, 1, Speaker.Agent, "Hello.")], []);
        Assert.Equal((0L, 1300L, s_answered.AddSeconds(-0.3)), (document.Turns[0].StartedMs, document.Turns[0].EndedMs, document.Timestamp));
    }

    [Theory]
    [InlineData("""{"name":"Lee","api_key":"abc","nested":{"Password":"x","card":"4111 1111 1111 1111"},"list":["4111111111111111",7]}""",
        """{"name":"Lee","api_key":"[redacted]","nested":{"Password":"[redacted]","card":"[card number]"},"list":["[card number]",7]}""")]
    [InlineData("no json: 4111111111111111", "no json: [card number]")]
    [InlineData("""{"number":4111111111111111}""", """{"number":"[card number]"}""")]
    public void Secrets_and_card_numbers_of_tool_calls_are_not_kept(string arguments, string kept) => Assert.Equal(kept, Redaction.Json(arguments));
}
