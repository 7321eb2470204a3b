using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>
/// Keeps what the model is told within a budget. Before the history is full, its older half is summed up by the model beside the
/// conversation; until the summary is there, and where none comes, the oldest turns are left out of the prompt.
/// </summary>
static class TalkHistory
{
    /// <summary>A summary that did not come is asked for again when so many entries have been added.</summary>
    const int AskAgainAfter = 20;

    public static int LengthOf(TalkEntry entry) => entry.Text.Length + (entry.Calls?.Sum(call => call.Name.Length + call.Arguments.Length) ?? 0);

    /// <summary>Asks for a summary of the older half once three quarters of the budget are used.</summary>
    public static void SumUp(TalkStep t)
    {
        var (state, budget) = (t.State, t.Options.HistoryLength);
        if (state.History.Sum(LengthOf) <= budget / 4 * 3)
        {
            return;
        }

        var upTo = state.Summarised + state.History.Count - Newest(state.History, budget / 2).Count;
        if (upTo == state.Summarised || (state.SummaryUpTo > state.Summarised && upTo < state.SummaryUpTo + AskAgainAfter))
        {
            return;
        }

        t.State = state with { SummaryUpTo = upTo };
        t.Publish(new SummariseTalk(t.Call, upTo));
    }

    public static void Summarised(TalkStep t, TalkSummarised m)
    {
        var state = t.State;
        var count = m.UpTo - state.Summarised;
        if (m.UpTo != state.SummaryUpTo || count <= 0 || count > state.History.Count || m.Text.Length == 0)
        {
            return;
        }

        t.State = state with { Summary = m.Text, Summarised = m.UpTo, History = [.. state.History.Skip(count)] };
    }

    /// <summary>The end of the history, from a turn of the caller or the agent on: a tool's result must not stand without its call.</summary>
    public static IReadOnlyList<TalkEntry> Newest(IReadOnlyList<TalkEntry> history, int length)
    {
        var from = history.Count;
        var used = 0;
        for (var i = history.Count - 1; i >= 0; i--)
        {
            used += LengthOf(history[i]);
            if (used > length)
            {
                break;
            }

            from = history[i].Role is TalkRole.Caller or TalkRole.Agent ? i : from;
        }

        return [.. history.Skip(from)];
    }
}
