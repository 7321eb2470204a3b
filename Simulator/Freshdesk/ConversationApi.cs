using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>Notes, replies and the conversation list of a ticket.</summary>
static class ConversationApi
{
    public static void MapConversations(this IEndpointRouteBuilder api)
    {
        api.MapGet("/tickets/{id:long}/conversations", List);
        api.MapPost("/tickets/{id:long}/notes", (long id, HttpContext context, TicketStore store) => Add(id, context, store, isNote: true));
        api.MapPost("/tickets/{id:long}/reply", (long id, HttpContext context, TicketStore store) => Add(id, context, store, isNote: false));
    }

    static IResult List(long id, HttpContext context, TicketStore store)
    {
        var wrong = new List<FieldError>();
        var paging = Paging.Read(context.Request.Query, wrong);
        return wrong.Count > 0 ? Answers.Invalid([.. wrong])
            : store.Find(id) is { } ticket ? Answers.Ok(new JsonArray([.. paging.Cut(ticket.Conversations, context).Select(Json.Show)]))
            : Answers.NotFound();
    }

    static async Task<IResult> Add(long id, HttpContext context, TicketStore store, bool isNote)
    {
        if (await RequestBody.ReadAsync(context.Request, context.RequestAborted) is not { } body)
        {
            return Answers.InvalidJson();
        }

        if (store.Find(id) is not { } ticket)
        {
            return Answers.NotFound();
        }

        if (ticket.Deleted || ticket.Spam)
        {
            return Answers.NotAllowed(context, "GET");
        }

        var errors = Check(body, isNote);
        if (errors.Length > 0)
        {
            return Answers.Invalid(errors);
        }

        var added = store.AddConversation(
            id, body.GetProperty("body").GetString()!,
            isPrivate: isNote && (!body.TryGetProperty("private", out var hidden) || hidden.GetBoolean()),
            incoming: body.TryGetProperty("incoming", out var incoming) && incoming.GetBoolean(),
            userId: body.TryGetProperty("user_id", out var user) ? user.GetInt64() : null,
            source: isNote ? 2 : 0,
            notified: body.TryGetProperty("notify_emails", out var emails) ? [.. emails.EnumerateArray().Select(e => e.ToString())] : [])!;
        var shown = Json.Show(added);
        shown[isNote ? "notified_to" : "replied_to"] = new JsonArray([.. added.NotifiedTo.Select(e => JsonValue.Create(e))]);
        return Answers.Json(201, shown);
    }

    static ImmutableArray<FieldError> Check(JsonElement body, bool isNote)
    {
        var errors = ImmutableArray.CreateBuilder<FieldError>();
        if (!body.TryGetProperty("body", out _))
        {
            errors.Add(FieldError.Missing("body"));
        }

        foreach (var (name, value) in body.EnumerateObject().Select(p => (p.Name, p.Value)))
        {
            FieldError? wrong = name switch
            {
                "body" when value.ValueKind != JsonValueKind.String => FieldError.WrongType(name, value, "String"),
                "body" when value.GetString()!.Length == 0 => new(name, "It should not be blank as this is a mandatory field", "invalid_value"),
                "private" or "incoming" when isNote =>
                    value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : FieldError.WrongType(name, value, "Boolean"),
                "user_id" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _) ? null : FieldError.WrongType(name, value, "Positive Integer"),
                "notify_emails" => value.ValueKind == JsonValueKind.Array ? null : FieldError.WrongType(name, value, "Array"),
                "body" or "attachments" => null,
                "from_email" or "cc_emails" or "bcc_emails" when !isNote => null,
                _ => FieldError.Unexpected(name),
            };
            if (wrong is not null)
            {
                errors.Add(wrong);
            }
        }

        return errors.DrainToImmutable();
    }
}
