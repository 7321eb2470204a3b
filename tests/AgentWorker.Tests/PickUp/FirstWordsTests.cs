using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.PickUp;
using CityMonitor.AgentWorker.Talk;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.PickUp;

/// <summary>A call of the cascade engine whose first words are a machine's.</summary>
public sealed class FirstWordsTests
{
    const string Machine = "Please leave a message after the tone.";
    const string Screening = "Please say your name and why you are calling, and I will see if they are available.";
    const string Menu = "For dispatch, press one.";

    readonly Responding responding = Responding.To().IsAnswered();
    TalkState talk = new();
    int turn;

    /// <summary>Says it and returns what follows in the conversation.</summary>
    IReadOnlyList<Message> Says(string text, bool confirmed = true)
    {
        if (confirmed)
        {
            responding.Says(text);
        }

        return Does(new UserTurn(responding.Call, 1, ++turn, text, confirmed, ""));
    }

    IReadOnlyList<Message> Does(CallMessage message)
    {
        IReadOnlyList<Message> published = [];
        responding.Decide(d =>
        {
            IncidentDecisions.Decide(d, (AgentMessage)message);
            var step = new TalkStep(responding.Call, talk, new TalkOptions(), [], null);
            if (!FirstWords.Take(d, step, message))
            {
                TalkDecisions.Decide(step, message);
            }

            talk = step.State;
            published = step.Published;
        });
        return published;
    }

    [Fact]
    public void A_person_is_answered_by_the_model()
    {
        Assert.IsType<AnswerTurn>(Assert.Single(Says("Hello, who's calling please?")));
        Assert.Equal(CalleeKind.Person, responding.State.Live!.Callee);
        Assert.True(responding.Tool("retrieve_ticket").TryGetProperty("address", out _));
    }

    [Fact]
    public void A_machine_gets_the_call_back_text_behind_its_beep_and_counts_as_no_answer()
    {
        Assert.Equal(new TurnFinished(responding.Call, 1, 1, 0), Assert.Single(Says(Machine)));
        Assert.Equal(responding.Options.BeepWait, responding.TimerIn(TimerNames.Voicemail));
        Assert.DoesNotContain("address", responding.Tool("retrieve_ticket").ToString(), StringComparison.Ordinal);

        responding.TimerRings(TimerNames.Voicemail);
        Assert.Single(responding.Of<LeaveVoicemail>());
        responding.HangsUp(reason: "voicemail");
        Assert.Equal(CallOutcome.Voicemail, responding.State.Attempts[^1].Outcome);
        Assert.True(responding.HasTimer(TimerNames.NextAttempt));
    }

    [Fact]
    public void A_greeting_in_several_turns_moves_the_call_back_text_behind_its_end()
    {
        Says("You have reached Dana, I am not available.");
        responding.Later(TimeSpan.FromSeconds(1.5));
        Assert.IsType<TurnFinished>(Assert.Single(Says("We will get back to you.")));
        Assert.Equal(responding.Options.BeepWait, responding.TimerIn(TimerNames.Voicemail));
    }

    [Fact]
    public void A_person_who_comes_to_the_phone_in_time_is_talked_to()
    {
        Says(Machine);
        Assert.IsType<AnswerTurn>(Assert.Single(Says("Hello? Sorry, I'm here.")));
        Assert.False(responding.HasTimer(TimerNames.Voicemail));
        Assert.True(responding.Tool("retrieve_ticket").TryGetProperty("address", out _));
    }

    [Fact]
    public void A_screening_hears_who_calls_and_nothing_of_the_incident_and_then_the_person_is_talked_to()
    {
        var answer = Says(Screening);
        var spoken = Assert.IsType<Speak>(answer[0]);
        Assert.Contains("Safe City Authority", spoken.Text, StringComparison.Ordinal);
        Assert.Contains("urgent", spoken.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Harbour", spoken.Text, StringComparison.Ordinal);
        Assert.Equal(new TurnFinished(responding.Call, 1, 1, 1), answer[1]);
        Assert.True(responding.Tool("retrieve_ticket").TryGetProperty("error", out _));

        Assert.Equal(new TurnFinished(responding.Call, 1, 2, 0), Assert.Single(Says("Thanks, please stay on the line.")));
        Assert.IsType<AnswerTurn>(Assert.Single(Says("Dana Reyes.")));
        Assert.True(responding.Tool("retrieve_ticket").TryGetProperty("address", out _));
    }

    [Fact]
    public void A_screening_is_told_twice_at_most_and_where_nobody_comes_it_is_no_answer()
    {
        Assert.Equal(2, Says(Screening).Count);
        Assert.Equal(2, Says(Screening).Count);
        Assert.Single(Says(Screening));
        responding.HangsUp();
        Assert.Equal(CallOutcome.Voicemail, responding.State.Attempts[^1].Outcome);
        Assert.Contains("screening", responding.State.Attempts[^1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_menu_is_tried_with_the_operators_key_once_and_then_left()
    {
        Assert.IsType<TurnFinished>(Assert.Single(Says(Menu)));
        Assert.Equal(new PressKeys(responding.Call, "0"), Assert.Single(responding.Of<PressKeys>()));
        Assert.IsType<TurnFinished>(Assert.Single(Says("Please hold while we connect you.")));
        Assert.Empty(responding.Of<FinishCall>());

        Says(Menu);
        Assert.Single(responding.Of<PressKeys>());
        Assert.Single(responding.Of<FinishCall>());
        responding.HangsUp(reason: "finished");
        Assert.Equal(CallOutcome.Voicemail, responding.State.Attempts[^1].Outcome);
        Assert.Contains("menu", responding.State.Attempts[^1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_likely_end_decides_nothing()
    {
        Assert.Empty(Says(Machine, confirmed: false));
        Assert.Null(responding.State.Live!.Callee);
        Assert.Equal(new TurnFinished(responding.Call, 1, 1, 0), Assert.Single(Does(new TurnConfirmed(responding.Call, 1, 1))));
        Assert.Equal(CalleeKind.Machine, responding.State.Live!.Callee);

        Assert.Empty(Says(Screening, confirmed: false));
        Does(new AgentInterrupted(responding.Call, 1, 2));
        Assert.Null(talk.Job);
    }

    [Fact]
    public void The_same_turn_twice_is_answered_once()
    {
        var said = new UserTurn(responding.Call, 1, 1, Screening, true, "");
        Assert.Equal(2, Does(said).Count);
        Assert.Empty(Does(said));
    }

    [Fact]
    public void Whoever_has_been_told_of_the_incident_is_a_person()
    {
        Says("Dana Reyes.");
        responding.Tool("retrieve_ticket");
        Assert.IsType<AnswerTurn>(Assert.Single(Says(Machine)));
    }

    [Fact]
    public void An_engine_with_a_model_of_its_own_is_told_nothing_while_a_screening_listens()
    {
        var refused = responding.Says(Screening).Tool("retrieve_ticket").ToString();
        Assert.Contains("Safe City Authority, with an urgent call", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("Harbour", refused, StringComparison.Ordinal);
        Assert.True(responding.Says("Thanks. Hold on.").Tool("retrieve_ticket").TryGetProperty("error", out _));
        Assert.True(responding.Says("Dana Reyes, Central Police.").Tool("retrieve_ticket").TryGetProperty("address", out _));
    }

    [Fact]
    public void An_engine_with_a_model_of_its_own_leaves_a_machine_the_call_back_text()
    {
        Assert.True(responding.Says(Machine).Tool("retrieve_ticket").TryGetProperty("error", out _));
        responding.TimerRings(TimerNames.Voicemail);
        Assert.Single(responding.Of<LeaveVoicemail>());
    }
}
