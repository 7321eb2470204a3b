using System.Security.Cryptography;
using System.Text;

namespace CityMonitor.Simulator.Twilio.Webhooks;

/// <summary>X-Twilio-Signature: HMAC-SHA1 over the URL and the form fields in ordinal order of their names, in base64.</summary>
static class TwilioSignature
{
    public const string Header = "X-Twilio-Signature";

    /// <param name="parameters">The form of a POST; empty for GET and for a socket's handshake.</param>
    public static string Of(string authToken, string url, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var signed = new StringBuilder(url);
        foreach (var (name, value) in parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            signed.Append(name).Append(value);
        }

#pragma warning disable CA5350 // SHA-1 is what the vendor's protocol says.
        return Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(authToken), Encoding.UTF8.GetBytes(signed.ToString())));
#pragma warning restore CA5350
    }
}
