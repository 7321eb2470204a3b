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

    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(City city, DemoRequest request, IReadOnlyDictionary<string, string> settings, Terminal terminal, CancellationToken ct)
    {
        var freshdeskIsReal = !city.Vendors.Single(v => v.Vendor.Name == "Freshdesk").Simulated;
        if (request.Scene == DemoRequest.Inbound && (freshdeskIsReal || !city.Vendors.Single(v => v.Vendor.Name == "Twilio").Simulated))
        {
            throw new CityStartException("The scene inbound has a simulated caller. With real vendors run ./run.sh and phone your Twilio number yourself.");
        }

        if (freshdeskIsReal || !city.Vendors.Single(v => v.Vendor.Name == "Twilio").Simulated)
        {
            return await RealDemo.RunAsync(city, request, settings, terminal, ct);
        }

        if (request.Scene == DemoRequest.Inbound)
        {
            return await InboundScene.RunAsync(city, terminal, ct);
        }

        var phone = request.Phone ?? SimulatedPhone;
        if (!PhoneNumber.TryParse(phone, out _))
        {
            throw new CityStartException($"--phone must be {PhoneNumber.Rule}; it is '{phone}'.");
        }

        using var simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk"));
        await using var state = new CityState(city.Redis);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Longest);

        var ticket = await simulator.RaiseIncidentAsync(new { responderPhone = phone }, deadline.Token);
        var incident = IncidentId.OfTicket(ticket);
        await Story.TellAsync(
            terminal, simulator, state, new Cast(new Dictionary<string, string> { [phone] = "Responder" }, "the camera AI", h => h.Subject == ticket.ToString(CultureInfo.InvariantCulture), root => root == incident.Value),
            new Ending(simulator, state, incident, ticket).WaitAsync, deadline, ct);
        return await Verdict.ShowAsync(terminal.Console, simulator, state, incident, ticket, phone, ct) ? 0 : 1;
    }
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
