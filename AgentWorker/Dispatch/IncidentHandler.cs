using System.Diagnostics;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.PickUp;
using CityMonitor.AgentWorker.Talk;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Reads the incident, lets <see cref="IncidentDecisions"/> decide, and turns the decision into the step's effects.</summary>
sealed partial class IncidentHandler(
    IncidentStore incidents, FactReader facts, FlowLibrary flows, TalkStore talks, IOptions<DispatchOptions> options, TimeProvider clock, ILogger<IncidentHandler> log) : IMessageHandler
{
    /// <summary>A withdrawn incident is kept for questions; an open one is written at each sweep, so it never lapses.</summary>
    static readonly TimeSpan keepIncident = TimeSpan.FromDays(30);

    public async ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct)
    {
        if (delivery.Message is not AgentMessage message || !TryIncident(message.Root, out var id))
        {
            return Handled.Dead($"{delivery.Message.GetType().Name} belongs to no incident.");
        }

        using var scope = log.ForIncident(id);
        var state = await incidents.ReadAsync(id, ct);
        var opened = state is null;
        if (state is null)
        {
            if (TicketOf(message) is not { } ticket)
            {
                Unknown(message, step);
                return Handled.Done;
            }

            state = Reporting.Open(id, ticket, clock.GetUtcNow()) with { Trace = Activity.Current?.Id };
        }

        var read = await facts.ReadAsync(state, message, ct);
        var decision = new Decision(state, clock.GetUtcNow(), options.Value, flows.Get(options.Value.Flow), read) { AskedAt = delivery.At };
        if (opened)
        {
            Reporting.Opened(decision);
        }
        else
        {
            IncidentDecisions.Decide(decision, message);
        }

        await TalkAsync(decision, message, step, ct);
        Apply(decision, step);
        Recording.Apply(decision, message, step);
        LogDecided(message.GetType().Name, decision.State.Status, decision.Messages.Count);
        return Handled.Done;
    }

    async Task TalkAsync(Decision d, AgentMessage message, Step step, CancellationToken ct)
    {
        var isTurn = TalkPart.IsTurn(message);
        if (!isTurn && !TalkPart.HasAnswers(d))
        {
            return;
        }

        var live = d.Live;
        var call = isTurn ? ((CallMessage)message).Call : live!.Call;
        var talk = await talks.BeginAsync(call, message, ct);
        talk.Offered = d.OfferedTools;
        if (isTurn)
        {
            if (!FirstWords.Take(d, talk, (CallMessage)message))
            {
                TalkDecisions.Decide(talk, (CallMessage)message);
            }

            // The turn is the newest one, wherever it was spoken: a call that has moved meanwhile still gets its tools.
            talk.Tools.ForEach(tool => ToolRunner.Requested(d, tool with { Stream = Math.Max(tool.Stream, d.Live is { } now && now.Call == tool.Call ? now.Stream : 0) }));
        }

        TalkPart.TakeAnswers(d, talk);
        talk.Apply(step);
    }

    static TicketSnapshot? TicketOf(AgentMessage message) => message switch
    {
        IncidentReported m => m.Ticket,
        IncidentChanged m => m.Ticket,
        _ => null,
    };

    /// <summary>An event of something that we do not know (a wiped Redis, a call without an incident). A tool still gets its answer: silence is worse.</summary>
    void Unknown(AgentMessage message, Step step)
    {
        LogUnknown(message.GetType().Name, message.Root);
        if (message is ResponderCalled called)
        {
            CallBacks.ToReception(called).ForEach(step.Publish);
        }

        if (TalkPart.OwedAnswer(message) is var (call, stream, turn))
        {
            step.Publish(new Speak(call, stream, turn, 0, "I am sorry, we have lost what this call is about. Somebody will call you back. Goodbye."));
            step.Publish(new TurnFinished(call, stream, turn, 1));
            step.Publish(new FinishCall(call, "error"));
        }

        if (message is ToolRequested m)
        {
            step.Publish(new ToolResult(m.Call, m.Stream, m.ToolCallId, m.Name, ToolAnswer.Error("Nothing is known of this call's incident.", "Apologise, say that somebody will call back, and say goodbye.").Content));
        }
    }

    static bool TryIncident(string root, out IncidentId id)
    {
        try
        {
            id = IncidentId.Parse(root);
            return true;
        }
        catch (FormatException)
        {
            id = default;
            return false;
        }
    }

    static void Apply(Decision d, Step step)
    {
        var state = d.State;
        step.Set(Keys.Incident(state.Id), state, StateJson.Default.IncidentState, keepIncident);
        if (state.Status == IncidentStatus.Withdrawn)
        {
            step.RemoveFromSet(Keys.OpenIncidents, state.Id.Value);
        }
        else
        {
            step.AddToSet(Keys.OpenIncidents, state.Id.Value);
        }

        foreach (var session in d.Sessions)
        {
            var json = System.Text.Json.JsonSerializer.Serialize(session, StateJson.Default.CallSession);
            step.SetFields(Keys.Call(session.Call), new Dictionary<string, RedisArg> { [CallFields.Session] = json }, CallStore.Life);
        }

        foreach (var messages in d.Messages.GroupBy(BeginsCall))
        {
            using var trace = messages.Key is { } call ? CallTrace.Begin(call, state.Id, state.Trace) : default;
            foreach (var message in messages)
            {
                step.Publish(message);
            }
        }

        foreach (var name in d.Cancelled)
        {
            step.CancelTimer(state.Id.Value, name);
        }

        foreach (var (timer, delay) in d.Timers)
        {
            step.Schedule(timer, delay);
        }

        foreach (var measure in d.Measurements)
        {
            measure();
        }
    }

    static CallId? BeginsCall(Message message) => message switch
    {
        PlaceCall m => m.Call,
        PrepareGreeting m => m.Call,
        _ => null,
    };

    [LoggerMessage(4101, LogLevel.Debug, "{Message} handled: {Status}, {Count} messages")]
    partial void LogDecided(string message, IncidentStatus status, int count);

    [LoggerMessage(4102, LogLevel.Warning, "{Message} of {Root}, which is not known")]
    partial void LogUnknown(string message, string root);
}
