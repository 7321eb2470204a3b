using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>What belongs to the account rather than to a ticket: its form, its agents, its contacts.</summary>
static class AccountApi
{
    public static void MapAccount(this IEndpointRouteBuilder api)
    {
        api.MapGet("/ticket_fields", (TicketStore store, FieldCatalog fields, string? type) => Answers.Ok(fields.Describe(store.Now, type)));
        api.MapGet("/agents/me", (TicketStore store) => Answers.Ok(Json.ShowAgent(TicketStore.Agent, store.Now)));
        api.MapGet("/agents", (TicketStore store) => Answers.Ok(new JsonArray(Json.ShowAgent(TicketStore.Agent, store.Now))));
        api.MapGet("/groups", () => Answers.Ok(new JsonArray()));
        api.MapGet("/contacts", Contacts);
    }

    static IResult Contacts(TicketStore store, string? phone, string? mobile, string? email) =>
        Answers.Ok(new JsonArray([.. store.Contacts()
            .Where(c => (phone is null || c.Phone == phone) && (mobile is null || c.Mobile == mobile) && (email is null || c.Email == email))
            .Select(c => Json.Show(c, store.Now))]));
}
