using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>
/// Looks where a link really leads before it goes to a responder: through its redirects, to the addresses that its names have now, up to
/// the headers of what is there. The connection goes to the very address that was judged, so a name that changes in between gains nothing.
/// What cannot be reached from here is no problem: Twilio and the phone fetch it, and say so when they cannot.
/// </summary>
sealed class EvidenceProbe : IDisposable
{
    const int MostRedirects = 3;

    static readonly TimeSpan patience = TimeSpan.FromSeconds(4);

    readonly EvidenceLinks links;
    readonly IOptions<EvidenceOptions> options;
    readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;
    readonly HttpMessageInvoker http;

    public EvidenceProbe(EvidenceLinks links, IOptions<EvidenceOptions> options) : this(links, options, Dns.GetHostAddressesAsync)
    {
    }

    internal EvidenceProbe(EvidenceLinks links, IOptions<EvidenceOptions> options, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        (this.links, this.options, this.resolve) = (links, options, resolve);
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // each hop is judged
            UseCookies = false,
            UseProxy = false,
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 0, // nothing of the body is wanted
            ConnectTimeout = TimeSpan.FromSeconds(2),
            PooledConnectionLifetime = TimeSpan.FromSeconds(10),
            ConnectCallback = ConnectAsync,
        });
    }

    /// <summary>Null for a link that may be sent, else why not.</summary>
    public async Task<string?> ProblemOfAsync(string link, CancellationToken ct)
    {
        if (links.ProblemOf(link) is { } problem || !options.Value.CheckLinks)
        {
            return links.ProblemOf(link);
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bound.CancelAfter(patience);
        try
        {
            return await FollowAsync(new Uri(link), bound.Token);
        }
        catch (Exception error) when (Blocked.In(error) is { } blocked)
        {
            return blocked.Message;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }

    async Task<string?> FollowAsync(Uri url, CancellationToken ct)
    {
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("User-Agent", "CityMonitor");
            request.Headers.TryAddWithoutValidation("Accept", "image/*, video/*, application/pdf");
            using var response = await http.SendAsync(request, ct);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
            {
                return response.IsSuccessStatusCode && !links.IsVouchedFor(url) ? ProblemOfType(response.Content.Headers.ContentType?.MediaType) : null;
            }

            url = location.IsAbsoluteUri ? location : new Uri(url, location);
            if (links.ProblemOf(url.AbsoluteUri) is { } problem)
            {
                return $"redirects to a link that {problem}";
            }
        }

        return $"redirects more than {MostRedirects} times";
    }

    static string? ProblemOfType(string? type) =>
        type is not null && (type.StartsWith("image/", StringComparison.OrdinalIgnoreCase) || type.StartsWith("video/", StringComparison.OrdinalIgnoreCase)
            || type.Equals("application/pdf", StringComparison.OrdinalIgnoreCase)) && !type.StartsWith("image/svg", StringComparison.OrdinalIgnoreCase)
            ? null
            : $"is no picture, video or PDF but {type ?? "of no known type"}";

    async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, ct);
        if (!links.MayBePrivate(host, context.DnsEndPoint.Port) && Array.Exists(addresses, EvidenceLinks.IsPrivate))
        {
            throw new Blocked($"points into a private network ({host} has a private address)");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => http.Dispose();

    sealed class Blocked(string message) : IOException(message)
    {
        public static Blocked? In(Exception? error) => error is null or Blocked ? error as Blocked : In(error.InnerException);
    }
}
