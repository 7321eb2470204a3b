using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>The Freshdesk API v2, as far as a dispatcher uses it.</summary>
static class FreshdeskApi
{
    public static IServiceCollection AddFreshdesk(this IServiceCollection services)
    {
        services.AddOptions<FreshdeskOptions>().BindConfiguration(FreshdeskOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<FreshdeskOptions>, FreshdeskOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TicketStore>();
        services.AddSingleton<FieldCatalog>();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<IncidentSamples>();
        services.AddHttpClient(AutomationWebhook.ClientName, client => client.Timeout = TimeSpan.FromSeconds(10));
        services.AddHostedService<AutomationWebhook>();
        return services;
    }

    public static IEndpointRouteBuilder MapFreshdesk(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/evidence/{name}", EvidenceImages.Get);
        var api = routes.MapGroup("/api/v2");
        api.AddEndpointFilter<RequestGate>();
        api.MapGet("/tickets", ListTickets);
        api.MapPost("/tickets", CreateTicket);
        api.MapGet("/tickets/{id:long}", GetTicket);
        api.MapPut("/tickets/{id:long}", UpdateTicket);
        api.MapDelete("/tickets/{id:long}", DeleteTicket);
        api.MapPut("/tickets/{id:long}/restore", RestoreTicket);
        api.MapGet("/search/tickets", SearchTickets);
        api.MapConversations();
        api.MapAccount();
        return routes;
    }

    static IResult ListTickets(HttpContext context, TicketStore store, FieldCatalog fields)
    {
        if (TicketQuery.Read(context.Request.Query, out var errors) is not { } query)
        {
            return Answers.Invalid(errors);
        }

        var page = query.Paging.Cut(query.Apply(store.All(), store.Now), context);
        return Answers.Ok(new JsonArray([.. page.Select(t => Json.Show(t, fields, query.Include, full: false))]));
    }

    static async Task<IResult> CreateTicket(HttpContext context, TicketStore store, FieldCatalog fields, IOptions<FreshdeskOptions> options)
    {
        if (await RequestBody.ReadAsync(context.Request, context.RequestAborted) is not { } body)
        {
            return Answers.InvalidJson();
        }

        var input = new TicketInput(fields, [.. options.Value.RequiredForClosure]);
        input.Read(body, creating: true);
        if (input.Errors is { Length: > 0 } errors)
        {
            return Answers.Invalid(errors);
        }

        var requester = input.RequesterId is { } id ? store.Contacts().FirstOrDefault(c => c.Id == id) : store.ContactFor(input.Email, input.Phone, input.Name);
        if (requester is null)
        {
            return Answers.Invalid("requester_id", "There is no contact matching the given requester_id");
        }

        var ticket = store.Create(requester, input.Change);
        context.Response.Headers.Location = $"{context.Request.Scheme}://{context.Request.Host}/api/v2/tickets/{ticket.Id}";
        return Answers.Json(201, Json.Show(ticket, fields, TicketIncludes.None, full: true));
    }

    static IResult GetTicket(long id, HttpContext context, TicketStore store, FieldCatalog fields)
    {
        var wrong = new List<FieldError>();
        var include = TicketQuery.Includes(
            context.Request.Query["include"],
            TicketIncludes.Conversations | TicketIncludes.Requester | TicketIncludes.Company | TicketIncludes.Stats, wrong);
        return wrong.Count > 0 ? Answers.Invalid([.. wrong])
            : store.Find(id) is { } ticket ? Answers.Ok(Json.Show(ticket, fields, include, full: true))
            : Answers.NotFound();
    }

    static async Task<IResult> UpdateTicket(long id, HttpContext context, TicketStore store, FieldCatalog fields, IOptions<FreshdeskOptions> options)
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
            return Answers.NotAllowed(context, "GET, DELETE");
        }

        var input = new TicketInput(fields, [.. options.Value.RequiredForClosure]);
        input.Read(body, creating: false);
        input.CheckClosure(ticket);
        if (input.Errors is { Length: > 0 } errors)
        {
            return Answers.Invalid(errors);
        }

        return Answers.Ok(Json.Show(store.Update(id, input.Change)!, fields, TicketIncludes.None, full: true));
    }

    static IResult DeleteTicket(long id, HttpContext context, TicketStore store) => store.Find(id) switch
    {
        null => Answers.NotFound(),
        { Deleted: true } => Answers.NotAllowed(context, "GET"),
        _ => Done(store.Update(id, t => t with { Deleted = true }, "deleted")),
    };

    static IResult RestoreTicket(long id, TicketStore store) => store.Find(id) switch
    {
        { Deleted: true } => Done(store.Update(id, t => t with { Deleted = false }, "restored")),
        _ => Answers.NotFound(),
    };

    static IResult Done(Ticket? _) => Results.NoContent();

    static IResult SearchTickets(HttpContext context, TicketStore store, FieldCatalog fields)
    {
        if (!SearchQuery.TryRead(context.Request.Query["query"], fields, out var matches, out var error))
        {
            return Answers.Invalid("query", error);
        }

        var wrong = new List<FieldError>();
        var page = Paging.Read(context.Request.Query, wrong).Page;
        if (page > 10 || wrong.Count > 0)
        {
            return Answers.Invalid("page", "It should be a Positive Integer less than or equal to 10");
        }

        var found = store.All().Where(t => !t.Spam && !t.Deleted).Where(matches).OrderByDescending(t => t.CreatedAt).ToList();
        return Answers.Ok(new JsonObject
        {
            ["total"] = found.Count,
            ["results"] = new JsonArray([.. found.Skip((page - 1) * 30).Take(30).Select(t => Json.Show(t, fields, TicketIncludes.Description, full: false))]),
        });
    }
}
