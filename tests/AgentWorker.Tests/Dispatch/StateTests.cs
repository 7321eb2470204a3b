using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

public sealed class StateTests
{
    static readonly string[] addedLater = ["timers", "roundStart", "live", "replies", "received"];

    [Fact]
    public void A_state_survives_its_JSON()
    {
        var responding = Responding.To().IsAnswered().Accepts();
        responding.Tool("record_responder", new { whatsapp_number = "this number" });
        responding.Tool("send_whatsapp_message", new { confirmed = true });
        var json = JsonSerializer.Serialize(responding.State, StateJson.Default.IncidentState);
        var again = JsonSerializer.Deserialize(json, StateJson.Default.IncidentState)!;

        Assert.Equal(json, JsonSerializer.Serialize(again, StateJson.Default.IncidentState));
        responding.State = again;
        responding.HangsUp();
        Assert.Equal(IncidentStatus.Acknowledged, responding.State.Status);
    }

    [Fact]
    public void A_state_from_before_a_field_was_added_can_be_read()
    {
        var node = JsonNode.Parse(JsonSerializer.Serialize(Responding.To().State, StateJson.Default.IncidentState))!.AsObject();
        foreach (var name in addedLater)
        {
            node.Remove(name);
        }

        var state = node.Deserialize(StateJson.Default.IncidentState)!;
        Assert.NotNull(state.Timers);
        Assert.NotNull(state.Received);
        Assert.Equal(0, state.RoundStart);

        var live = JsonSerializer.Deserialize("""{"call":"fd-1.1","stage":"introduction"}""", StateJson.Default.LiveCall)!;
        Assert.NotNull(live.Tools);
        Assert.Equal(CallId.Parse("fd-1.1"), live.Call);
    }
}
