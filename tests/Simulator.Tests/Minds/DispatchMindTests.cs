using System.Text.Json;
using CityMonitor.Simulator.Minds;

namespace CityMonitor.Simulator.Tests.Minds;

/// <summary>What people say to the dispatcher, each with the first thing that it makes the mind do.</summary>
public sealed class DispatchMindTests
{
    const string Name = "Hello, this is Sarah. May I ask who I am speaking with, and for which agency?";
    const string Decision = "Can you take this incident, yes or no?";
    const string WhatsApp = "What is your WhatsApp number?";
    const string Confirm = "I have plus 1, 2 0 2, 5 5 5, 0 1 4 2. Is that correct?";
    const string Eta = "In how many minutes can you be there?";

    static readonly MindScript Script =
        new MindLibrary(Path.Combine(AppContext.BaseDirectory, "scenarios", "minds")).Choose(["incident-dispatch"], []);

    static readonly Dictionary<string, MindTool> Tools =
        new[] { "retrieve_ticket", "record_responder", "accept_incident", "decline_incident", "send_whatsapp_message", "end_call" }
            .ToDictionary(name => name, name => new MindTool(name, null, true, true));

    [Theory]
    [InlineData(Name, "Hello?", "say This is City Monitor. May I have your name and agency?")]
    [InlineData(Name, "Yes?", "say This is City Monitor. May I have your name and agency?")]
    [InlineData(Name, "What now?", "say This is City Monitor. May I have your name and agency?")]
    [InlineData(Name, "Hello, Ortiz.", "say This is City Monitor. May I have your name and agency?")]
    [InlineData(Name, "Hello, who is this?", "say This is City Monitor. May I have your name and agency?")]
    [InlineData(Name, "Park speaking.", "say May I have your name and agency, please?")]
    [InlineData(Name, "Officer Dana Reyes, Central Police.", """call record_responder {"name":"Officer Dana Reyes","agency":"Central Police"}""")]
    [InlineData(Name, "Dana Reyes from the Central Police", """call record_responder {"name":"Dana Reyes","agency":"Central Police"}""")]
    [InlineData(Name, "Hi, my name is Dana Reyes, I am with Central Police.", """call record_responder {"name":"Dana Reyes","agency":"Central Police"}""")]
    [InlineData(Name, "This is Captain Lee of Station 4 speaking.", """call record_responder {"name":"Captain Lee","agency":"Station 4"}""")]
    [InlineData(Name, "Hello, this is Robin Vale. What is it?", "say Thank you, Robin Vale. Which agency are you with?")]
    [InlineData(Name, "I am not a police officer.", "say May I have your name and agency, please?")]
    [InlineData(Name, "You have the wrong number. I am not a police officer. Please do not call again.", """call decline_incident {"reason":"Wrong number","wrong_number":"true"}""")]
    [InlineData(Name, "Please call me back in half an hour.", "say I will call you back in 30 minutes. Goodbye.")]
    [InlineData(Decision, "Yes, I accept. I am on my way.", "call accept_incident {}")]
    [InlineData(Decision, "We can.", "call accept_incident {}")]
    [InlineData(Decision, "No problem.", "call accept_incident {}")]
    [InlineData(Decision, "No, I can't.", "say I understand. May I ask why not?")]
    [InlineData(Decision, "I can’t.", "say I understand. May I ask why not?")]
    [InlineData(Decision, "No, I cannot. We have no unit free.", """call decline_incident {"reason":"We have no unit free"}""")]
    [InlineData(Decision, "No, I cannot. I am off duty tonight. Call somebody else.", """call decline_incident {"reason":"I am off duty tonight. Call somebody else"}""")]
    [InlineData(Decision, "I am not going anywhere. Find some other fool.", "say I understand. May I ask why not?")]
    [InlineData(Decision, "Yes. No, wait.", "say I heard both. Can you take this incident, yes or no?")]
    [InlineData(Decision, "I can. No, sorry.", "say I heard both. Can you take this incident, yes or no?")]
    [InlineData(Decision, "Wait, wait. Where is it exactly?", "call retrieve_ticket {}")]
    [InlineData(Decision, "Hm, let me think.", "say Sorry, I did not understand. Can you take this incident, yes or no?")]
    [InlineData(Decision, "Goodbye.", "call retrieve_ticket {}")]
    [InlineData(WhatsApp, "My WhatsApp number is +1 202 555 0123.", """call record_responder {"whatsapp_number":"\u002B12025550123"}""")]
    [InlineData(WhatsApp, "This number is fine.", """call record_responder {"whatsapp_number":"this number"}""")]
    [InlineData(WhatsApp, "I don't have WhatsApp.", "say All right, without pictures.")]
    [InlineData(WhatsApp, "two zero two", "say Go on.")]
    [InlineData(Confirm, "Yes, that is correct.", """call send_whatsapp_message {"confirmed":"true"}""")]
    [InlineData(Confirm, "No, that's wrong.", "say Sorry. What is your WhatsApp number, digit by digit?")]
    [InlineData(Confirm, "No, it's 202 555 0143.", """call record_responder {"whatsapp_number":"\u002B12025550143"}""")]
    [InlineData(Eta, "Ten. No, twenty minutes.", """call record_responder {"eta_minutes":"20"}""")]
    [InlineData(Eta, "About ten minutes.", """call record_responder {"eta_minutes":"10"}""")]
    [InlineData(Eta, "I'm here already.", """call record_responder {"eta_minutes":"0"}""")]
    [InlineData(Eta, "As fast as I can.", "say Sorry, I did not understand. In how many minutes can you be there?")]
    public void People_are_understood(string asked, string said, string done)
    {
        var mind = new Mind(Script, Tools);
        var (state, plan) = mind.OnUser(mind.Begin("", [new MindMessage("assistant", asked, [])]), said)!.Value;
        var act = mind.Next(state, plan)!.Value.Act;
        Assert.Equal(done, act switch
        {
            MindAct.Say say => $"say {say.Text}",
            MindAct.Call call => $"call {call.Calls[0].Name} {call.Calls[0].Arguments}",
            _ => act.ToString(),
        });
    }

    [Theory]
    [InlineData("""{"error":"no"}""", true)]
    [InlineData("""{"ok":false}""", true)]
    [InlineData("""{"success":false,"x":1}""", true)]
    [InlineData("Error: no such ticket", true)]
    [InlineData("""{"ok":true}""", false)]
    [InlineData("""{"error":null}""", false)]
    [InlineData("""["error"]""", false)]
    [InlineData("fine", false)]
    public void The_result_of_a_tool_is_known_as_an_error_or_not(string content, bool error) => Assert.Equal(error, Mind.IsError(content));

    [Fact]
    public void Arguments_are_typed_as_the_schema_says_and_unknown_ones_are_left_out()
    {
        var schema = JsonElement.Parse("""{"type":"object","properties":{"eta":{"type":["integer","null"]},"sure":{"type":"boolean"},"name":{"type":"string"}}}""");
        var arguments = new MindTool("f", schema, true, true).Arguments(new Dictionary<string, string>
        {
            ["eta"] = "20", ["sure"] = "true", ["name"] = "7", ["other"] = "x",
        });
        Assert.Equal("""{"eta":20,"sure":true,"name":"7"}""", arguments);
    }
}
