using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.Hosting;

/// <summary>The demo with real vendors: a ticket in the real Freshdesk, a call to a real phone. What that phone heard nobody can prove.</summary>
static class RealDemo
{
    static readonly TimeSpan longest = TimeSpan.FromMinutes(15);

    public static async Task<int> RunAsync(City city, DemoRequest request, IReadOnlyDictionary<string, string> settings, Terminal terminal, CancellationToken ct)
    {
        if (request.Phone is null || !PhoneNumber.TryParse(request.Phone, out _))
        {
            throw new CityStartException("Twilio is real: say whom to call, for example ./run.sh demo --phone +12025550123. That phone will ring.");
        }

        var freshdesk = city.Vendors.Single(v => v.Vendor.Name == "Freshdesk");
        using var client = Client(city, freshdesk);
        var ticket = await FileAsync(client, request.Phone, ct);
        var incident = IncidentId.OfTicket(ticket);
        terminal.Say($"Ticket #{ticket} is filed; the phone {request.Phone} rings as soon as it is read (at the latest after the polling interval).");

        await using var state = new CityState(city.Redis);
        var narrator = new Narrator(terminal.Console);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        over.CancelAfter(longest);
        var settled = SettledAsync(state, incident, over);
        try
        {
            await foreach (var (at, entry) in state.FollowAuditAsync("0-0", over.Token))
            {
                if (entry.Root != incident.Value)
                {
                    continue;
                }

                switch (entry.Kind)
                {
                    case "turn.agent":
                        entry.Text.Split(' ').ToList().ForEach(word => narrator.Heard(at, word, (int)(at.ToUnixTimeMilliseconds() & int.MaxValue)));
                        break;
                    case "turn.responder":
                        narrator.Said(at, entry.Text);
                        break;
                    default:
                        narrator.Audit(at, entry);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            narrator.End();
        }

        await settled.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        var end = await state.IncidentAsync(incident, ct);
        terminal.Say($"Ticket #{ticket}: {end?.Status}; {end?.Responder?.Name ?? "nobody"}, ETA {end?.Responder?.EtaMinutes?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-"} minutes; {end?.Evidence.Count ?? 0} message(s). What a real phone heard cannot be proven from here.");
        return end?.Responder?.AcceptedAt is null ? 1 : 0;
    }

    static async Task SettledAsync(CityState state, IncidentId incident, CancellationTokenSource over)
    {
        while (!over.IsCancellationRequested)
        {
            var now = await state.IncidentAsync(incident, over.Token);
            if (now is { Status: not (IncidentStatus.Reported or IncidentStatus.Calling) } && now.Attempts.All(attempt => attempt.EndedAt is not null))
            {
                await Task.Delay(TimeSpan.FromSeconds(5), over.Token);
                await over.CancelAsync();
            }

            await Task.Delay(500, over.Token);
        }
    }

    static HttpClient Client(City city, VendorChoice freshdesk)
    {
        if (freshdesk.Simulated)
        {
            return With(new HttpClient { BaseAddress = city.Vendor("Freshdesk") }, "simulator");
        }

        var domain = freshdesk.Given["Freshdesk__Domain"];
        var host = domain.Contains("://", StringComparison.Ordinal) ? new Uri(domain).Host : domain.Contains('.', StringComparison.Ordinal) ? domain : $"{domain}.freshdesk.com";
        return With(new HttpClient { BaseAddress = new Uri($"https://{host}") }, freshdesk.Given["Freshdesk__ApiKey"]);

        static HttpClient With(HttpClient client, string key)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{key}:X")));
            return client;
        }
    }

    // The subject's six lines need no custom fields in the account.
    static async Task<long> FileAsync(HttpClient client, string phone, CancellationToken ct)
    {
        var ticket = new JsonObject
        {
            ["subject"] = $"1. Incident Type: Demonstration (not an emergency)\n2. Address: Harbour Road and 5th Street\n3. Phone: {phone}\n4. Confidence Score: 95%\n6. Incident Time: {DateTime.UtcNow:yyyy-MM-dd HH:mm:ss}",
            ["description"] = "A demonstration of City Monitor. This is not an emergency.",
            ["email"] = "camera-ai@example.com",
            ["priority"] = 4,
            ["status"] = 2,
        };
        using var answer = await client.PostAsJsonAsync("/api/v2/tickets", ticket, ct);
        var body = await answer.Content.ReadAsStringAsync(ct);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(body)!["id"]!.GetValue<long>()
            : throw new CityStartException($"Freshdesk did not take the ticket ({(int)answer.StatusCode}): {body}");
    }
}
