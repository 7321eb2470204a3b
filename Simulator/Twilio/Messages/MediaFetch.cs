using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary>Fetches media as Twilio does before it passes them on: a link that cannot be fetched fails the message.</summary>
sealed class MediaFetch(IHttpClientFactory clients, TimeProvider clock)
{
    const long MostBytes = 16_000_000;

    static readonly TimeSpan FetchTime = TimeSpan.FromSeconds(10);

    public async Task<MessageMedia?> FetchAsync(string url, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(FetchTime, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            using var client = clients.CreateClient(WebhookSender.ClientName);
            client.MaxResponseContentBufferSize = MostBytes;
            using var response = await client.GetAsync(new Uri(url), both.Token);
            var body = await response.Content.ReadAsByteArrayAsync(both.Token);
            return response.IsSuccessStatusCode && body.Length > 0
                ? new MessageMedia(Sid.New("ME"), url, response.Content.Headers.ContentType?.MediaType, body.Length) : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UriFormatException or InvalidOperationException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            // Unreachable, too large or too slow: to the sender it is all "media failed to download".
            return null;
        }
    }
}
