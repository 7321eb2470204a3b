using System.Text.Json.Nodes;
using CityMonitor.Messaging.State;
using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>A speech vendor that fails.</summary>
static class SpeechRows
{
    const string Part = "Deepgram";
    const string KeypadPart = "Deepgram gone for good: keypad";
    const string Agent = "deepgram-agent";
    const string Speak = "deepgram-speak";

    // As long as it takes to set and clear a fault that acts at once.
    const double AMoment = 0.1;

    static readonly object drop = new { dropSocketsAfterMs = 0 };

    public static IReadOnlyList<FaultRow> All { get; } =
    [
        Of("everything refused from the ring on", Moment.Ringing, All(Fault(Agent, new { refuse = true }), Fault(Speak, new { refuse = true }))),
        Of("agent refused from the ring on", Moment.Ringing, Fault(Agent, new { refuse = true })),
        Of("agent refused and cut in a turn, for good", Moment.AgentSpeaks, Fault(Agent, new { refuse = true, dropSocketsAfterMs = 0 })),
        Of("agent refused and cut in a turn, for 2 s", Moment.AgentSpeaks, Fault(Agent, new { refuse = true, dropSocketsAfterMs = 0 }), 2),
        Of("over its limit (429) from the ring on", Moment.Ringing, Fault(Agent, new { status = 429, retryAfter = 5 })),
        Of("over its limit (429) and cut in a turn", Moment.AgentSpeaks, Fault(Agent, new { status = 429, retryAfter = 5, dropSocketsAfterMs = 0 })),
        Of("answers with 500 from the ring on", Moment.Ringing, Fault(Agent, new { status = 500 })),
        Of("answers with HTML from the ring on", Moment.Ringing, Fault(Agent, new { garbage = "html" })),
        Of("never answers from the ring on", Moment.Ringing, Fault(Agent, new { hang = true })),
        Of("never answers any more and cut in a turn", Moment.AgentSpeaks, Fault(Agent, new { hang = true, dropSocketsAfterMs = 0 })),
        Of("3 s slower to open from the ring on", Moment.Ringing, Fault(Agent, new { latencyMs = 3000 })),
        Of("each message 1 s late from the ring on", Moment.Ringing, Fault(Agent, new { lateMs = 1000 })),
        Of("each message 1 s late from a turn on", Moment.AgentSpeaks, Fault(Agent, new { lateMs = 1000 })),
        Of("each message 5 s late from the ring on", Moment.Ringing, Fault(Agent, new { lateMs = 5000 })),
        Of("each message 5 s late from a turn on", Moment.AgentSpeaks, Fault(Agent, new { lateMs = 5000 })),
        .. from at in new[]
           {
               (Moment.Greeting, "in the greeting"), (Moment.AgentSpeaks, "while the agent speaks"),
               (Moment.ResponderSpeaks, "while the responder speaks"), (Moment.InATool, "in a tool"),
           }
           select Of($"socket dropped {at.Item2}", at.Item1, Fault(Agent, drop), AMoment),
        Of("ends the session with an error while the agent speaks", Moment.AgentSpeaks, Fault(Agent, new { failStreams = true }), 1),
        Of("ends the session with an error while the responder speaks", Moment.ResponderSpeaks, Fault(Agent, new { failStreams = true }), 1),
        Of("mute from the ring on, for good", Moment.Ringing, Fault(Agent, new { mute = true })),
        Of("mute for 4 s in the greeting", Moment.Greeting, Fault(Agent, new { mute = true }), 4),
        Of("mute for 4 s while the agent speaks", Moment.AgentSpeaks, Fault(Agent, new { mute = true }), 4),
        Of("mute for 4 s while the responder speaks", Moment.ResponderSpeaks, Fault(Agent, new { mute = true }), 4),
        Of("mute for 4 s in a tool", Moment.InATool, Fault(Agent, new { mute = true }), 4),
        Of("mute from a turn on, for good", Moment.AgentSpeaks, Fault(Agent, new { mute = true })),
        Of("rubbish between its messages from the ring on", Moment.Ringing, Fault(Agent, new { garble = "between" })),
        Of("rubbish between its messages from a turn on", Moment.AgentSpeaks, Fault(Agent, new { garble = "between" })),
        Of("rubbish instead of its messages from the ring on", Moment.Ringing, Fault(Agent, new { garble = "instead" })),
        Of("rubbish instead of its messages for 4 s in a turn", Moment.AgentSpeaks, Fault(Agent, new { garble = "instead" }), 4),
        Of("rubbish instead of its messages from a turn on, for good", Moment.AgentSpeaks, Fault(Agent, new { garble = "instead" })),
        Of("greeting cannot be synthesised", Moment.BeforeTheTicket, Fault(Speak, new { status = 500 })),
        Of("synthesis never answers", Moment.BeforeTheTicket, Fault(Speak, new { hang = true })),
        Of("synthesis answers with HTML", Moment.BeforeTheTicket, Fault(Speak, new { garbage = "html" })),
        Keypad("1 accepts", Callee.PressesOne, IncidentStatus.Acknowledged, "1", told: 1),
        Keypad("2 declines", Callee.PressesTwo, IncidentStatus.Declined, "2", told: 1),
        Keypad("9 repeats, then 1 accepts", Callee.PressesNineThenOne, IncidentStatus.Acknowledged, "91", told: 2),
        Keypad("1 accepts", Callee.PressesOne, IncidentStatus.Acknowledged, "1", told: 1, inATurn: true),
        Keypad("2 declines", Callee.PressesTwo, IncidentStatus.Declined, "2", told: 1, inATurn: true),
        Keypad("9 repeats, then 1 accepts", Callee.PressesNineThenOne, IncidentStatus.Acknowledged, "91", told: 2, inATurn: true),
    ];

    static FaultRow Of(string name, Moment at, Func<Wave, Task> act, double? seconds = null) =>
        new($"Deepgram: {name}", Part, Shape.OneOfEach, at, act) { Lasts = seconds is { } lasts ? TimeSpan.FromSeconds(lasts) : null };

    /// <param name="keys">What must have been pressed.</param>
    /// <param name="told">How often the keypad's question must have been heard at least.</param>
    static FaultRow Keypad(string name, Callee callee, IncidentStatus end, string keys, int told, bool inATurn = false) =>
        new($"Deepgram: gone {(inATurn ? "from the greeting on" : "from the ring on")}: {name}", KeypadPart, Shape.OneOfEach, inATurn ? Moment.Greeting : Moment.Ringing,
            All(Fault(Agent, new { refuse = true, dropSocketsAfterMs = 0 }), Fault(Speak, new { refuse = true })))
        {
            Callee = callee, Ends = [end], OfCalls = calls => OfKeypad(calls, keys, told),
        };

    static IEnumerable<string> OfKeypad(IReadOnlyList<JsonNode> calls, string keys, int told)
    {
        foreach (var heard in calls.Select(call => call["heard"]!))
        {
            if (heard["digitsPressed"]!.GetValue<string>() is var pressed && pressed != keys)
            {
                yield return $"the keys '{pressed}' were pressed, not '{keys}'";
            }

            if (heard["heard"]!.GetValue<string>().Split("Press 1").Length - 1 < told)
            {
                yield return $"the keypad's question was heard less than {told} times";
            }
        }
    }
}
