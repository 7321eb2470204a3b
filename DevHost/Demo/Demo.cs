using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Hosting;

/// <summary>
/// One incident from ticket to end, told as it happens. Succeeds (exit code 0) only when somebody accepted, the evidence went out,
/// the ticket says so, and the phone heard every word that the transcript claims.
/// </summary>
static class Demo
{
    const string SimulatedPhone = "+12025550123";

    static readonly TimeSpan longest = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(City city, DemoRequest request, IReadOnlyDictionary<string, string> settings, Terminal terminal, CancellationToken ct)
    {
        var freshdeskIsReal = !city.Vendors.Single(v => v.Vendor.Name == "Freshdesk").Simulated;
        if (freshdeskIsReal || !city.Vendors.Single(v => v.Vendor.Name == "Twilio").Simulated)
        {
            return await RealDemo.RunAsync(city, request, settings, terminal, ct);
        }

        var phone = request.Phone ?? SimulatedPhone;
        if (!PhoneNumber.TryParse(phone, out _))
        {
            throw new CityStartException($"--phone must be {PhoneNumber.Rule}; it is '{phone}'.");
        }

        using var simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk"));
        await using var state = new CityState(city.Redis);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(longest);

        var story = System.Threading.Channels.Channel.CreateUnbounded<(DateTimeOffset At, Action<Narrator> Tell)>();
        var ticket = await simulator.RaiseIncidentAsync(new { responderPhone = phone }, deadline.Token);
        var incident = IncidentId.OfTicket(ticket);
        var narrator = new Narrator(terminal.Console);
        var ending = new Ending(simulator, state, incident, ticket);

        using var over = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        var following = Task.WhenAll(
            FollowSimulatorAsync(simulator, ticket, phone, story.Writer, over.Token),
            FollowAuditAsync(state, incident, story.Writer, over.Token));
        var telling = TellAsync(narrator, story.Reader, over.Token);
        try
        {
            await ending.WaitAsync(deadline.Token);
            await Task.Delay(500, deadline.Token); // what is still on its way to the screen
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            terminal.Say($"Not over after {longest.TotalMinutes:0} minutes.");
        }

        await over.CancelAsync();
        await Task.WhenAll(following, telling).ContinueWith(static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        narrator.End();
        return await Verdict.ShowAsync(terminal.Console, simulator, state, incident, ticket, phone, ct) ? 0 : 1;
    }

    static async Task FollowSimulatorAsync(SimulatorClient simulator, long ticket, string phone, ChannelWriter<(DateTimeOffset, Action<Narrator>)> story, CancellationToken ct)
    {
        await foreach (var happening in simulator.FollowAsync(0, ct))
        {
            if (Tell(happening, ticket, phone) is { } tell)
            {
                await story.WriteAsync((happening.At, tell), ct);
            }
        }
    }

    static async Task FollowAuditAsync(CityState state, IncidentId incident, ChannelWriter<(DateTimeOffset, Action<Narrator>)> story, CancellationToken ct)
    {
        await foreach (var (at, entry) in state.FollowAuditAsync("0-0", ct))
        {
            // The poller's line says what the worker's says again.
            if (entry.Root == incident.Value && entry.Service != Topology.IncidentPoller.Project)
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

    static Action<Narrator>? Tell(Happening h, long ticket, string phone)
    {
        var isOurs = h["phone"] == phone || h["to"]?.EndsWith(phone, StringComparison.Ordinal) == true || h.Subject == ticket.ToString(CultureInfo.InvariantCulture) || h.Subject == phone;
        return !isOurs ? null : h.Kind switch
        {
            "ticket.created" => n => n.Event(h.At, "▲", "orange1", "ticket", $"#{ticket} filed by the camera AI: {h["subject"]}"),
            "ticket.updated" => n => n.Event(h.At, "✎", "deepskyblue1", "ticket", $"#{ticket} is now {h["status"]}"),
            "ticket.noted" => n => n.Event(h.At, "✎", "deepskyblue1", "note", $"#{ticket}: {(h["body"] ?? "").Split('\n')[0]}"),
            "call.ringing" => n => n.Event(h.At, "☎", "yellow", "ringing", $"The phone {phone} rings"),
            "call.in-progress" => n => n.Event(h.At, "☎", "green", "answered", "Somebody answers"),
            "call.busy" or "call.no-answer" or "call.failed" or "call.canceled" => n => n.Event(h.At, "☎", "red", h.Kind[5..], "Nobody was reached"),
            "call.completed" => n => n.Event(h.At, "☎", "yellow", "ended", $"The call is over after {h["seconds"]} s"),
            "phone.heard" => n => n.Heard(h.At, h["text"] ?? "", int.TryParse(h["utterance"], CultureInfo.InvariantCulture, out var number) ? number : 0),
            "phone.said" => n => n.Said(h.At, h["text"] ?? ""),
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

/// <summary>Knows when nothing more is to come: the call is over, its outcome is in the ticket and what was sent has arrived.</summary>
sealed class Ending(SimulatorClient simulator, CityState state, IncidentId incident, long ticket)
{
    static readonly TimeSpan afterwards = TimeSpan.FromSeconds(15);

    public async Task WaitAsync(CancellationToken ct)
    {
        DateTimeOffset? settledAt = null;
        while (true)
        {
            var now = await state.IncidentAsync(incident, ct);
            var settled = now is { Status: not (IncidentStatus.Reported or IncidentStatus.Calling) } && now.Attempts.All(attempt => attempt.EndedAt is not null);
            settledAt = settled ? settledAt ?? DateTimeOffset.UtcNow : null;
            if (settled && ((await IsWrittenAsync(ct) && HasArrived(now!)) || DateTimeOffset.UtcNow - settledAt > afterwards))
            {
                return;
            }

            await Task.Delay(200, ct);
        }
    }

    async Task<bool> IsWrittenAsync(CancellationToken ct) =>
        (await simulator.TicketAsync(ticket, ct))["status"]!.GetValue<int>() != (int)TicketStatus.Open
        && (await simulator.NotesAsync(ticket, ct)).Any(note => note.Contains("transcript", StringComparison.OrdinalIgnoreCase));

    static bool HasArrived(IncidentState incident) =>
        incident.Evidence.All(message => message.WaitingMedia is not { Count: > 0 } && message.Status is DeliveryStatus.Delivered or DeliveryStatus.Read or DeliveryStatus.Failed);
}
