using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Tests.Deepgram;

public sealed class DispatchDialogueTests(QuickSimulator shared) : IClassFixture<QuickSimulator>
{
    const string Greeting = "This is City Monitor. Who am I speaking with?";
    const string Ok = """{"ok":true}""";

    readonly RunningSimulator simulator = shared.Running;

    Task<AgentClient> OpenAsync(JsonObject settings) => AgentClient.OpenAsync(simulator.Ports.Deepgram, settings);

    [Fact]
    public async Task A_responder_accepts_confirms_a_number_tells_the_eta_and_the_call_ends()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", Greeting)));
        await agent.SayAsync("This is John Miller from Harbour Fire Department.");
        await agent.WaitForTextAsync("user", "John Miller from Harbour");
        var who = await agent.AnswerAsync("record_responder", Ok);
        Assert.Equal(("John Miller", "Harbour Fire Department"), ((string?)who["name"], (string?)who["agency"]));
        await agent.WaitForTextAsync("assistant", "Vehicle collision at Harbour Road and 5th Street.");
        await agent.WaitForTextAsync("assistant", "Can you take this incident, yes or no?");
        await agent.WaitAsync("AgentAudioDone");

        await agent.SayAsync("Yes, I can.");
        Assert.Empty(await agent.AnswerAsync("accept_incident", Ok));
        await agent.WaitForTextAsync("assistant", "WhatsApp number?");

        await agent.SayAsync("It is two oh two, triple five, oh one four two.");
        Assert.Equal("+12025550142", (string?)(await agent.AnswerAsync("record_responder", Ok))["whatsapp_number"]);
        await agent.WaitForTextAsync("assistant", "plus 1 2 0 2 5 5 5 0 1 4 2.");
        await agent.SayAsync("No, two zero two five five five zero one forty three.");
        var recorded = await agent.AnswerAsync("record_responder", """{"recorded":{},"read_back":"plus 1, 2 0 2, 5 5 5, 0 1 4 3"}""");
        Assert.Equal("+12025550143", (string?)recorded["whatsapp_number"]);
        await agent.WaitForTextAsync("assistant", "I have plus 1, 2 0 2, 5 5 5, 0 1 4 3.");
        await agent.SayAsync("Yes, that's right.");
        Assert.True((bool)(await agent.AnswerAsync("send_whatsapp_message", Ok))["confirmed"]!);
        await agent.WaitForTextAsync("assistant", "In how many minutes");

        await agent.SayAsync("About ten... no, twenty minutes.");
        var eta = await agent.AnswerAsync("record_responder", Ok);
        Assert.Equal(20, (int)eta["eta_minutes"]!);
        await agent.WaitForTextAsync("assistant", "20 minutes, thank you.");
        await agent.AnswerAsync("end_call", Ok);
        await agent.SayAsync("Wait, make that fifteen.");
        Assert.Equal(15, (int)(await agent.AnswerAsync("record_responder", Ok))["eta_minutes"]!);
        await agent.AnswerAsync("end_call", Ok);
        Assert.Contains("Goodbye.", agent.Heard, StringComparison.Ordinal);
        Assert.Contains("Can you take this incident, yes or no?", agent.Heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_responder_who_cannot_is_asked_why_and_the_incident_is_declined()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "Can you take this incident, yes or no?")));
        await agent.SayAsync("No, sorry.");
        await agent.WaitForTextAsync("assistant", "why not");
        await agent.SayAsync("Our ladder truck is broken.");
        Assert.Equal("Our ladder truck is broken", (string?)(await agent.AnswerAsync("decline_incident", Ok))["reason"]);
        await agent.WaitForTextAsync("assistant", "Goodbye");
        await agent.AnswerAsync("end_call", Ok);
    }

    [Theory]
    [InlineData("Yes... no, wait.")]
    [InlineData("No. Yes, I can.")]
    public async Task An_answer_that_is_both_yes_and_no_accepts_nothing(string answer)
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "Can you take this incident, yes or no?")));
        await agent.SayAsync(answer);
        await agent.WaitForTextAsync("assistant", "I heard both.");
        Assert.DoesNotContain(agent.Log, m => (string?)m["type"] == "FunctionCallRequest");
    }

    [Fact]
    public async Task A_wrong_number_is_declined_as_such()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", Greeting)));
        await agent.SayAsync("You have the wrong number.");
        var declined = await agent.AnswerAsync("decline_incident", Ok);
        Assert.Equal(("Wrong number", true), ((string?)declined["reason"], (bool)declined["wrong_number"]!));
        await agent.AnswerAsync("end_call", Ok);
    }

    [Theory]
    [InlineData("Can you call me back later?", 10)]
    [InlineData("Please call me back in five minutes.", 5)]
    public async Task A_wish_to_be_called_back_decides_nothing_and_ends_with_the_minutes(string said, int minutes)
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", Greeting)));
        await agent.SayAsync(said);
        Assert.Equal(minutes, (int)(await agent.AnswerAsync("end_call", Ok))["call_back_minutes"]!);
        Assert.DoesNotContain(agent.Log, m => m.ToJsonString().Contains("decline_incident", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Yes, I'm still here.")]
    [InlineData("Sorry, I am here.")]
    public async Task To_be_still_there_is_not_to_accept(string said)
    {
        await using var agent = await OpenAsync(
            AgentSettingsOf.Dispatch().After(("assistant", "Can you take this incident, yes or no?"), ("assistant", "Are you still there?")));
        await agent.SayAsync(said);
        await agent.WaitForTextAsync("assistant", "Can you take this incident");
        Assert.DoesNotContain(agent.Log, m => (string?)m["type"] == "FunctionCallRequest");
    }

    [Fact]
    public async Task What_was_not_heard_is_repeated_and_what_is_not_understood_ends_without_a_decision()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "Can you take this incident, yes or no?")));
        await agent.SayAsync("Can you repeat that?");
        await agent.WaitForTextAsync("assistant", "Can you take this incident");
        await agent.WaitAsync("AgentAudioDone");
        await agent.SayAsync("Perdon, habla despacio");
        await agent.WaitForTextAsync("assistant", "did not understand");
        await agent.WaitAsync("AgentAudioDone");
        await agent.SayAsync("Hablo espanol");
        await agent.WaitForTextAsync("assistant", "Can you take this incident");
        await agent.SayAsync("Hablo espanol");
        await agent.WaitForTextAsync("assistant", "control room");
        await agent.AnswerAsync("end_call", Ok);
        Assert.DoesNotContain(agent.Log, m => m.ToJsonString().Contains("accept_incident", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hostile_responder_is_asked_once_more_and_then_left_alone()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "Can you take this incident, yes or no?")));
        await agent.SayAsync("Leave me alone!");
        await agent.WaitForTextAsync("assistant", "Can you take this incident");
        await agent.SayAsync("I said leave me alone!");
        Assert.StartsWith("Hostile", (string?)(await agent.AnswerAsync("decline_incident", Ok))["reason"], StringComparison.Ordinal);
        await agent.AnswerAsync("end_call", Ok);
    }

    [Fact]
    public async Task Without_facts_in_the_prompt_the_ticket_is_retrieved()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch("You are a dispatcher.").After(("assistant", Greeting)));
        await agent.SayAsync("John Miller, Fire Department");
        await agent.AnswerAsync("record_responder", Ok);
        await agent.AnswerAsync("retrieve_ticket", """{"incident_type":"Fire","address":"Dock 9"}""");
        await agent.WaitForTextAsync("assistant", "Fire at Dock 9.");
    }

    [Fact]
    public async Task Errors_of_tools_are_told_and_an_acceptance_that_fails_twice_claims_nothing()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "Can you take this incident, yes or no?")));
        await agent.SayAsync("Yes.");
        await agent.AnswerAsync("accept_incident", """{"error":"store unavailable"}""");
        await agent.WaitForTextAsync("assistant", "One moment");
        await agent.AnswerAsync("retrieve_ticket", Ok);
        await agent.AnswerAsync("accept_incident", """{"error":"store unavailable"}""");
        await agent.WaitForTextAsync("assistant", "could not record your answer");
        await agent.AnswerAsync("end_call", Ok);
    }

    [Fact]
    public async Task A_message_that_could_not_be_sent_is_admitted_and_the_call_goes_on()
    {
        await using var agent = await OpenAsync(
            AgentSettingsOf.Dispatch().After(("assistant", "I have plus 1 2 0 2 5 5 5 0 1 4 2. Is that correct?")));
        await agent.SayAsync("Correct.");
        await agent.AnswerAsync("send_whatsapp_message", """{"error":"The number is not on WhatsApp."}""");
        await agent.WaitForTextAsync("assistant", "could not send");
        await agent.WaitForTextAsync("assistant", "how many minutes");
    }

    [Fact]
    public async Task Only_tools_that_are_offered_are_used()
    {
        await using var agent = await OpenAsync(
            AgentSettingsOf.Dispatch(without: ["record_responder", "send_whatsapp_message", "end_call"]).After(("assistant", "In how many minutes can you be there?")));
        await agent.SayAsync("Half an hour");
        await agent.WaitForTextAsync("assistant", "30 minutes");
        await agent.WaitAsync("AgentAudioDone");
        Assert.DoesNotContain(agent.Log, m => (string?)m["type"] == "FunctionCallRequest");
    }

    [Fact]
    public async Task A_number_may_come_in_pieces()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "What is your WhatsApp number?")));
        await agent.SayAsync("two zero two");
        await agent.WaitForTextAsync("assistant", "Go on.");
        await agent.SayAsync("five five five oh one four two");
        await agent.AnswerAsync("record_responder", Ok);
        await agent.WaitForTextAsync("assistant", "plus 1 2 0 2 5 5 5 0 1 4 2");
    }

    [Fact]
    public async Task The_number_that_was_called_can_be_the_whatsapp_number()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "What is your WhatsApp number?")));
        await agent.SayAsync("The same number.");
        Assert.Equal("+12025550123", (string?)(await agent.AnswerAsync("record_responder", Ok))["whatsapp_number"]);
        await agent.WaitForTextAsync("assistant", "0 1 2 3");
    }

    [Fact]
    public async Task A_number_that_the_tool_refuses_is_asked_for_again()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch("Hold on.").After(("assistant", "What is your WhatsApp number?")));
        await agent.SayAsync("This number is fine.");
        Assert.Equal("this number", (string?)(await agent.AnswerAsync("record_responder", """{"error":"not reachable"}"""))["whatsapp_number"]);
        await agent.WaitForTextAsync("assistant", "digit by digit");
    }

    [Fact]
    public async Task An_incident_that_others_settled_meanwhile_ends_the_call()
    {
        await using var agent = await OpenAsync(AgentSettingsOf.Dispatch().After(("assistant", "Can you take this incident, yes or no?")));
        await agent.SayAsync("Yes");
        await agent.AnswerAsync("accept_incident", """{"error":"The incident has just been settled by somebody else."}""");
        await agent.WaitForTextAsync("assistant", "nothing more is needed");
        await agent.AnswerAsync("end_call", Ok);
    }
}
