using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>
/// One message on its way through a call that came in: the state as it is, and the effects that were decided so far. No clock, no Redis, no
/// network: what a decision needs was read before.
/// </summary>
sealed class ReceptionDecision(ReceptionState state, DateTimeOffset now, ReceptionOptions options, Flow flow, ReceptionFacts facts) : MessageDecision(now, flow)
{
    public ReceptionState State { get; set; } = state;

    /// <summary>As it was before this message.</summary>
    public ReceptionState Before { get; } = state;

    public ReceptionOptions Options => options;
    public ReceptionFacts Facts => facts;
    public CallId Call => State.Call;

    /// <summary>Set in the decision that opens the call.</summary>
    public CallSession? Session { get; set; }

    /// <summary>When it is to be derived what the call came to.</summary>
    public TimeSpan? OutcomeIn { get; set; }

    public FlowStage? Stage => Flow.Stage(State.Stage);

    public override IReadOnlyList<string> OfferedTools => Stage?.Tools ?? [.. Flow.Tools];

    /// <summary>Neither the call nor anything that was asked for in it waits for anything any more.</summary>
    public bool IsOver => State.Outcome is not null && State.Tickets.All(ticket => ticket.Noted);

    public void Audit(string kind, string text) => Publish(new AuditEntry("AgentWorker", kind, Call.Root, Call, text));

    /// <summary>Names a write to the ticket system; the same in a decision that is made again.</summary>
    public string NextWriteId(string what)
    {
        var id = $"{Call.Root}.{what}.{State.NextWrite}";
        State = State with { NextWrite = State.NextWrite + 1 };
        return id;
    }
}

/// <param name="Transcript">The turns as they were spoken and heard; read only where a ticket's note needs them.</param>
/// <param name="Dial">TelephonyApi's word on the call (field dial); null where it knows nothing.</param>
sealed record ReceptionFacts(IReadOnlyList<Turn> Transcript, string? Dial = null)
{
    public static readonly ReceptionFacts None = new([]);
}
