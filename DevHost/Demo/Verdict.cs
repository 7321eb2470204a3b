using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using Spectre.Console;

namespace CityMonitor.Hosting;

/// <summary>The ticket as it now stands, and the proof: what the phone heard against what the transcript says was spoken.</summary>
static class Verdict
{
    public static async Task<bool> ShowAsync(
        IAnsiConsole console, SimulatorClient simulator, CityState state, IncidentId incident, long ticket, string phone, CancellationToken ct,
        params IReadOnlyList<(bool Holds, string Text)> also)
    {
        var now = await state.IncidentAsync(incident, ct);
        var filed = await simulator.TicketAsync(ticket, ct);
        var notes = await simulator.NotesAsync(ticket, ct);
        ShowTicket(console, now, filed, notes, ticket);

        var checks = new List<(bool Holds, string Text)>
        {
            (now?.Responder?.AcceptedAt is not null, now?.Responder is { AcceptedAt: { } at } r ? $"Accepted by {r.Name ?? "the responder"} at {at.ToLocalTime():HH:mm:ss}, there in {r.EtaMinutes?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"} minutes" : "Nobody accepted the incident"),
            (filed["status"]!.GetValue<int>() == (int)TicketStatus.Pending, $"The ticket is {StatusName(filed["status"]!.GetValue<int>())}"),
            (now?.Evidence.Any(e => e.Status is DeliveryStatus.Sent or DeliveryStatus.Delivered or DeliveryStatus.Read) == true, $"Messages delivered: {now?.Evidence.Count(e => e.Status is DeliveryStatus.Delivered or DeliveryStatus.Read) ?? 0} of {now?.Evidence.Count ?? 0}"),
            await HeardAsync(simulator, state, now, phone, ct),
        };
        checks.AddRange(also);
        foreach (var (holds, text) in checks)
        {
            console.MarkupLine($"  {(holds ? "[green]✔[/]" : "[red]✘[/]")} {Markup.Escape(text)}");
        }

        console.WriteLine();
        return checks.All(check => check.Holds);
    }

    /// <summary>Word for word: every word of the agent in the transcript was heard at the phone, in order, and nothing else was.</summary>
    internal static async Task<(bool Holds, string Text)> HeardAsync(SimulatorClient simulator, CityState state, IncidentState? incident, string phone, CancellationToken ct)
    {
        return await HeardAsync(simulator, state, [.. (incident?.Attempts ?? []).Select(attempt => attempt.Call)], phone, ct);
    }

    /// <summary>The same of these calls, which must be all that the phone had.</summary>
    internal static async Task<(bool Holds, string Text)> HeardAsync(SimulatorClient simulator, CityState state, IReadOnlyList<CallId> ours, string phone, CancellationToken ct)
    {
        var spoken = new List<Turn>();
        foreach (var call in ours)
        {
            spoken.AddRange((await state.TurnsAsync(call, ct)).Where(turn => turn.Speaker == Speaker.Agent));
        }

        var calls = await simulator.CallsAsync(phone, ct);
        var heard = calls.SelectMany(call => PlainText.Words(call["heard"]!["heard"]!.GetValue<string>())).ToList();
        var garbled = calls.Sum(call => call["heard"]!["garbledSymbols"]!.GetValue<int>());
        return Transcript.Compare(spoken, heard) is { } problem ? (false, problem)
            : (garbled == 0, $"The phone heard every word said: {heard.Count} words in order{(garbled == 0 ? ", none garbled" : $", but {garbled} symbols were garbled")}");
    }

    static void ShowTicket(IAnsiConsole console, IncidentState? incident, JsonNode filed, IReadOnlyList<string> notes, long ticket)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        Row("Subject", filed["subject"]!.GetValue<string>());
        Row("Status", StatusName(filed["status"]!.GetValue<int>()));
        if (incident is not null)
        {
            Row("Incident", $"{incident.Id}: {incident.Status}");
            Row("Responder", incident.Responder is { } r ? $"{r.Name ?? "?"}, {r.Agency ?? "?"}" : "-");
            Row("ETA", incident.Responder?.EtaMinutes is { } eta ? $"{eta} minutes" : "-");
            Row("Evidence", incident.Evidence.Count == 0 ? "-" : string.Join('\n', incident.Evidence.Select(e => $"{e.Channel} to {e.To}: {e.Status}, {e.MediaCount} picture(s)")));
            if (incident.Flag is { } flag)
            {
                Row("Operator", $"{flag.Reason} {flag.Remedy}");
            }
        }

        foreach (var (name, value) in filed["custom_fields"]?.AsObject().Where(field => field.Value is not null) ?? [])
        {
            Row(name, value!.ToString().Replace("\n", ", ", StringComparison.Ordinal));
        }

        for (var i = 0; i < notes.Count; i++)
        {
            Row(i == 0 ? "Notes" : "", notes[i] + "\n");
        }

        console.WriteLine();
        console.Write(new Panel(grid).Header($" [bold]Ticket #{ticket} as it now stands[/] ").BorderColor(Color.Grey).Expand());

        void Row(string name, string value) => grid.AddRow(new Markup($"[grey]{Markup.Escape(name)}[/]"), new Text(value));
    }

    static string StatusName(int status) => Enum.IsDefined((TicketStatus)status) ? $"{(TicketStatus)status} ({status})" : $"{status}";
}
