using System.Text.Json.Nodes;
using CityMonitor.Bench.City;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Load;

/// <summary>What became of one incident.</summary>
/// <param name="Calls">Calls that Twilio made for it.</param>
/// <param name="SilenceMs">Longest silence at a phone whose owner talked.</param>
sealed record Verdict(Case Case, IncidentState? State, int Calls, int SilenceMs, IReadOnlyList<string> Problems);

/// <summary>Each incident is accounted for: none lost, none dialled twice, the outcome on record, and on the ticket.</summary>
static class Judge
{
    const int LongestSilenceMs = 4000;

    static readonly TimeSpan noteWithin = TimeSpan.FromSeconds(60);

    public static async Task<Verdict> OfAsync(Town town, Case one, IncidentState? settled)
    {
        var problems = new List<string>();
        var state = settled ?? await town.StateAsync(one);
        var calls = await town.CallsAsync(one);
        var silence = Talks(one.Habit) ? calls.Select(call => call["heard"]!["longestSilenceMs"]!.GetValue<int>()).DefaultIfEmpty(0).Max() : 0;
        Check(state is not null, "the incident is lost");
        Check(settled is not null, $"not settled: {state?.Status.ToString() ?? "unknown"}");
        if (state is not null)
        {
            var expected = Expected(one.Habit);
            Check(expected is null || state.Status == expected, $"{one.Habit}: ended {state.Status}");
            Check(state.Status is IncidentStatus.Acknowledged || state.Flag is not null, $"{one.Habit}: not accepted and no operator is told");
            Check(calls.Count <= state.Attempts.Count, $"{calls.Count} calls for {state.Attempts.Count} attempts");
            Check(expected is null || calls.Count == 1, $"{one.Habit}: {calls.Count} calls where one would do");
            Check(await IsNotedAsync(town, one, state), $"{one.Habit}: no note tells the outcome");
        }

        Check(!Overlap(calls), "two calls at a time to one phone");
        Check(Twice(await town.Simulator.MessagesAsync(one.Phone), one) == 0, "the same message twice");
        Check(silence <= LongestSilenceMs, $"{one.Habit}: {silence / 1000.0:0.0} s of silence");
        return new Verdict(one, state, calls.Count, silence, problems);

        void Check(bool holds, string otherwise)
        {
            if (!holds)
            {
                problems.Add(otherwise);
            }
        }
    }

    static bool Talks(Habit habit) => habit is Habit.Accepts or Habit.Declines or Habit.Interrupts;

    /// <summary>Null where several ends are right: somebody who hangs up may be called again, or not.</summary>
    static IncidentStatus? Expected(Habit habit) => habit switch
    {
        Habit.Accepts or Habit.Interrupts => IncidentStatus.Acknowledged,
        Habit.Declines => IncidentStatus.Declined,
        _ => null,
    };

    /// <summary>The note is written once the incident is settled, by another service.</summary>
    static async Task<bool> IsNotedAsync(Town town, Case one, IncidentState state)
    {
        var deadline = DateTimeOffset.UtcNow + noteWithin;
        while (!(await town.Simulator.NotesAsync(one.Ticket)).Any(note => SaysOutcome(note, state)))
        {
            if (DateTimeOffset.UtcNow > deadline)
            {
                return false;
            }

            await Task.Delay(500);
        }

        return true;
    }

    static bool SaysOutcome(string note, IncidentState state) => note.Contains(
        state.Status switch { IncidentStatus.Acknowledged => "accept", IncidentStatus.Declined => "declin", _ => "stays open" }, StringComparison.OrdinalIgnoreCase);

    static bool Overlap(IReadOnlyList<JsonNode> calls) => calls.Zip(calls.Skip(1)).Any(pair =>
        pair.First["ended"]?.GetValue<DateTimeOffset>() is not { } ended || ended > pair.Second["created"]!.GetValue<DateTimeOffset>());

    static int Twice(IReadOnlyList<JsonNode> messages, Case one) => messages
        .Where(message => message["direction"]!.GetValue<string>() != "inbound" && message["created"]!.GetValue<DateTimeOffset>() >= one.FiledAt)
        .GroupBy(message => $"{message["to"]} {message["body"]} {message["contentVariables"]} {message["mediaUrls"]?.ToJsonString()}")
        .Count(group => group.Count() > 1);
}
