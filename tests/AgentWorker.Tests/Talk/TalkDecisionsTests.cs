using CityMonitor.AgentWorker.Talk;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.AgentWorker.Tests.Talk;

public sealed class TalkDecisionsTests
{
    static readonly CallId s_call = CallId.Of(IncidentId.OfTicket(4711), 1);
    TalkState _state = new();

    (List<Message> Messages, List<ToolRequested> Tools) After(CallMessage message, IReadOnlyList<string>? pieces = null, string? awaited = null)
    {
        var step = new TalkStep(s_call, _state, new TalkOptions(), pieces ?? [], awaited) { Offered = ["end_call"] };
        TalkDecisions.Decide(step, message);
        _state = step.State;
        return ([.. step.Published], step.Tools);
    }

    List<Message> AfterTool(string id, string content, bool isEnding = false)
    {
        var step = new TalkStep(s_call, _state, new TalkOptions(), [], null);
        TalkDecisions.ToolAnswered(step, id, content, ["end_call"], isEnding);
        _state = step.State;
        return [.. step.Published];
    }

    static UserTurn Said(int turn, string text, string heard = "", bool confirmed = true, bool interrupted = false, bool again = false, int stream = 1) =>
        new(s_call, stream, turn, text, confirmed, heard, interrupted, again);

    static ModelAnswered Answered(int turn, string text, int chunks, int round = 0, int stream = 1, params string[] tools) =>
        new(s_call, stream, turn, round, text, [.. tools.Select((tool, i) => new ModelToolCall($"{stream}.{turn}.{round}.{i}", tool, "{}"))], chunks);

    [Fact]
    public void A_turn_is_answered_once_however_often_it_comes()
    {
        Assert.Equal(new AnswerTurn(s_call, 1, 1, 0), Assert.Single(After(Said(1, "Hello")).Messages));
        Assert.Empty(After(Said(1, "Hello")).Messages);
        Assert.Equal(new TurnFinished(s_call, 1, 1, 2), Assert.Single(After(Answered(1, "Hi. Who is there?", 2)).Messages));
        Assert.Empty(After(Answered(1, "Hi. Who is there?", 2)).Messages);
    }

    [Fact]
    public void The_model_is_told_what_was_heard_and_not_what_was_sent()
    {
        After(Said(1, "Hello", heard: "This is the city."));
        After(Answered(1, "One two three four.", 1));
        After(Said(2, "Wait", heard: "One two", interrupted: true));

        Assert.Equal(["This is the city.", "Hello"], _state.History.Select(entry => entry.Text));
        Assert.Equal("One two ...", _state.Job!.Heard);
        After(Said(3, "Go on"));
        Assert.Equal(["This is the city.", "Hello", "One two ...", "Wait"], _state.History.Select(entry => entry.Text));
    }

    [Fact]
    public void A_newer_turn_ends_the_older_one_and_a_late_answer_to_that_changes_nothing()
    {
        After(Said(1, "Hello"));
        After(Said(2, "Are you there?"));

        Assert.Empty(After(Answered(1, "Late.", 1)).Messages);
        Assert.Empty(After(Said(1, "Hello")).Messages);
        Assert.True(_state.Job!.Is(1, 2));
    }

    [Fact]
    public void Tools_run_once_and_the_model_goes_on_behind_the_last_answer()
    {
        After(Said(1, "Bye"));
        var (messages, tools) = After(Answered(1, "One moment.", 1, 0, 1, "record_responder", "end_call"));

        Assert.Empty(messages);
        Assert.Equal(["1.1.0.0", "1.1.0.1"], tools.Select(tool => tool.ToolCallId));
        Assert.Empty(After(Answered(1, "One moment.", 1, 0, 1, "record_responder", "end_call")).Tools);
        Assert.Empty(AfterTool("1.1.0.0", "{}"));
        Assert.Empty(AfterTool("1.1.0.0", "{}"));
        Assert.Equal(new AnswerTurn(s_call, 1, 1, 1), Assert.Single(AfterTool("1.1.0.1", "{}")));
        Assert.Equal(new TurnFinished(s_call, 1, 1, 3), Assert.Single(After(Answered(1, "Goodbye.", 3, round: 1)).Messages));
    }

    [Fact]
    public void Who_has_said_goodbye_and_ends_the_call_is_asked_for_no_more_words()
    {
        After(Said(1, "Bye"));
        After(Answered(1, "Goodbye.", 1, 0, 1, "end_call"));

        Assert.Equal(new TurnFinished(s_call, 1, 1, 1), Assert.Single(AfterTool("1.1.0.0", "{}", isEnding: true)));
    }

    [Fact]
    public void No_tool_runs_before_the_end_of_the_turn_is_confirmed()
    {
        After(Said(1, "Yes", confirmed: false));
        Assert.Empty(After(Answered(1, "", 0, 0, 1, "accept_incident")).Tools);

        Assert.Equal("accept_incident", Assert.Single(After(new TurnConfirmed(s_call, 1, 1)).Tools).Name);
        Assert.Empty(After(new TurnConfirmed(s_call, 1, 1)).Tools);
    }

    [Fact]
    public void An_eager_start_that_was_wrong_never_was()
    {
        After(Said(1, "Hello", heard: "This is the city."));
        After(Answered(1, "Hi.", 1));
        After(Said(2, "Yes", heard: "Hi.", confirmed: false));
        After(new AgentInterrupted(s_call, 1, 2));
        Assert.Null(_state.Job);
        Assert.Empty(After(Answered(2, "", 0, 0, 1, "accept_incident")).Tools);

        After(Said(3, "Yes, no, wait", heard: "Hi."));
        Assert.Equal(["This is the city.", "Hello"], _state.History.Select(entry => entry.Text));
        Assert.Equal("Yes, no, wait", _state.Job!.Said);
    }

    [Fact]
    public void A_turn_that_comes_twice_the_second_time_confirmed_is_confirmed()
    {
        After(Said(1, "Yes", confirmed: false));
        After(Said(1, "Yes"));

        Assert.True(_state.Job!.Confirmed);
    }

    [Fact]
    public void Another_bridge_gets_what_the_first_had_not_played()
    {
        After(Said(1, "Hello"));
        After(Answered(1, "One. Two. Three.", 3));
        var (messages, _) = After(new MediaStarted(s_call, 2, "other"), ["One.", "Two.", "Three."], awaited: "1.1.1");

        Assert.Equal(
            [new Speak(s_call, 1, 1, 1, "Two."), new Speak(s_call, 1, 1, 2, "Three."), new TurnFinished(s_call, 1, 1, 3)], messages);
    }

    [Fact]
    public void Words_that_come_again_because_nothing_was_heard_get_the_same_answer_and_no_tool_runs_again()
    {
        After(Said(1, "Yes"));
        After(Answered(1, "", 0, 0, 1, "accept_incident"));
        AfterTool("1.1.0.0", "{}");
        After(Answered(1, "Thank you.", 1, round: 1));
        var (messages, tools) = After(Said(1, "Yes", again: true, stream: 2), ["Thank you."]);

        Assert.Empty(tools);
        Assert.Equal([new Speak(s_call, 2, 1, 0, "Thank you."), new TurnFinished(s_call, 2, 1, 1)], messages);
    }

    [Fact]
    public void Words_that_come_again_while_the_answer_runs_make_it_go_on_under_the_new_name()
    {
        After(Said(1, "Yes"));
        var (messages, _) = After(Said(1, "Yes", again: true, stream: 2), ["Thank you."]);

        Assert.Equal([new Speak(s_call, 2, 1, 0, "Thank you."), new AnswerTurn(s_call, 2, 1, 0)], messages);
    }

    [Fact]
    public void Where_no_model_answers_the_caller_is_told_and_gets_the_keypad()
    {
        After(Said(1, "Hello"));
        var (messages, _) = After(new ModelAnswered(s_call, 1, 1, 0, "", [], 0, Failed: true));

        Assert.Equal(new TalkOptions().Apology, Assert.IsType<Speak>(messages[0]).Text);
        Assert.Equal(new TurnFinished(s_call, 1, 1, 1), messages[1]);
        Assert.IsType<SwitchToKeypad>(messages[2]);
    }

    [Fact]
    public void The_last_round_has_no_tools()
    {
        After(Said(1, "Hello"));
        for (var round = 0; round < 5; round++)
        {
            After(Answered(1, "", 0, round, 1, "end_call"));
            AfterTool($"1.1.{round}.0", "{}");
        }

        Assert.Empty(_state.Job!.Offered);
        Assert.Equal(5, _state.Job.Round);
    }

    [Fact]
    public void A_tool_that_was_overtaken_by_the_caller_stands_in_the_history_with_an_answer()
    {
        After(Said(1, "Hello"));
        After(Answered(1, "", 0, 0, 1, "retrieve_ticket"));
        After(Said(2, "Hurry"));

        Assert.Equal([TalkRole.Caller, TalkRole.ToolCalls, TalkRole.ToolResult], _state.History.Select(entry => entry.Role));
        Assert.Empty(AfterTool("1.1.0.0", "{}"));
    }

    static string Words(int count) => string.Join(' ', Enumerable.Repeat("word", count));

    /// <summary>Turns that fill the budget of 24,000 characters beyond three quarters.</summary>
    SummariseTalk Fills()
    {
        List<Message> all = [];
        for (var turn = 1; turn <= 40; turn++)
        {
            all.AddRange(After(Said(turn, $"Turn {turn} {Words(60)}", heard: $"Answer {turn - 1} {Words(60)}")).Messages);
        }

        return Assert.Single(all.OfType<SummariseTalk>());
    }

    [Fact]
    public void A_long_conversation_is_summed_up_once_and_goes_on_with_the_summary()
    {
        var asked = Fills();
        var before = _state.History.Count;
        After(new TalkSummarised(s_call, asked.UpTo, "They talked."));

        Assert.Equal((before - asked.UpTo, "They talked.", asked.UpTo), (_state.History.Count, _state.Summary, _state.Summarised));
        Assert.Equal(TalkRole.Agent, _state.History[0].Role);
        After(new TalkSummarised(s_call, asked.UpTo, "Another one."));
        Assert.Equal((before - asked.UpTo, "They talked."), (_state.History.Count, _state.Summary));
        Assert.Empty(After(Said(41, "Short.")).Messages.OfType<SummariseTalk>());
    }

    [Fact]
    public void Where_no_summary_comes_nothing_is_lost_and_it_is_asked_for_again_later()
    {
        var asked = Fills();
        After(new TalkSummarised(s_call, asked.UpTo, ""));
        After(new TalkSummarised(s_call, asked.UpTo + 2, "Of something else."));
        Assert.Equal(("", 0), (_state.Summary, _state.Summarised));

        List<Message> all = [];
        for (var turn = 41; turn <= 56; turn++)
        {
            all.AddRange(After(Said(turn, $"Turn {turn} {Words(60)}", heard: $"Answer {turn - 1} {Words(60)}")).Messages);
        }

        Assert.Equal(asked.UpTo + 20, all.OfType<SummariseTalk>().First().UpTo);
    }
}
