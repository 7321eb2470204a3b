using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Hosting;

/// <summary>One thing that happened in the simulator.</summary>
/// <param name="Kind">For example call.ringing, phone.heard, ticket.updated.</param>
sealed record Happening(long Seq, DateTimeOffset At, string Kind, string? Subject, JsonElement Details)
{
    public string? this[string detail] => Details.TryGetProperty(detail, out var value)
        ? value.ValueKind is JsonValueKind.String ? value.GetString() : value.ValueKind is JsonValueKind.Null ? null : value.GetRawText()
        : null;
}

/// <summary>The simulator's control API and its Freshdesk, for the demo and the end-to-end tests.</summary>
sealed class SimulatorClient : IDisposable
{
    static readonly JsonSerializerOptions web = new(JsonSerializerDefaults.Web);

    readonly HttpClient control;
    readonly HttpClient freshdesk;

    public SimulatorClient(Uri controlUrl, Uri freshdeskUrl)
    {
        control = new HttpClient { BaseAddress = controlUrl };
        freshdesk = new HttpClient { BaseAddress = freshdeskUrl, Timeout = TimeSpan.FromSeconds(10) };
        freshdesk.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("simulator:X"u8));
    }

    /// <summary>A camera files a ticket; returns its id.</summary>
    public async Task<long> RaiseIncidentAsync(object incident, CancellationToken ct = default)
    {
        using var answer = await control.PostAsJsonAsync("/incidents", incident, web, ct);
        var body = await ReadAsync(answer, ct);
        return (body["ticketId"] ?? body["id"])!.GetValue<long>();
    }

    /// <summary>Files a ticket through the Freshdesk API itself.</summary>
    public async Task<long> CreateTicketAsync(object ticket, CancellationToken ct = default)
    {
        using var answer = await freshdesk.PostAsJsonAsync("/api/v2/tickets", ticket, web, ct);
        return (await ReadAsync(answer, ct))["id"]!.GetValue<long>();
    }

    public async Task UpdateTicketAsync(long id, object change, CancellationToken ct = default)
    {
        using var answer = await freshdesk.PutAsJsonAsync($"/api/v2/tickets/{id}", change, web, ct);
        await ReadAsync(answer, ct);
    }

    public async Task<JsonNode> TicketAsync(long id, CancellationToken ct = default)
    {
        using var answer = await freshdesk.GetAsync($"/api/v2/tickets/{id}", ct);
        return await ReadAsync(answer, ct);
    }

    /// <summary>The notes of a ticket as plain text, oldest first.</summary>
    public async Task<IReadOnlyList<string>> NotesAsync(long id, CancellationToken ct = default)
    {
        using var answer = await freshdesk.GetAsync($"/api/v2/tickets/{id}/conversations?per_page=100", ct);
        return [.. (await ReadAsync(answer, ct)).AsArray().Select(note => PlainText.Of(note!["body"]!.GetValue<string>()))];
    }

    /// <summary>Calls to one phone, oldest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> CallsAsync(string phone, CancellationToken ct = default)
    {
        using var answer = await control.GetAsync($"/calls?phone={Uri.EscapeDataString(phone)}", ct);
        return [.. (await ReadAsync(answer, ct)).AsArray().Select(call => call!).OrderBy(call => call["created"]!.GetValue<DateTimeOffset>())];
    }

    /// <summary>A phone calls the city's number, by its script; returns Twilio's CallSid.</summary>
    public async Task<string> CallInAsync(string from, CancellationToken ct = default)
    {
        using var answer = await control.PostAsJsonAsync("/calls/inbound", new { from }, web, ct);
        return (await ReadAsync(answer, ct))["sid"]!.GetValue<string>();
    }

    /// <summary>Text messages to one phone, oldest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> MessagesAsync(string phone, CancellationToken ct = default)
    {
        using var answer = await control.GetAsync($"/messages?phone={Uri.EscapeDataString(phone)}", ct);
        return [.. (await ReadAsync(answer, ct)).AsArray().Select(message => message!)];
    }

    /// <summary>How a phone behaves, in the YAML of scenarios/phones.</summary>
    public async Task PutPhoneAsync(string number, string yaml, CancellationToken ct = default)
    {
        using var answer = await control.PutAsync($"/phones/{Uri.EscapeDataString(number)}", new StringContent(yaml, Encoding.UTF8, "application/yaml"), ct);
        await EnsureAsync(answer, ct);
    }

    public async Task SetFaultAsync(string vendor, object fault, CancellationToken ct = default)
    {
        using var answer = await control.PutAsJsonAsync($"/faults/{vendor}", fault, web, ct);
        await EnsureAsync(answer, ct);
    }

    public async Task ClearFaultAsync(string vendor, CancellationToken ct = default)
    {
        using var answer = await control.DeleteAsync(new Uri($"/faults/{vendor}", UriKind.Relative), ct);
        await EnsureAsync(answer, ct);
    }

    public async Task<IReadOnlyList<Happening>> EventsAsync(long after = 0, CancellationToken ct = default)
    {
        using var answer = await control.GetAsync($"/events?after={after}&limit=100000", ct);
        return (await ReadAsync(answer, ct))["events"].Deserialize<List<Happening>>(web)!;
    }

    /// <summary>Everything after a sequence number, then each happening as it comes.</summary>
    public async IAsyncEnumerable<Happening> FollowAsync(long after, [EnumeratorCancellation] CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/events/stream?after={after}");
        using var answer = await control.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        await EnsureAsync(answer, ct);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(ct));
        while (await lines.ReadLineAsync(ct) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return JsonSerializer.Deserialize<Happening>(line.AsSpan(6), web)!;
            }
        }
    }

    public void Dispose()
    {
        control.Dispose();
        freshdesk.Dispose();
    }

    static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        await EnsureAsync(answer, ct);
        return JsonNode.Parse(await answer.Content.ReadAsStreamAsync(ct))!;
    }

    static async Task EnsureAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri} was answered with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(ct)}");
        }
    }
}
