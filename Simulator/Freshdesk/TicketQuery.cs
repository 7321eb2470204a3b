using System.Collections.Immutable;
using System.Globalization;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>The query of <c>GET /tickets</c>, read and applied.</summary>
sealed record TicketQuery(
    string? Filter, DateTimeOffset? UpdatedSince, string OrderBy, bool Ascending, TicketIncludes Include, long? RequesterId, string? Email, Paging Paging)
{
    static readonly string[] Orders = ["created_at", "due_by", "updated_at", "status"];
    static readonly string[] Filters = ["new_and_my_open", "watching", "spam", "deleted"];
    static readonly string[] Known =
        ["filter", "requester_id", "email", "unique_external_id", "company_id", "updated_since", "order_by", "order_type", "include", "page", "per_page"];

    public static TicketQuery? Read(IQueryCollection query, out ImmutableArray<FieldError> errors)
    {
        var wrong = new List<FieldError>();
        wrong.AddRange(query.Keys.Where(k => !Known.Contains(k)).Select(FieldError.Unexpected));
        string? filter = query["filter"], order = query["order_by"], direction = query["order_type"], since = query["updated_since"];
        if (filter is not null && !Filters.Contains(filter))
        {
            wrong.Add(FieldError.NotOneOf("filter", Filters));
        }

        if (order is not null && !Orders.Contains(order))
        {
            wrong.Add(FieldError.NotOneOf("order_by", Orders));
        }

        if (direction is not (null or "asc" or "desc"))
        {
            wrong.Add(FieldError.NotOneOf("order_type", ["asc", "desc"]));
        }

        DateTimeOffset? updatedSince = null;
        if (since is not null)
        {
            // A date alone, with or without seconds, Z or offset: all are accepted, and without an offset it is UTC.
            if (DateTimeOffset.TryParse(since, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            {
                updatedSince = at;
            }
            else
            {
                wrong.Add(new("updated_since", "It should be in the 'combined date and time ISO8601' format", "invalid_date"));
            }
        }

        long? requester = null;
        if (query["requester_id"] is [{ } id])
        {
            requester = long.TryParse(id, CultureInfo.InvariantCulture, out var parsed) ? parsed : -1;
        }

        var include = Includes(query["include"], TicketIncludes.Description | TicketIncludes.Stats | TicketIncludes.Requester, wrong);
        var paging = Paging.Read(query, wrong);
        errors = [.. wrong];
        return wrong.Count > 0
            ? null
            : new TicketQuery(filter, updatedSince, order ?? "created_at", direction == "asc", include, requester, query["email"], paging);
    }

    public static TicketIncludes Includes(string? given, TicketIncludes allowed, List<FieldError> wrong)
    {
        var include = TicketIncludes.None;
        foreach (var name in (given ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Enum.TryParse<TicketIncludes>(name, ignoreCase: true, out var one) && one != TicketIncludes.None && allowed.HasFlag(one))
            {
                include |= one;
            }
            else
            {
                wrong.Add(FieldError.NotOneOf("include", allowed.ToString().ToLowerInvariant().Split(", ")));
            }
        }

        return include;
    }

    public IEnumerable<Ticket> Apply(IEnumerable<Ticket> tickets, DateTimeOffset now)
    {
        var found = Filter switch
        {
            "spam" => tickets.Where(t => t is { Spam: true, Deleted: false }),
            "deleted" => tickets.Where(t => t.Deleted),
            "watching" => [],
            "new_and_my_open" => tickets.Where(t =>
                t is { Spam: false, Deleted: false, Status: Ticket.Open } && (t.ResponderId is null || t.ResponderId == TicketStore.Agent.Id)),
            _ => tickets.Where(t => t is { Spam: false, Deleted: false }),
        };
        found = UpdatedSince is { } since
            ? found.Where(t => t.UpdatedAt >= since)
            : found.Where(t => t.CreatedAt >= now - TimeSpan.FromDays(30));
        found = RequesterId is { } requester ? found.Where(t => t.Requester.Id == requester) : found;
        found = Email is { } email ? found.Where(t => t.Requester.Email == email) : found;
        return OrderBy switch
        {
            "updated_at" => Order(found, t => t.UpdatedAt),
            "due_by" => Order(found, t => t.DueBy ?? DateTimeOffset.MaxValue),
            "status" => Order(found, t => t.Status),
            _ => Order(found, t => t.CreatedAt),
        };
    }

    IOrderedEnumerable<Ticket> Order<T>(IEnumerable<Ticket> found, Func<Ticket, T> key) =>
        Ascending ? found.OrderBy(key).ThenBy(t => t.Id) : found.OrderByDescending(key).ThenByDescending(t => t.Id);
}

/// <summary>Pages from 1, 30 to a page unless told, 100 at most, 300 pages at most.</summary>
readonly record struct Paging(int Page, int PerPage)
{
    public static Paging Read(IQueryCollection query, List<FieldError> wrong)
    {
        var page = Number(query, "page", 1, int.MaxValue, "It should be a Positive Integer", wrong);
        var perPage = Number(query, "per_page", 30, 100, "It should be a Positive Integer less than or equal to 100", wrong);
        if (page > 300)
        {
            wrong.Add(new("page", "You cannot access tickets beyond the 300th page. Please provide a smaller page number.", "invalid_value"));
        }

        return new Paging(page, perPage);
    }

    /// <summary>Cuts the page out and names the next one in the <c>link</c> header, by the host that the request came to.</summary>
    public List<T> Cut<T>(IEnumerable<T> all, HttpContext context)
    {
        var rest = all.Skip((Page - 1) * PerPage).Take(PerPage + 1).ToList();
        if (rest.Count > PerPage)
        {
            rest.RemoveAt(PerPage);
            var request = context.Request;
            var query = QueryString.Create([.. request.Query.Where(q => q.Key != "page"), new("page", (Page + 1).ToString(CultureInfo.InvariantCulture))]);
            context.Response.Headers.Link = $"<{request.Scheme}://{request.Host}{request.Path}{query}>; rel=\"next\"";
        }

        return rest;
    }

    static int Number(IQueryCollection query, string name, int otherwise, int most, string message, List<FieldError> wrong)
    {
        if (query[name] is not [{ } given])
        {
            return otherwise;
        }

        if (int.TryParse(given, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most)
        {
            return number;
        }

        wrong.Add(new(name, message, "invalid_value"));
        return otherwise;
    }
}
