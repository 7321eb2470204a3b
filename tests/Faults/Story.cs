namespace CityMonitor.Faults;

/// <summary>Everything about an incident that did not hold, in a file for whoever looks into it.</summary>
static class Story
{
    public static async Task WriteAsync(World world, Verdict verdict, FaultRow row)
    {
        var directory = Directory.CreateDirectory(Path.Combine("artifacts", "faults"));
        var incident = verdict.Incident;
        var audit = (await world.AuditAsync(incident.FiledAt))[incident.Id.Value];
        var calls = await world.Simulator.CallsAsync(incident.Phone);
        await File.WriteAllLinesAsync(Path.Combine(directory.FullName, $"{incident.FiledAt:HHmmss}-ticket-{incident.Ticket}.txt"),
        [
            row.Name + (incident.Hit ? "" : " (the fault did not reach this call)"),
            .. verdict.Problems,
            $"state: {await world.State.IncidentAsync(incident.Id)}",
            $"ticket: {(await world.Simulator.TicketAsync(incident.Ticket)).ToJsonString()}",
            .. (await world.Simulator.NotesAsync(incident.Ticket)).Select(note => $"note: {note}"),
            .. audit.Select(entry => $"audit {entry.At:HH:mm:ss.fff} {entry.Entry.Service} {entry.Entry.Kind}: {entry.Entry.Text}"),
            .. calls.Where(call => call["created"]!.GetValue<DateTimeOffset>() >= incident.FiledAt).Select(call => $"call: {call.ToJsonString()}"),
            .. world.City.Lines().Where(line => line.At >= incident.FiledAt && (line.Process != "Simulator" || line.Text.Contains("warn", StringComparison.Ordinal) || line.Text.Contains("fail", StringComparison.Ordinal)))
                .Select(line => $"log {line.At:HH:mm:ss.fff} {line.Process} {line.Text}"),
        ]);
    }
}
