using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>Twilio's REST API, version 2010-04-01. A request is sent once; whoever asked knows whether it may be repeated.</summary>
sealed class TwilioClient(HttpClient http, IOptions<TwilioOptions> options)
{
    readonly string account = $"2010-04-01/Accounts/{options.Value.AccountSid}";

    public static void Configure(HttpClient http, TwilioOptions options)
    {
        http.BaseAddress = new Uri(options.BaseUrl.TrimEnd('/') + "/");
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.AccountSid}:{options.AuthToken}"));
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
    }

    public Task<TwilioResult<CallResource>> CreateCallAsync(IEnumerable<KeyValuePair<string, string>> form, CancellationToken ct) =>
        PostAsync("Calls.json", form, TwilioJson.Default.CallResource, ct);

    public Task<TwilioResult<CallResource>> UpdateCallAsync(string sid, IEnumerable<KeyValuePair<string, string>> form, CancellationToken ct) =>
        PostAsync($"Calls/{Uri.EscapeDataString(sid)}.json", form, TwilioJson.Default.CallResource, ct);

    public Task<TwilioResult<CallResource>> GetCallAsync(string sid, CancellationToken ct) =>
        GetAsync($"Calls/{Uri.EscapeDataString(sid)}.json", TwilioJson.Default.CallResource, ct);

    /// <summary>The newest calls that match, newest first: 50 to one number, else the 1000 that Twilio gives at most in one page.</summary>
    public Task<TwilioResult<CallList>> ListCallsAsync(string? to, string from, string? status, CancellationToken ct) =>
        GetAsync($"Calls.json?PageSize={(to is null ? 1000 : 50)}&From={Uri.EscapeDataString(from)}"
            + (to is null ? "" : $"&To={Uri.EscapeDataString(to)}")
            + (status is null ? "" : $"&Status={status}"), TwilioJson.Default.CallList, ct);

    public Task<TwilioResult<MessageResource>> CreateMessageAsync(IEnumerable<KeyValuePair<string, string>> form, CancellationToken ct) =>
        PostAsync("Messages.json", form, TwilioJson.Default.MessageResource, ct);

    public Task<TwilioResult<MessageResource>> GetMessageAsync(string sid, CancellationToken ct) =>
        GetAsync($"Messages/{Uri.EscapeDataString(sid)}.json", TwilioJson.Default.MessageResource, ct);

    async Task<TwilioResult<T>> PostAsync<T>(string path, IEnumerable<KeyValuePair<string, string>> form, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{account}/{path}") { Content = new FormUrlEncodedContent(form) };
        return await SendAsync(request, type, ct);
    }

    async Task<TwilioResult<T>> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{account}/{path}");
        return await SendAsync(request, type, ct);
    }

    async Task<TwilioResult<T>> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        try
        {
            using var response = await http.SendAsync(request, ct);
            var body = await response.Content.ReadAsByteArrayAsync(ct);
            return response.IsSuccessStatusCode ? Read(body, type, response) : Failure<T>(body, response);
        }
        catch (VendorUnavailableException error)
        {
            return new(error.MayHaveArrived ? TwilioOutcome.Unknown : TwilioOutcome.NotSent, Error: new(0, 0, error.Message));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return new(TwilioOutcome.Unknown, Error: new(0, 0, error.Message));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new(TwilioOutcome.Unknown, Error: new(0, 0, "no answer in time"));
        }
    }

    /// <summary>A success whose body cannot be read was still done: its outcome is unknown, never a failure.</summary>
    static TwilioResult<T> Read<T>(byte[] body, JsonTypeInfo<T> type, HttpResponseMessage response) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) is { } value
                ? new(TwilioOutcome.Ok, value, ServerTime: response.Headers.Date)
                : new(TwilioOutcome.Unknown, Error: new(0, (int)response.StatusCode, "an empty answer"));
        }
        catch (JsonException)
        {
            return new(TwilioOutcome.Unknown, Error: new(0, (int)response.StatusCode, "an answer that is not JSON"));
        }
    }

    static TwilioResult<T> Failure<T>(byte[] body, HttpResponseMessage response) where T : class
    {
        var status = (int)response.StatusCode;
        var outcome = response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests => TwilioOutcome.Limited,
            HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => TwilioOutcome.Unknown,
            _ => TwilioOutcome.Refused,
        };
        ErrorResource? error = null;
        try
        {
            error = JsonSerializer.Deserialize(body, TwilioJson.Default.ErrorResource);
        }
        catch (JsonException)
        {
            // A proxy's HTML page: the HTTP status says all there is to know.
        }

        return new(outcome, Error: new(error?.Code ?? 0, status, error?.Message ?? response.ReasonPhrase ?? ""), RetryAfter: response.Headers.RetryAfter?.Delta);
    }
}
