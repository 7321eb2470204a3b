using System.Net;
using CityMonitor.Simulator.Tests.Support;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class ConferenceTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    [Fact]
    public async Task Those_in_a_conference_hear_each_other_and_the_application_is_told_who_comes_and_goes()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone("""{number: "+12025550151", answer_after: 50ms, lines: [{at: 1500ms, say: "Can you hear me?"}]}""");
        simulator.Phone("""{number: "+12025550152", answer_after: 50ms, patience: 300ms, lines: [{on: "hear me", say: "Loud and clear."}]}""");
        var conference = $"""<Response><Dial><Conference statusCallback="{app.Url}/conference" statusCallbackEvent="start end join leave mute" participantLabel="LABEL">room-1</Conference></Dial></Response>""";
        var first = await simulator.DialAsync("+12025550151", ("Twiml", conference.Replace("LABEL", "first", StringComparison.Ordinal)));
        await simulator.UntilAsync("conference.participant-join", first);
        var second = await simulator.DialAsync("+12025550152", ("Twiml", conference.Replace("LABEL", "second", StringComparison.Ordinal)));
        await simulator.Timeline.WaitAsync(e => e.Kind == "phone.heard" && e.Subject == first && e.Details.GetProperty("text").GetString()!.Contains("clear", StringComparison.Ordinal), TimeSpan.FromSeconds(10));

        var (_, list) = await simulator.GetAsync("/Conferences.json?FriendlyName=room-1&Status=in-progress");
        var found = Assert.Single(list.GetProperty("conferences").EnumerateArray());
        var id = found.GetProperty("sid").GetString();
        var (_, participants) = await simulator.GetAsync($"/Conferences/{id}/Participants.json");
        Assert.Equal(2, participants.GetProperty("participants").GetArrayLength());
        var (_, muted) = await simulator.PostAsync($"/Conferences/{id}/Participants/second.json", ("Muted", "true"));
        Assert.True(muted.GetProperty("muted").GetBoolean());
        Assert.Equal(second, muted.GetProperty("call_sid").GetString());

        using var kicked = await simulator.Twilio.DeleteAsync(new Uri($"{SimulatorFixture.AccountPath}/Conferences/{id}/Participants/{second}.json", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, kicked.StatusCode);
        await simulator.UntilAsync("call.completed", second);
        await simulator.PostAsync($"/Conferences/{id}.json", ("Status", "completed"));
        await simulator.UntilAsync("call.completed", first);
        Assert.Equal("Loud and clear.", simulator.Call(first).Heard.Heard);
        Assert.Equal("Can you hear me?", simulator.Call(second).Heard.Heard);

        var told = new List<string>();
        while (told.Count < 7)
        {
            told.Add((await app.NextAsync("/conference"))["StatusCallbackEvent"]);
        }

        Assert.Equal(
            ["participant-join", "participant-join", "conference-start", "participant-mute", "participant-leave", "participant-leave", "conference-end"], told);
    }

    [Fact]
    public async Task A_participant_is_called_into_a_conference_and_ends_it_on_leaving()
    {
        simulator.Phone("""{number: "+12025550153", answer_after: 50ms}""");
        simulator.Phone("""{number: "+12025550154", answer_after: 50ms, hang_up_after: 1s}""");
        var first = await simulator.DialAsync("+12025550153", ("Twiml", "<Response><Dial><Conference>room-2</Conference></Dial><Say>Alone</Say></Response>"));
        await simulator.UntilAsync("conference.participant-join", first);
        var (status, body) = await simulator.PostAsync("/Conferences/room-2/Participants.json",
            ("From", "+12025550100"), ("To", "+12025550154"), ("EndConferenceOnExit", "true"), ("Label", "doctor"));
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal(("queued", "doctor", true), (body.GetProperty("status").GetString(), body.GetProperty("label").GetString(), body.GetProperty("end_conference_on_exit").GetBoolean()));
        await simulator.UntilAsync("call.completed", body.GetProperty("call_sid").GetString()!);
        await simulator.UntilAsync("call.completed", first);
        Assert.Equal("Alone", simulator.Call(first).Heard.Heard);
        var (_, list) = await simulator.GetAsync("/Conferences.json?FriendlyName=room-2");
        Assert.Equal("participant-with-end-conference-on-exit-left",
            Assert.Single(list.GetProperty("conferences").EnumerateArray()).GetProperty("reason_conference_ended").GetString());
    }

    [Fact]
    public async Task A_conference_into_which_somebody_is_being_called_exists_at_once()
    {
        simulator.Phone("""{number: "+12025550158", answer_after: 60s}""");
        var (_, added) = await simulator.PostAsync("/Conferences/room-3/Participants.json", ("From", "+12025550100"), ("To", "+12025550158"));
        var (_, found) = await simulator.GetAsync($"/Conferences/{added.GetProperty("conference_sid").GetString()}.json");
        Assert.Equal(("room-3", "init"), (found.GetProperty("friendly_name").GetString(), found.GetProperty("status").GetString()));
        await simulator.PostAsync($"/Calls/{added.GetProperty("call_sid").GetString()}.json", ("Status", "canceled"));
    }

    [Fact]
    public async Task A_dialled_number_is_heard_and_its_fate_goes_to_the_action()
    {
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone("""{number: "+12025550155", answer_after: 50ms}""");
        simulator.Phone("""{number: "+12025550156", answer_after: 50ms, greeting: "Desk.", hang_up_after: 1500ms}""");
        simulator.Phone("""{number: "+12025550157", answer_after: 50ms, when_called: busy}""");
        app.Answer("/dial", "<Response><Dial action='/after' callerId='+12025550100'>+12025550156</Dial></Response>");
        app.Answer("/after", "<Response><Dial action='/end'><Number>+12025550157</Number></Dial></Response>");
        app.Answer("/end", "<Response><Say>Done</Say></Response>");
        var sid = await simulator.DialAsync("+12025550155", ("Url", app.Url + "/dial"));
        var after = await app.NextAsync("/after");
        Assert.Equal(("completed", "true"), (after["DialCallStatus"], after["DialBridged"]));
        Assert.Equal("busy", (await app.NextAsync("/end"))["DialCallStatus"]);
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("Desk. Done", simulator.Call(sid).Heard.Heard);
        var child = simulator.Call(after["DialCallSid"]);
        Assert.Equal((sid, "outbound-dial"), (child.ParentSid, child.Direction));
    }
}
