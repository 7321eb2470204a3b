using System.Text.Json;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests;

/// <summary>One incident in a test's hands: messages go in, decisions come out, the clock is the test's. No Redis, no network.</summary>
sealed class Responding
{
    public static readonly PhoneNumber Phone = PhoneNumber.Parse("+12025550123");
    public static readonly IncidentId Id = IncidentId.OfTicket(4711);
    public static readonly Flow Flow = LoadFlow();

    int _toolCalls;

    public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 9, 20, 0, TimeSpan.Zero);
    public DispatchOptions Options { get; } = new();
    public Facts Facts { get; set; } = Facts.None;
    public IncidentState State { get; set; } = null!;

    /// <summary>Everything that was ever published, oldest first.</summary>
    public List<Message> Published { get; } = [];

    /// <summary>The last decision.</summary>
    public Decision Last { get; private set; } = null!;

    public CallId Call => State.Live!.Call;
    public IEnumerable<string> Notes => Of<AddTicketNote>().Select(n => n.Text);
    public IEnumerable<T> Of<T>() => Published.OfType<T>();
    public bool HasTimer(string name) => State.Timers.Any(t => t.Name == name);
    public TimeSpan TimerIn(string name) => State.Timers.Single(t => t.Name == name).DueAt - Now;

    public static Responding To(TicketSnapshot? ticket = null, Facts? facts = null, Action<DispatchOptions>? options = null)
    {
        var responding = new Responding { Facts = facts ?? Facts.None };
        options?.Invoke(responding.Options);
        responding.State = Reporting.Open(Id, ticket ?? Ticket(), responding.Now);
        responding.Decide(Reporting.Opened);
        return responding;
    }

    public Responding Decide(Action<Decision> decide)
    {
        Last = new Decision(State, Now, Options, Flow, Facts);
        decide(Last);
        State = Last.State;
        Published.AddRange(Last.Messages);
        Last.Measurements.ForEach(measure => measure());
        AssertInvariant();
        return this;
    }

    public Responding Gets(AgentMessage message) => Decide(d => IncidentDecisions.Decide(d, message));

    /// <summary>The promise of this system, checked after every single decision of every test.</summary>
    void AssertInvariant()
    {
        if (State.Status != IncidentStatus.Withdrawn)
        {
            Assert.True(State.Live is { Settled: false } || State.Flag is not null || State.Timers.Count > 0, $"Nothing will happen to the incident any more ({State.Status}).");
        }

        if (State.Live is { Settled: false } && State.Status != IncidentStatus.Withdrawn)
        {
            Assert.True(HasTimer(TimerNames.CallOverdue) || HasTimer(TimerNames.Outcome), "A call that nothing watches.");
        }

        Assert.DoesNotContain(Published.OfType<UpdateTicket>(), u => u.Status is TicketStatus.Resolved or TicketStatus.Closed);
    }

    public Responding Later(TimeSpan time)
    {
        Now += time;
        return this;
    }

    public Responding TimerRings(string name)
    {
        var timer = State.Timers.Single(t => t.Name == name);
        Now = timer.DueAt > Now ? timer.DueAt : Now;
        return Gets(new TimerDue(Id.Value, name, timer.Call));
    }

    public Responding IsAnswered(AnsweredByKind? by = AnsweredByKind.Human)
    {
        Gets(new CallRinging(Call)).Gets(new CallAnswered(Call)).Gets(new MediaStarted(Call, 1, "b1"));
        return by is { } kind ? Gets(new AnsweredBy(Call, kind)) : this;
    }

    public JsonElement Tool(string name, object? arguments = null, string? id = null, int stream = 1) =>
        RawTool(name, arguments is null ? "{}" : JsonSerializer.Serialize(arguments), id, stream)
        ?? throw new InvalidOperationException("The tool got no answer.");

    /// <summary>Null where no answer was published.</summary>
    public JsonElement? RawTool(string name, string arguments, string? id = null, int stream = 1)
    {
        id ??= $"tool-{++_toolCalls}";
        Gets(new ToolRequested(Call, stream, id, name, arguments));
        var result = Last.Messages.OfType<ToolResult>().LastOrDefault(r => r.ToolCallId == id);
        return result is null ? null : JsonDocument.Parse(result.Content).RootElement;
    }

    /// <summary>The responder speaks; the bridge keeps it with the call.</summary>
    public Responding Says(string text)
    {
        Facts = Facts with { Heard = [.. Facts.Heard, new Turn(Now, Speaker.Responder, text)] };
        return this;
    }

    /// <summary>The conversation up to the yes.</summary>
    public Responding Accepts(string name = "Officer Lee", string agency = "Fire Department")
    {
        Tool("record_responder", new { name, agency });
        Tool("retrieve_ticket");
        Says("Yes, I accept.").Tool("accept_incident");
        return this;
    }

    public Responding HangsUp(CallEnd end = CallEnd.Completed, string reason = "hangup") =>
        Gets(new MediaStopped(Call, State.Live!.Stream, reason)).Gets(new CallEnded(Call, end, 60, null, null));

    public Responding CallEnds(CallEnd end, int? code = null, string? detail = null) => Gets(new CallEnded(Call, end, null, code, detail));

    public static TicketSnapshot Ticket(
        string? phone = "+12025550123", string? type = "Vehicle collision", string? address = "Harbour Road and 5th Street", string version = "v1",
        double? confidence = 0.95, Priority priority = Priority.Urgent, IReadOnlyList<string>? evidence = null, IReadOnlyList<FieldProblem>? problems = null, string? rawText = null) => new(
        4711, version, "Incident", rawText ?? "Two cars collided.", priority,
        new IncidentFields(type, address, phone is null ? null : PhoneNumber.Parse(phone), confidence,
            evidence ?? ["https://evidence.example/1.jpg", "https://evidence.example/2.jpg"], new DateTimeOffset(2026, 3, 1, 9, 15, 0, TimeSpan.Zero), "CAM-0412"),
        problems ?? (phone is null ? [new FieldProblem("responder phone", "is missing", null, "cf_responder_phone = +12025550123")] : []),
        new DateTimeOffset(2026, 3, 1, 9, 16, 0, TimeSpan.Zero), new DateTimeOffset(2026, 3, 1, 9, 16, 0, TimeSpan.Zero));

    static Flow LoadFlow()
    {
        var directory = FlowLibrary.Find(null)!;
        return FlowFile.Parse("incident-dispatch.yaml", File.ReadAllText(Path.Combine(directory, "incident-dispatch.yaml")), ToolBox.Names);
    }
}
