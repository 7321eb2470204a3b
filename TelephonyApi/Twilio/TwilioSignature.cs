using System.Security.Cryptography;
using System.Text;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>
/// X-Twilio-Signature = base64(HMAC-SHA1(auth token, URL + each form key and value, sorted by key)). A JSON body is covered by
/// bodySHA256 in the signed URL.
/// </summary>
static class TwilioSignature
{
    public const string Header = "X-Twilio-Signature";

    public static string Compute(string authToken, string url, IEnumerable<KeyValuePair<string, string>> form)
    {
        var text = new StringBuilder(url);
        foreach (var (key, value) in form.OrderBy(pair => pair.Key, StringComparer.Ordinal).ThenBy(pair => pair.Value, StringComparer.Ordinal))
        {
            text.Append(key).Append(value);
        }

        return Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(authToken), Encoding.UTF8.GetBytes(text.ToString())));
    }

    public static string Compute(string authToken, string url) => Compute(authToken, url, []);

    public static bool IsValid(string authToken, string url, IReadOnlyList<KeyValuePair<string, string>> form, string? signature) =>
        signature is { Length: > 0 } && WithAndWithoutPort(url).Aggregate(false, (valid, spelled) => valid | Same(Compute(authToken, spelled, form), signature));

    /// <summary>For a JSON body: the URL is signed alone, and says the body's hash in bodySHA256.</summary>
    public static bool IsValidBody(string url, ReadOnlySpan<byte> body)
    {
        var at = url.IndexOf("bodySHA256=", StringComparison.Ordinal);
        if (at < 0)
        {
            return false;
        }

        var said = url[(at + "bodySHA256=".Length)..].Split('&', '#')[0];
        return Same(Convert.ToHexStringLower(SHA256.HashData(body)), said.ToLowerInvariant());
    }

    /// <summary>The values a stream's handshake may carry: Twilio signs the URL alone, and is seen to spell it in several ways.</summary>
    public static IReadOnlyList<string> OfHandshake(string authToken, string streamUrl)
    {
        var url = new UriBuilder(streamUrl).Uri;
        var secure = url.Scheme is "wss" or "https";
        string[] tails = ["", "/"];
        string[] schemes = secure ? ["wss", "https"] : ["ws", "http"];
        var path = url.AbsolutePath.TrimEnd('/');
        string[] hosts = url.IsDefaultPort ? [url.Host, $"{url.Host}:{(secure ? 443 : 80)}"] : [$"{url.Host}:{url.Port}"];
        return [.. from scheme in schemes from host in hosts from tail in tails select Compute(authToken, $"{scheme}://{host}{path}{tail}")];
    }

    /// <summary>Twilio's machines disagree on whether a default port is part of the URL.</summary>
    static IEnumerable<string> WithAndWithoutPort(string url)
    {
        yield return url;
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = url.IndexOfAny(['/', '?'], start);
        var authority = end < 0 ? url[start..] : url[start..end];
        var rest = end < 0 ? "" : url[end..];
        var port = url.StartsWith("https", StringComparison.OrdinalIgnoreCase) ? ":443" : ":80";
        yield return url[..start] + (authority.EndsWith(port, StringComparison.Ordinal) ? authority[..^port.Length] : authority + port) + rest;
    }

    static bool Same(string expected, string given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(given));
}
