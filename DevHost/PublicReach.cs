using System.Net.Http;

namespace CityMonitor.Hosting;

/// <summary>Asks TelephonyApi for its health the way Twilio would reach it, so that a wrong public URL shows at the start and not at the first call.</summary>
static class PublicReach
{
    const string Incoming = "/twilio/incoming";

    /// <summary>Null where nothing is public; else one line for the user.</summary>
    public static async Task<(bool Reached, string Text)?> CheckAsync(IReadOnlyDictionary<string, string> settings, IReadOnlyList<VendorChoice> vendors, CancellationToken ct)
    {
        if (vendors.Single(v => v.Vendor.Name == "Twilio").Simulated
            || VendorChoice.Find(settings, ["PublicUrls__Telephony", Topology.PublicTelephony, "WEBHOOK_URL", "PUBLIC_URL", "BASE_URL"]) is not { } url)
        {
            return null;
        }

        var root = (url.Contains("://", StringComparison.Ordinal) ? url : $"https://{url}").TrimEnd('/');
        root = root.EndsWith(Incoming, StringComparison.Ordinal) ? root[..^Incoming.Length] : root;
        var asked = root + Topology.Live;
        try
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
            using var answer = await client.GetAsync(asked, ct);
            var body = await answer.Content.ReadAsStringAsync(ct);
            return answer.IsSuccessStatusCode && body.Contains(Topology.TelephonyApi.Project, StringComparison.Ordinal)
                ? (true, $"{root} reaches TelephonyApi.")
                : (false, $"{asked} does not reach TelephonyApi: it answered {(int)answer.StatusCode}. Twilio's calls will fail; check PublicUrls:Telephony and the tunnel or proxy.");
        }
        catch (Exception e) when (e is HttpRequestException or UriFormatException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            return (false, $"{asked} does not reach TelephonyApi: {e.Message} Twilio's calls will fail; check PublicUrls:Telephony and the tunnel or proxy.");
        }
    }
}
