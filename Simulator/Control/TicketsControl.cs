using CityMonitor.Simulator.Freshdesk;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CityMonitor.Simulator.Control;

/// <param name="Shape"><c>fields</c> (custom fields, the default) or <c>subject</c> (six lines in the subject).</param>
sealed record IncidentRequest(
    string? ResponderPhone, string? IncidentType, string? Address, string? Camera, double? Confidence, int? Images, int? Priority,
    string? Description, string? Shape);

sealed record NoteAnswer(string Text, bool Private, DateTimeOffset At);

sealed record TicketAnswer(
    long Id, string Subject, string Description, string Status, int Priority, IReadOnlyList<string> Tags, DateTimeOffset Created,
    DateTimeOffset Updated, IReadOnlyList<NoteAnswer> Notes);

/// <summary><c>POST /incidents</c> files a ticket as a camera would; <c>GET /tickets</c> shows what became of them.</summary>
static class TicketsControl
{
    const string Responder = "+12025550123";

    public static IEndpointRouteBuilder MapTickets(this IEndpointRouteBuilder control)
    {
        control.MapPost("/incidents", RaiseAsync);
        control.MapGet("/tickets", (TicketStore store, int? limit) => TypedResults.Json(
            store.All().Reverse().Take(limit ?? 50).Select(Describe).ToArray(), ControlJson.Default.TicketAnswerArray));
        control.MapGet("/tickets/{id:long}", Results<JsonHttpResult<TicketAnswer>, NotFound<ProblemAnswer>> (long id, TicketStore store) =>
            store.Find(id) is { } ticket
                ? TypedResults.Json(Describe(ticket), ControlJson.Default.TicketAnswer)
                : TypedResults.NotFound(new ProblemAnswer($"There is no ticket {id}.")));
        return control;
    }

    /// <summary>Everything is optional, the whole body too: the plain call raises a collision for the responder who accepts.</summary>
    static async Task<Results<Created<TicketAnswer>, BadRequest<ProblemAnswer>>> RaiseAsync(HttpRequest request, IncidentSamples samples)
    {
        IncidentRequest? asked = null;
        if (request.ContentLength is > 0 || request.Headers.TransferEncoding.Count > 0)
        {
            try
            {
                asked = await request.ReadFromJsonAsync(ControlJson.Default.IncidentRequest);
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
            {
                return TypedResults.BadRequest(new ProblemAnswer($"Not an incident: {e.Message}"));
            }
        }

        var plain = new CameraIncident();
        var incident = new CameraIncident
        {
            ResponderPhone = asked?.ResponderPhone ?? Responder,
            IncidentType = asked?.IncidentType ?? plain.IncidentType,
            Address = asked?.Address ?? plain.Address,
            Camera = asked?.Camera ?? plain.Camera,
            Confidence = asked?.Confidence ?? plain.Confidence,
            Images = Math.Clamp(asked?.Images ?? plain.Images, 0, 10),
            Priority = Math.Clamp(asked?.Priority ?? plain.Priority, 1, 4),
            Description = asked?.Description ?? plain.Description,
        };
        var ticket = asked?.Shape == "subject" ? samples.WithSubjectLines(incident) : samples.WithCustomFields(incident);
        return TypedResults.Created($"/tickets/{ticket.Id}", Describe(ticket));
    }

    static TicketAnswer Describe(Ticket ticket) => new(
        ticket.Id, ticket.Subject, ticket.DescriptionText,
        ticket.Deleted ? "deleted" : ticket.Spam ? "spam" : ticket.Status switch
        {
            Ticket.Open => "open",
            Ticket.Pending => "pending",
            Ticket.Resolved => "resolved",
            Ticket.Closed => "closed",
            var other => $"status {other}",
        },
        ticket.Priority, ticket.Tags, ticket.CreatedAt, ticket.UpdatedAt,
        [.. ticket.Conversations.Select(note => new NoteAnswer(Ticket.PlainText(note.Body), note.Private, note.CreatedAt))]);
}
