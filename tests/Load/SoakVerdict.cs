using CityMonitor.Bench.City;
using CityMonitor.Messaging.State;

namespace CityMonitor.Load;

/// <summary>Whether the soak held, and the section that says so.</summary>
sealed class SoakVerdict
{
    /// <summary>Heap after a collection may grow by this much per finished call.</summary>
    const double HeapPerCall = 1024;

    /// <summary>Pools and idle connections breathe.</summary>
    const int MoreSockets = 10, MoreFiles = 10, MoreThreads = 10;

    /// <summary>What a work stream keeps between two rounds of the janitor, at rest.</summary>
    const int MostUnread = 100;

    /// <summary>Before so many calls code is still compiled and pools still fill.</summary>
    const int WarmCalls = 100;

    readonly List<string> problems = [];

    public SoakVerdict(
        RunOptions options, IReadOnlyList<Verdict> incidents, IReadOnlyList<Checkpoint> checkpoints, RedisAudit lapsed, IReadOnlyList<string> restarted, int unseen, double clockLateMs, TimeSpan took)
    {
        var last = checkpoints[^1];
        var first = checkpoints.FirstOrDefault(point => point.Finished >= WarmCalls && point != last) ?? checkpoints[0];
        Check(last.Finished >= options.Calls, $"{last.Finished} calls finished, {options.Calls} were wanted");
        problems.AddRange(incidents.SelectMany(verdict => verdict.Problems).GroupBy(problem => problem).OrderByDescending(group => group.Count()).Select(group => $"{group.Count()}x {group.Key}"));
        problems.AddRange(restarted.Select(process => $"{process} died and was started again"));
        var text = new List<string>
        {
            $"Made by `./test.sh --soak` ({last.Finished} finished calls of {incidents.Count} incidents in {took.TotalMinutes:0} minutes, audits included, {options.AtOnce} incidents side by side; load {string.Join(", ", checkpoints.Select(point => point.Load))}; the simulated phones' clock was at most {clockLateMs:0} ms late).",
            "Tickets are filed all the time, responders accept, decline, interrupt, press keys, say nothing, hang up early or in mid-sentence, are busy,",
            "do not answer, or are a machine; once a round speech is down for 15 s, so that calls end in keypad mode; an operator closes what is done.",
            "After each round everything comes to rest, and what is left is counted.",
            "",
            "| What became of the incidents | |",
            "|---|---|",
            $"| Accounted for: known, with an outcome in the state and on the ticket, withdrawn when closed | {incidents.Count(verdict => verdict.Problems.Count == 0)} of {incidents.Count}{(unseen == 0 ? "" : $"; {unseen} more that the run itself lost sight of")} |",
            $"| Ends | {string.Join(", ", incidents.GroupBy(verdict => verdict.State?.Status.ToString() ?? "lost").OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} {group.Key}"))} |",
            $"| Calls by outcome | {string.Join(", ", incidents.SelectMany(verdict => verdict.State?.Attempts ?? []).GroupBy(attempt => attempt.Outcome?.ToString() ?? "none").OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} {group.Key}"))} |",
            $"| Longest silence at a phone whose owner talked | {incidents.Select(verdict => verdict.SilenceMs).DefaultIfEmpty(0).Max() / 1000.0:0.0} s |",
            "",
            $"| Service | {string.Join(" | ", checkpoints.Select(point => $"heap after {point.Finished} calls"))} | per call from {first.Finished} on | sockets | files | threads | RSS |",
            $"|---|{string.Concat(checkpoints.Select(_ => "---|"))}---|---|---|---|---|",
        };
        foreach (var service in last.Services.Select(holding => holding.Service))
        {
            var (before, after) = (first.Of(service), last.Of(service));
            var perCall = (after.Heap - before.Heap) / (double)Math.Max(1, last.Finished - first.Finished);
            var judged = Town.IsService(service);
            text.Add(
                $"| {service} | {string.Join(" | ", checkpoints.Select(point => judged ? $"{point.Of(service).Heap / 1e6:0.00} MB" : ""))} | {(judged ? $"{perCall:0} B" : "")} | {before.Sockets} to {after.Sockets} | {before.Files} to {after.Files} | {before.Threads} to {after.Threads} | {before.RssMb:0} to {after.RssMb:0} MB |");
            if (judged)
            {
                Check(perCall <= HeapPerCall, $"{service} keeps {perCall:0} bytes per finished call");
                Check(after.Sockets - before.Sockets <= MoreSockets, $"{service} keeps {after.Sockets - before.Sockets} sockets more");
                Check(after.Files - before.Files <= MoreFiles, $"{service} keeps {after.Files - before.Files} files more");
                Check(after.Threads - before.Threads <= MoreThreads, $"{service} keeps {after.Threads - before.Threads} threads more");
            }
        }

        Check(last.Redis.Leaked.Count == 0, $"keys without a lifetime at rest: {string.Join(", ", last.Redis.Leaked.Take(8))}");
        Check(last.Redis.Pending == 0, $"{last.Redis.Pending} entries are pending");
        Check(last.Redis.Unread <= MostUnread, $"{last.Redis.Unread} entries stand in work streams");
        Check(lapsed.Passing.Values.Sum() <= 40, $"{lapsed.Passing.Values.Sum()} keys outlive their lifetime: {string.Join(", ", lapsed.Passing.Keys)}");
        text.AddRange(
        [
            "",
            $"| Redis at rest | {string.Join(" | ", checkpoints.Select(point => $"after {point.Finished} calls"))} | every lifetime lapsed |",
            $"|---|{string.Concat(checkpoints.Select(_ => "---|"))}---|",
            Row("Data", audit => $"{audit.Bytes / 1e6:0.0} MB"),
            Row("Keys with a lifetime", audit => $"{audit.Passing.Values.Sum()}"),
            Row("Keys that stay, all in docs/keys.md", audit => $"{audit.Standing.Count}"),
            Row("Keys that should be gone", audit => $"{audit.Leaked.Count}"),
            Row("Entries pending", audit => $"{audit.Pending}"),
            Row("Entries in work streams", audit => $"{audit.Unread}"),
            "",
            $"Kept for its lifetime (docs/keys.md), per finished call: {(last.Redis.Bytes - first.Redis.Bytes) / (double)Math.Max(1, last.Finished - first.Finished) / 1000:0.0} KB in Redis; by kind: "
                + string.Join(", ", last.Redis.Passing.OrderByDescending(kind => kind.Value).Take(10).Select(kind => $"{kind.Value} `{kind.Key}`")) + ".",
            "",
            problems.Count == 0 ? "**Held.**" : $"**Did not hold:** {string.Join("; ", problems)}.",
        ]);
        Text = text;

        string Row(string what, Func<RedisAudit, string> value) => $"| {what} | {string.Join(" | ", checkpoints.Select(point => value(point.Redis)))} | {value(lapsed)} |";
    }

    public IReadOnlyList<string> Problems => problems;

    public IReadOnlyList<string> Text { get; }

    void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            problems.Add(otherwise);
        }
    }
}
