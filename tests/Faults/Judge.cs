using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Faults;

/// <summary>What must hold in every row: nothing lost, nothing dialled or done twice, the outcome on record, no dead air.</summary>
static class Judge
{
    public const int LongestSilenceMs = 4000;

    public static async Task<bool> IsSettledAsync(World world, FaultRow row, Incident incident)
    {
        try
        {
            // Redis first: it is asked often, and the Simulator's own records are long.
            return await StateOfAsync(world, incident) is { } state && row.Ends.Contains(state.Status) && state.Attempts.All(a => a.EndedAt is not null)
                && !state.Evidence.Any(e => e.Status is DeliveryStatus.Queued)
                && (await world.Simulator.NotesAsync(incident.Ticket)).Any(note => SaysOutcome(note, state))
                && (await CallsAsync(world, incident)).All(call => call["ended"] is not null);
        }
        catch (Exception e) when (IsOutage(e))
        {
            return false;
        }
    }

    public static async Task<Verdict> OfAsync(World world, FaultRow row, Incident incident, ILookup<string, (DateTimeOffset At, AuditEntry Entry)> audit)
    {
        var problems = new List<string>();
        var state = await StateOfAsync(world, incident);
        var calls = await CallsAsync(world, incident);
        var ticket = await world.Simulator.TicketAsync(incident.Ticket);
        var notes = await world.Simulator.NotesAsync(incident.Ticket);
        var silence = calls.Select(call => call["heard"]!["longestSilenceMs"]!.GetValue<int>()).DefaultIfEmpty(0).Max();
        var status = (TicketStatus)ticket["status"]!.GetValue<int>();
        Check(state is not null, "the incident is lost");
        if (state is not null)
        {
            Check(row.Ends.Contains(state.Status), $"the incident ended {state.Status}");
            Check(state.Status is not IncidentStatus.Acknowledged || status is TicketStatus.Pending, $"accepted, but the ticket is {status}");
            Check(status is TicketStatus.Pending or TicketStatus.Open, $"the ticket is {status}");
            Check(state.Status is IncidentStatus.Acknowledged || state.Flag is not null, "not accepted and no operator is told");
            Check(notes.Any(note => SaysOutcome(note, state)), "no note tells the outcome");
            Check(state.Attempts.All(a => a is { EndedAt: not null, Outcome: not null }), "an attempt has no outcome");
            Check(calls.Count <= state.Attempts.Count, $"{calls.Count} calls for {state.Attempts.Count} attempts");
            Check(audit[incident.Id.Value].Count(entry => entry.Entry.Kind == "incident.accepted") <= 1, "accepted twice");
        }

        problems.AddRange(row.OfCalls?.Invoke(calls) ?? []);
        var messages = await world.Simulator.MessagesAsync(incident.Phone);
        Check(calls.Count <= row.Calls, $"{calls.Count} calls where {row.Calls} would do");
        Check(!Overlap(calls), "two calls at a time to one phone");
        Check(Twice(messages, incident) is 0, "the same message twice");
        Check(silence <= LongestSilenceMs, $"{silence / 1000.0:0.0} s of silence");
        return new Verdict(incident, problems, silence, $"{status}{(state is { Status: not IncidentStatus.Acknowledged, Flag: not null } ? ", flagged" : "")}, {(notes.Count > 0 ? "note" : "no note")}", calls.Count);

        void Check(bool holds, string otherwise)
        {
            if (!holds)
            {
                problems.Add(otherwise);
            }
        }
    }

    /// <summary>What must hold of all calls of a wave together.</summary>
    public static async Task<IReadOnlyList<Verdict>> TogetherAsync(World world, FaultRow row, IReadOnlyList<Verdict> verdicts)
    {
        var calls = new List<JsonNode>();
        foreach (var verdict in verdicts)
        {
            calls.AddRange(await CallsAsync(world, verdict.Incident));
        }

        var problems = row.OfWave!(calls).ToList();
        return problems.Count == 0 ? verdicts : [.. verdicts.Select(verdict => verdict with { Problems = [.. verdict.Problems, .. problems] })];
    }

    /// <summary>A wave later: whether anything was done once more behind the verdict.</summary>
    public static async Task<Verdict> AgainAsync(World world, Verdict verdict)
    {
        var problems = new List<string>();
        if ((await CallsAsync(world, verdict.Incident)).Count > verdict.Calls)
        {
            problems.Add("called again after everything was settled");
        }

        if (!verdict.Problems.Contains("the same message twice") && Twice(await world.Simulator.MessagesAsync(verdict.Incident.Phone), verdict.Incident) > 0)
        {
            problems.Add("the same message twice, the second one late");
        }

        return problems.Count == 0 ? verdict : verdict with { Problems = [.. verdict.Problems, .. problems] };
    }

    /// <summary>Calls to the incident's phone that are this incident's: numbers are used again later.</summary>
    public static async Task<IReadOnlyList<JsonNode>> CallsAsync(World world, Incident incident) =>
        [.. (await world.Simulator.CallsAsync(incident.Phone)).Where(call => call["created"]!.GetValue<DateTimeOffset>() >= incident.FiledAt)];

    static async Task<IncidentState?> StateOfAsync(World world, Incident incident) => await world.State.IncidentAsync(incident.Id);

    // Everything that tells of an outcome says one of these; a note about a running call says none.
    static bool SaysOutcome(string note, IncidentState state) => state.Status switch
    {
        IncidentStatus.Acknowledged => note.Contains("accept", StringComparison.OrdinalIgnoreCase),
        IncidentStatus.Declined => note.Contains("declin", StringComparison.OrdinalIgnoreCase),
        _ => note.Contains("stays open", StringComparison.OrdinalIgnoreCase),
    };

    static bool Overlap(IReadOnlyList<JsonNode> calls) => calls.Zip(calls.Skip(1)).Any(pair =>
        pair.First["ended"]?.GetValue<DateTimeOffset>() is not { } ended || ended > pair.Second["created"]!.GetValue<DateTimeOffset>());

    static int Twice(IReadOnlyList<JsonNode> messages, Incident incident) => messages
        .Where(message => message["direction"]!.GetValue<string>() != "inbound" && message["created"]!.GetValue<DateTimeOffset>() >= incident.FiledAt)
        .GroupBy(message => $"{message["to"]} {message["body"]} {message["contentVariables"]} {message["mediaUrls"]?.ToJsonString()}")
        .Count(group => group.Count() > 1);

    /// <summary>What a look at the city throws while Redis or Freshdesk is the one that is broken.</summary>
    public static bool IsOutage(Exception e) => e is HttpRequestException or TaskCanceledException or IOException or TimeoutException
        || e.GetType().Namespace?.StartsWith("CityMonitor.Messaging.Redis", StringComparison.Ordinal) == true;
}
