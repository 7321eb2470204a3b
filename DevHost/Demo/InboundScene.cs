using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Hosting;

/// <summary>
/// Somebody phones the city and reports an accident: the reception answers, a ticket appears, and the responder on duty is phoned about it.
/// Succeeds only when somebody accepted, and both phones heard every word that the transcripts claim.
/// </summary>
static class InboundScene
{
    const string Caller = "+12025550181";
    const string Responder = Topology.SimulatedOnDuty;

    public static async Task<int> RunAsync(City city, Terminal terminal, CancellationToken ct)
    {
        using var simulator = new SimulatorClient(city.Simulator, city.Vendor("Freshdesk"));
        await using var state = new CityState(city.Redis);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Demo.Longest);

        var call = CallId.Inbound(await simulator.CallInAsync(Caller, deadline.Token));
        var ticket = 0L;
        var cast = new Cast(
            new Dictionary<string, string> { [Caller] = "Caller", [Responder] = "Responder" }, "City Monitor",
            h => ticket == 0 || h.Subject == ticket.ToString(CultureInfo.InvariantCulture),
            root => root == call.Root || (ticket > 0 && root == IncidentId.OfTicket(ticket).Value));
        await Story.TellAsync(terminal, simulator, state, cast, async over =>
        {
            ticket = await TicketAsync(state, call, over);
            if (ticket > 0)
            {
                await new Ending(simulator, state, IncidentId.OfTicket(ticket), ticket).WaitAsync(over);
            }
        }, deadline, ct);

        var heard = await Verdict.HeardAsync(simulator, state, [call], Caller, ct);
        if (ticket == 0)
        {
            terminal.Say($"No ticket came of the call. {heard.Text}");
            return 1;
        }

        var outcome = (await state.ReceptionAsync(call, ct))?.Outcome;
        return await Verdict.ShowAsync(
            terminal.Console, simulator, state, IncidentId.OfTicket(ticket), ticket, Responder, ct,
            (outcome == ReceptionOutcome.Reported, $"The call that came in: {outcome?.ToString() ?? "not over"}"), (heard.Holds, $"The caller: {heard.Text}")) ? 0 : 1;
    }

    /// <summary>The ticket of what the caller reported; 0 where the call ended without one.</summary>
    static async Task<long> TicketAsync(CityState state, CallId call, CancellationToken ct)
    {
        while (true)
        {
            var now = await state.ReceptionAsync(call, ct);
            if (now?.Tickets.FirstOrDefault(ticket => ticket.TicketId is not null)?.TicketId is { } found)
            {
                return found;
            }

            if (now is { Outcome: not null, Tickets.Count: 0 })
            {
                return 0;
            }

            await Task.Delay(100, ct);
        }
    }
}
