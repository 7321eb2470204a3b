using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace CityMonitor.Simulator.Twilio.Webhooks;

/// <summary>Sends signed requests to the application, with Twilio's time-outs and its one retry when no connection was made.</summary>
sealed class WebhookSender(IHttpClientFactory clients, TwilioSettings settings, Timeline timeline, TimeProvider clock)
{
    public const string ClientName = "twilio-webhooks";
    public const int HttpFailed = 11200;
    public const int ConnectFailed = 11205;

    const int LongestBody = 1_000_000;

    public async Task<WebhookAnswer> SendAsync(Webhook webhook, CancellationToken cancellation, bool forged = false)
    {
        var (url, overrides) = ConnectionOverrides.Parse(webhook.Url);
        var isGet = webhook.Method.Equals("GET", StringComparison.OrdinalIgnoreCase);
        if (isGet)
        {
            url = QueryHelpers.AddQueryString(url, webhook.Parameters.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)));
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            return Report(webhook, new WebhookAnswer(null, null, "", HttpFailed, $"Not an absolute http(s) URL: {url}"));
        }

        // The URL as it goes out, escapes and all: it is all that the other side can sign.
        var signature = TwilioSignature.Of(forged ? "forged" : settings.AuthToken, uri.AbsoluteUri, isGet ? [] : webhook.Parameters);
        var token = Guid.NewGuid().ToString();
        for (var attempt = 0; ; attempt++)
        {
            var answer = await AttemptAsync(webhook, uri, isGet, signature, token, overrides, cancellation);
            if (attempt >= overrides.Retries || !overrides.Retry(answer))
            {
                return Report(webhook, answer);
            }
        }
    }

    async Task<WebhookAnswer> AttemptAsync(
        Webhook webhook, Uri uri, bool isGet, string signature, string token, ConnectionOverrides overrides, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(isGet ? HttpMethod.Get : HttpMethod.Post, uri);
        if (!isGet)
        {
            request.Content = new FormUrlEncodedContent(webhook.Parameters);
        }

        request.Headers.Add(TwilioSignature.Header, signature);
        request.Headers.Add("I-Twilio-Idempotency-Token", token);
        request.Headers.UserAgent.ParseAdd("TwilioProxy/1.1");
        using var deadline = new CancellationTokenSource(overrides.Total, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            using var client = clients.CreateClient(ClientName);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            var body = await ReadAsync(response, both.Token);
            var status = (int)response.StatusCode;
            return new WebhookAnswer(status, response.Content.Headers.ContentType?.MediaType, body,
                status >= 300 ? HttpFailed : null, status >= 300 ? $"Got HTTP {status} from {uri}" : null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new WebhookAnswer(null, null, "", HttpFailed, $"No answer from {uri} within {overrides.Total.TotalSeconds:0.#} s");
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException || e.HttpRequestError == HttpRequestError.NameResolutionError)
        {
            return new WebhookAnswer(null, null, "", ConnectFailed, $"No connection to {uri}: {e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new WebhookAnswer(null, null, "", HttpFailed, $"Broken answer from {uri}: {e.Message}");
        }
    }

    static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var body = await response.Content.ReadAsStringAsync(cancellation);
        return body.Length > LongestBody ? body[..LongestBody] : body;
    }

    WebhookAnswer Report(Webhook webhook, WebhookAnswer answer)
    {
        timeline.Add(answer.ErrorCode is null ? "webhook.sent" : "webhook.failed", webhook.Subject, new JsonObject
        {
            ["url"] = webhook.Url,
            ["status"] = answer.Status,
            ["error"] = answer.Error,
            ["fields"] = new JsonObject(webhook.Parameters.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        });
        return answer;
    }
}
