using System.Globalization;
using System.Threading.Channels;

namespace CityMonitor.Hosting;

/// <summary>Whose story is told.</summary>
/// <param name="People">Phone number -> who speaks there, as it is shown.</param>
/// <param name="FiledBy">Who files the ticket, as it is shown.</param>
/// <param name="IsTicket">Whether something that happened to a ticket belongs here.</param>
/// <param name="IsOurs">Whether an audit entry's root does.</param>
sealed record Cast(IReadOnlyDictionary<string, string> People, string FiledBy, Func<Happening, bool> IsTicket, Func<string, bool> IsOurs)
{
    public bool Has(Happening h) =>
        h.Kind.StartsWith("ticket.", StringComparison.Ordinal) ? IsTicket(h)
        : People.ContainsKey(h["phone"] ?? "") || People.ContainsKey(h.Subject ?? "") || People.Keys.Any(number => h["to"]?.EndsWith(number, StringComparison.Ordinal) == true);

    public string Who(Happening h) => People.GetValueOrDefault(h["phone"] ?? "", "Responder");
}

/// <summary>Tells in the terminal what the simulator and the audit timeline say, in the order in which it happened.</summary>
static class Story
{
    /// <param name="ending">Ends when nothing more is to come.</param>
    public static async Task TellAsync(
        Terminal terminal, SimulatorClient simulator, CityState state, Cast cast, Func<CancellationToken, Task> ending, CancellationTokenSource deadline, CancellationToken ct)
    {
        var story = Channel.CreateUnbounded<(DateTimeOffset At, Action<Narrator> Tell)>();
        var narrator = new Narrator(terminal.Console);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        var following = Task.WhenAll(FollowSimulatorAsync(simulator, cast, story.Writer, over.Token), FollowAuditAsync(state, cast, story.Writer, over.Token));
        var telling = TellAsync(narrator, story.Reader, over.Token);
        try
        {
            await ending(deadline.Token);
            await Task.Delay(500, deadline.Token); // what is still on its way to the screen
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            terminal.Say($"Not over after {Demo.Longest.TotalMinutes:0} minutes.");
        }

        await over.CancelAsync();
        await Task.WhenAll(following, telling).ContinueWith(static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        narrator.End();
    }

    static async Task FollowSimulatorAsync(SimulatorClient simulator, Cast cast, ChannelWriter<(DateTimeOffset, Action<Narrator>)> story, CancellationToken ct)
    {
        await foreach (var happening in simulator.FollowAsync(0, ct))
        {
            if (Tell(happening, cast) is { } tell)
            {
                await story.WriteAsync((happening.At, tell), ct);
            }
        }
    }

    static async Task FollowAuditAsync(CityState state, Cast cast, ChannelWriter<(DateTimeOffset, Action<Narrator>)> story, CancellationToken ct)
    {
        await foreach (var (at, entry) in state.FollowAuditAsync("0-0", ct))
        {
            // The poller's line says what the worker's says again.
            if (cast.IsOurs(entry.Root) && entry.Service != Topology.IncidentPoller.Project)
            {
                await story.WriteAsync((at, narrator => narrator.Audit(at, entry)), ct);
            }
        }
    }

    // Two sources tell of the same moment: wait a breath, so that what came first is told first.
    static async Task TellAsync(Narrator narrator, ChannelReader<(DateTimeOffset At, Action<Narrator> Tell)> story, CancellationToken ct)
    {
        var waiting = new PriorityQueue<Action<Narrator>, DateTimeOffset>();
        while (!ct.IsCancellationRequested)
        {
            while (story.TryRead(out var next))
            {
                waiting.Enqueue(next.Tell, next.At);
            }

            while (waiting.TryPeek(out var tell, out var at) && at < DateTimeOffset.UtcNow.AddMilliseconds(-150))
            {
                waiting.Dequeue();
                tell(narrator);
            }

            narrator.Breathe(DateTimeOffset.UtcNow);
            await Task.Delay(25, ct).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        while (waiting.TryDequeue(out var rest, out _))
        {
            rest(narrator);
        }
    }

    static Action<Narrator>? Tell(Happening h, Cast cast)
    {
        return !cast.Has(h) ? null : h.Kind switch
        {
            "ticket.created" => n => n.Event(h.At, "▲", "orange1", "ticket", $"#{h.Subject} filed by {cast.FiledBy}: {h["subject"]}"),
            "ticket.updated" => n => n.Event(h.At, "✎", "deepskyblue1", "ticket", $"#{h.Subject} is now {h["status"]}"),
            "ticket.noted" => n => n.Event(h.At, "✎", "deepskyblue1", "note", $"#{h.Subject}: {(h["body"] ?? "").Split('\n')[0]}"),
            "call.ringing" => n => n.Event(h.At, "☎", "yellow", "ringing", $"The phone {h["phone"]} rings"),
            "call.in-progress" => n => n.Event(h.At, "☎", "green", "answered", "Somebody answers"),
            "call.busy" or "call.no-answer" or "call.failed" or "call.canceled" => n => n.Event(h.At, "☎", "red", h.Kind[5..], "Nobody was reached"),
            "call.completed" => n => n.Event(h.At, "☎", "yellow", "ended", $"The call is over after {h["seconds"]} s"),
            "phone.heard" => n => n.Heard(h.At, h["text"] ?? "", int.TryParse(h["utterance"], CultureInfo.InvariantCulture, out var number) ? number : 0),
            "phone.said" => n => n.Said(h.At, h["text"] ?? "", cast.Who(h)),
            "phone.pressed" => n => n.Event(h.At, "#", "yellow", "key", h["digit"] ?? ""),
            "message.received" => n => n.Event(h.At, "✉", "deepskyblue1", "responder", h["body"] ?? ""),
            "message.queued" or "message.accepted" or "message.sending" => null,
            _ when h.Kind.StartsWith("message.", StringComparison.Ordinal) => n => n.Event(h.At, "✉", h.Kind is "message.failed" or "message.undelivered" ? "red" : "deepskyblue1", h.Kind[8..], MessageText(h)),
            _ => null,
        };
    }

    static string MessageText(Happening h) =>
        $"{(h["to"]?.StartsWith("whatsapp:", StringComparison.Ordinal) == true || h["channel"] == "whatsapp" ? "WhatsApp" : "SMS")} to {h["to"]}{((h["error"] ?? h["errorCode"]) is { } code ? $", error {code}" : "")}{(h["body"] is { Length: > 0 } body ? $": {body}" : "")}";
}
