using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.Talk;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>Reads the call that came in, lets <see cref="ReceptionDecisions"/> decide, and turns the decision into the step's effects.</summary>
sealed partial class ReceptionHandler(
    ReceptionStore receptions, CallStore calls, FlowLibrary flows, TalkStore talks, IOptions<ReceptionOptions> options, IOptions<DispatchOptions> dispatch,
    TimeProvider clock, ILogger<ReceptionHandler> log) : IMessageHandler
{
    /// <summary>Behind it comes a person where one can be reached, else the flow's `keypad` sentence: a caller has no key to press.</summary>
    const string Apology = "I am sorry, I cannot think clearly right now.";

    public async ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct)
    {
        if (delivery.Message is not AgentMessage message || !CallId.TryParse($"{message.Root}.1", out var call))
        {
            return Handled.Dead($"{delivery.Message.GetType().Name} belongs to no call.");
        }

        using var scope = log.ForCall(call);
        var flow = flows.Get(options.Value.Flow, ReceptionToolBox.Names);
        var state = await receptions.ReadAsync(call, ct);
        var opened = state is null;
        if ((state ?? await OpenAsync(call, message, flow, ct)) is not { } reception)
        {
            Unknown(message, step);
            return Handled.Done;
        }

        var decision = new ReceptionDecision(reception, clock.GetUtcNow(), options.Value, flow, await FactsAsync(message, call, ct)) { AskedAt = delivery.At };
        if (opened && message is CallReceived)
        {
            decision.Session = Sessions.Build(
                flow, reception, dispatch.Value.Authority, options.Value.TransferNumber, flow.Tools.Select(name => ReceptionToolBox.Find(name)!.Definition), decision.Now);
            ReceptionDecisions.Opened(decision);
        }
        else
        {
            ReceptionDecisions.Decide(decision, message);
        }

        await TalkAsync(decision, message, step, ct);
        Apply(decision, step);
        Recording.Apply(decision, message, step);
        LogDecided(message.GetType().Name, decision.State.Stage, decision.Messages.Count);
        return Handled.Done;
    }

    /// <summary>The call's first word; or any word of a call whose state was lost with Redis, and whose bridge still holds its session.</summary>
    async Task<ReceptionState?> OpenAsync(CallId call, AgentMessage message, Flow flow, CancellationToken ct) => message switch
    {
        CallReceived m => new ReceptionState(call, m.CallSid, m.From, m.To, clock.GetUtcNow(), flow.First.Name),
        UserTurn or ToolRequested or MediaStarted when await calls.ReadSessionAsync(call, ct) is { Incident: null } session =>
            new ReceptionState(call, call.Root[(call.Root.IndexOf('-', StringComparison.Ordinal) + 1)..], session.To, session.To, clock.GetUtcNow(), flow.First.Name),
        _ => null,
    };

    async Task<ReceptionFacts> FactsAsync(AgentMessage message, CallId call, CancellationToken ct) => message switch
    {
        TimerDue or TicketCreated => new ReceptionFacts(await calls.ReadTurnsAsync(call, ct)),
        CallSwept => new ReceptionFacts(await calls.ReadTurnsAsync(call, ct), (await calls.ReadAsync(call, ct)).GetValueOrDefault(CallFields.Dial)?.Text),
        _ => ReceptionFacts.None,
    };

    async Task TalkAsync(ReceptionDecision d, AgentMessage message, Step step, CancellationToken ct)
    {
        var isTurn = TalkPart.IsTurn(message);
        if (!isTurn && !TalkPart.HasAnswers(d))
        {
            return;
        }

        var talk = await talks.BeginAsync(d.Call, message, ct);
        talk.Offered = d.OfferedTools;
        talk.Apology = Apology;
        if (isTurn)
        {
            TalkDecisions.Decide(talk, (CallMessage)message);
            // The turn is the newest one, wherever it was spoken: a call that has moved meanwhile still gets its tools.
            talk.Tools.ForEach(tool => ReceptionTools.Requested(d, tool with { Stream = Math.Max(tool.Stream, d.State.Stream) }));
        }

        TalkPart.TakeAnswers(d, talk);
        talk.Apply(step);
    }

    /// <summary>Of a call that nobody knows (a wiped Redis). Its caller still gets a sentence: silence is worse.</summary>
    void Unknown(AgentMessage message, Step step)
    {
        LogUnknown(message.GetType().Name, message.Root);
        if (TalkPart.OwedAnswer(message) is var (call, stream, turn))
        {
            step.Publish(new Speak(call, stream, turn, 0, "I am sorry, we have lost this conversation. Please call again. Goodbye."));
            step.Publish(new TurnFinished(call, stream, turn, 1));
            step.Publish(new FinishCall(call, "error"));
        }
        else if (message is ToolRequested m)
        {
            step.Publish(new ToolResult(m.Call, m.Stream, m.ToolCallId, m.Name, ToolAnswer.Error("Nothing is known of this call.", "Apologise, ask them to call again, and say goodbye.").Content));
        }
    }

    static void Apply(ReceptionDecision d, Step step)
    {
        step.Set(Keys.Reception(d.Call), d.State, StateJson.Default.ReceptionState, ReceptionStore.Life);
        if (d.IsOver)
        {
            step.RemoveFromSet(Keys.OpenReceptions, d.Call.Value);
        }
        else
        {
            step.AddToSet(Keys.OpenReceptions, d.Call.Value);
        }

        if (d.Session is { } session)
        {
            var json = System.Text.Json.JsonSerializer.Serialize(session, StateJson.Default.CallSession);
            step.SetFields(Keys.Call(d.Call), new Dictionary<string, RedisArg> { [CallFields.Session] = json }, CallStore.Life);
        }

        foreach (var message in d.Messages)
        {
            step.Publish(message);
        }

        if (d.OutcomeIn is { } delay)
        {
            step.Schedule(new TimerDue(d.Call.Root, ReceptionDecisions.OutcomeTimer, d.Call), delay);
        }

        foreach (var measure in d.Measurements)
        {
            measure();
        }
    }

    [LoggerMessage(4601, LogLevel.Debug, "{Message} handled: {Stage}, {Count} messages")]
    partial void LogDecided(string message, string stage, int count);

    [LoggerMessage(4602, LogLevel.Warning, "{Message} of {Root}, which is not known")]
    partial void LogUnknown(string message, string root);
}
