using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>One page of a list. Tickets that are not JSON objects with an id are left out and counted.</summary>
/// <param name="More">There is a next page: a Link header says so, or, where a proxy has dropped it, the page is full.</param>
sealed record TicketPage(IReadOnlyList<FreshdeskTicket> Tickets, bool More, int Unreadable);

/// <summary>Freshdesk API v2, as far as a dispatcher needs it. Every failure is a <see cref="FreshdeskException"/>.</summary>
sealed partial class FreshdeskClient(HttpClient http, FreshdeskPace pace, FreshdeskHealth health, ILogger<FreshdeskClient> log)
{
    public const int PageSize = 100;
    const int SearchPageSize = 30;
    const int ConversationPageSize = 30;
    const int MostConversationPages = 20;

    /// <summary>Tickets changed at or after <paramref name="since"/>, the longest unchanged first. Without spam and deleted ones.</summary>
    public Task<TicketPage> ListChangedAsync(DateTimeOffset since, int page, CancellationToken ct) =>
        ListAsync($"tickets?updated_since={Time(since)}&order_by=updated_at&order_type=asc&include=description", page, ct);

    /// <summary>Open tickets that are nobody's or this agent's, however old. Others' open tickets: <see cref="SearchAsync"/>.</summary>
    public async Task<TicketPage> ListOpenAsync(int page, CancellationToken ct)
    {
        const string Open = "tickets?filter=new_and_my_open&order_by=created_at&order_type=asc&include=description";
        try
        {
            return await ListAsync($"{Open}&updated_since={Time(DateTimeOffset.UnixEpoch)}", page, ct);
        }
        catch (FreshdeskException error) when (error.Failure == FreshdeskFailure.Rejected)
        {
            return await ListAsync(Open, page, ct); // without a time only those of the last 30 days, which is better than none
        }
    }

    /// <summary>Tickets of the filter spam or deleted that changed at or after <paramref name="since"/>.</summary>
    public Task<TicketPage> ListRemovedAsync(string filter, DateTimeOffset since, int page, CancellationToken ct) =>
        ListAsync($"tickets?filter={filter}&updated_since={Time(since)}&order_by=updated_at&order_type=asc", page, ct);

    /// <summary>Every agent's tickets of a query such as status:2, 30 a page and 300 in all; what changed in the last minutes may be missing.</summary>
    /// <returns>The page, and how many tickets there are in all.</returns>
    public async Task<(TicketPage Page, int Total)> SearchAsync(string query, int page, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"search/tickets?query={Uri.EscapeDataString($"\"{query}\"")}&page={page}"), null, ct);
        var found = await ReadAsync(response, FreshdeskJson.Default.FreshdeskSearch, ct);
        var results = found.Results ?? [];
        var (tickets, unreadable) = Readable(results);
        return (new TicketPage(tickets, results.Count >= SearchPageSize && page < 10, unreadable), found.Total ?? tickets.Count);
    }

    /// <summary>Null where there is no such ticket. Deleted and spam tickets are found and say so.</summary>
    public async Task<FreshdeskTicket?> GetAsync(long id, CancellationToken ct)
    {
        try
        {
            using var response = await SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"tickets/{id}"), null, ct);
            return await ReadAsync(response, FreshdeskJson.Default.FreshdeskTicket, ct);
        }
        catch (FreshdeskException error) when (error.Failure is FreshdeskFailure.NotFound or FreshdeskFailure.Gone)
        {
            return null;
        }
    }

    public async Task<FreshdeskTicket> UpdateAsync(long id, TicketUpdate update, CancellationToken ct)
    {
        using var body = JsonContent.Create(update, FreshdeskJson.Default.TicketUpdate);
        using var response = await SendAsync(HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"tickets/{id}"), body, ct);
        return await ReadAsync(response, FreshdeskJson.Default.FreshdeskTicket, ct);
    }

    /// <summary>Files a ticket. Not idempotent: after an unknown outcome look for it first.</summary>
    public async Task<FreshdeskTicket> CreateAsync(TicketBody ticket, CancellationToken ct)
    {
        using var body = JsonContent.Create(ticket, FreshdeskJson.Default.TicketBody);
        using var response = await SendAsync(HttpMethod.Post, "tickets", body, ct);
        return await ReadAsync(response, FreshdeskJson.Default.FreshdeskTicket, ct);
    }

    /// <summary>Adds a private note. Not idempotent: after an unknown outcome ask <see cref="HasNoteAsync"/> first.</summary>
    public async Task AddNoteAsync(long id, string html, CancellationToken ct)
    {
        using var body = JsonContent.Create(new NoteBody(html, Private: true), FreshdeskJson.Default.NoteBody);
        using var response = await SendAsync(HttpMethod.Post, string.Create(CultureInfo.InvariantCulture, $"tickets/{id}/notes"), body, ct);
    }

    /// <summary>Whether a conversation of the ticket holds <paramref name="mark"/>.</summary>
    public async Task<bool> HasNoteAsync(long id, string mark, CancellationToken ct)
    {
        for (var page = 1; page <= MostConversationPages; page++)
        {
            using var response = await SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"tickets/{id}/conversations?per_page={ConversationPageSize}&page={page}"), null, ct);
            var conversations = await ReadAsync(response, FreshdeskJson.Default.ListFreshdeskConversation, ct);
            if (conversations.Exists(one => one.Body?.Contains(mark, StringComparison.Ordinal) == true || one.BodyText?.Contains(mark, StringComparison.Ordinal) == true))
            {
                return true;
            }

            if (conversations.Count < ConversationPageSize && !HasNext(response))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Asks who we are: the cheapest request that shows whether key and address are right.</summary>
    public async Task PingAsync(CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Get, "agents/me", null, ct);
    }

    async Task<TicketPage> ListAsync(string pathAndQuery, int page, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"{pathAndQuery}&per_page={PageSize}&page={page}"), null, ct);
        var elements = await ReadAsync(response, FreshdeskJson.Default.ListJsonElement, ct);
        var (tickets, unreadable) = Readable(elements);
        return new TicketPage(tickets, HasNext(response) || elements.Count >= PageSize, unreadable);
    }

    (List<FreshdeskTicket> Tickets, int Unreadable) Readable(IReadOnlyList<JsonElement> elements)
    {
        var tickets = new List<FreshdeskTicket>(elements.Count);
        foreach (var element in elements)
        {
            try
            {
                if (element.Deserialize(FreshdeskJson.Default.FreshdeskTicket) is { } ticket)
                {
                    tickets.Add(ticket);
                }
            }
            catch (JsonException error)
            {
                Log.UnreadableTicket(log, error.Message); // one broken ticket never hides the others
            }
        }

        return (tickets, elements.Count - tickets.Count);
    }

    async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, ct);
        }
        catch (HttpRequestException error)
        {
            health.Failed(error.Message);
            throw new FreshdeskException(FreshdeskFailure.Unavailable, error.Message, error, (error as VendorUnavailableException)?.MayHaveArrived ?? true);
        }

        pace.Saw(response);
        if (response.IsSuccessStatusCode)
        {
            health.Answered();
            return response;
        }

        using (response)
        {
            var failure = await FailureOfAsync(method, path, response, ct);
            if (failure.Failure == FreshdeskFailure.NotFound)
            {
                // No such ticket, or no Freshdesk at this address: only the first may withdraw an incident or end a write.
                await PingAsync(ct);
            }

            if (failure.IsOutage)
            {
                health.Failed(failure.Message);
            }
            else
            {
                health.Answered();
            }

            throw failure;
        }
    }

    async Task<FreshdeskException> FailureOfAsync(HttpMethod method, string path, HttpResponseMessage response, CancellationToken ct)
    {
        var body = await response.Content.ReadAsStringAsync(ct);
        var errors = Parse(body);
        var said = errors?.Errors is { Count: > 0 } fields
            ? string.Join("; ", fields.Select(field => $"{field.Field}: {field.Message} ({field.Code})"))
            : errors?.Message ?? errors?.Description;
        var what = $"{method} {path.Split('?')[0]} was answered with {(int)response.StatusCode}{(string.IsNullOrEmpty(said) ? "" : $": {said}")}";
        return response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests => new(FreshdeskFailure.RateLimited, what) { RetryAfter = pace.Limited(response) },
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new(FreshdeskFailure.Unauthorized, $"{what}. Check Freshdesk:ApiKey, its agent's rights and Freshdesk:Domain."),
            HttpStatusCode.NotFound when !path.StartsWith("tickets/", StringComparison.Ordinal) =>
                new(FreshdeskFailure.Unavailable, $"{what}: this is not Freshdesk's API. Check Freshdesk:Domain."),
            HttpStatusCode.NotFound => new(FreshdeskFailure.NotFound, what),
            HttpStatusCode.MethodNotAllowed => new(FreshdeskFailure.Gone, what),
            HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => new(FreshdeskFailure.Unavailable, what, mayHaveArrived: true),
            < HttpStatusCode.BadRequest => new(FreshdeskFailure.Unavailable, $"{what}, a redirect to {response.Headers.Location}. Check Freshdesk:Domain."),
            _ => new(FreshdeskFailure.Rejected, what) { Errors = errors?.Errors ?? [] },
        };
    }

    // A 200 with a login or maintenance page is an outage, not an empty list: an empty list would look as if every ticket were gone.
    async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        string problem;
        try
        {
            if (await response.Content.ReadFromJsonAsync(type, ct) is { } value)
            {
                return value;
            }

            problem = "null";
        }
        catch (JsonException error)
        {
            problem = $"{response.Content.Headers.ContentType?.MediaType ?? "no content type"}, {error.Message}";
        }

        health.Failed($"Freshdesk answered with something that is not its JSON: {problem}");
        throw new FreshdeskException(FreshdeskFailure.Unavailable, $"Freshdesk answered with something that is not its JSON: {problem}", mayHaveArrived: true);
    }

    static FreshdeskErrors? Parse(string body)
    {
        try
        {
            return body.Length == 0 ? null : JsonSerializer.Deserialize(body, FreshdeskJson.Default.FreshdeskErrors);
        }
        catch (JsonException)
        {
            return null; // an HTML page or half a body: the status alone has to do
        }
    }

    static bool HasNext(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Link", out var links) && links.Any(link => Next.IsMatch(link));

    static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    // link: <https://city.freshdesk.com/api/v2/tickets?page=2>; rel="next"
    [GeneratedRegex("""rel\s*=\s*"?next"?""", RegexOptions.IgnoreCase)]
    static partial Regex Next { get; }

    static partial class Log
    {
        [LoggerMessage(5101, LogLevel.Error, "A ticket in Freshdesk's list cannot be read and is left out: {Problem}")]
        public static partial void UnreadableTicket(ILogger log, string problem);
    }
}
