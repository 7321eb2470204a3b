using System.Net;
using System.Net.Sockets;
using CityMonitor.ServiceDefaults;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>Section Evidence.</summary>
sealed class EvidenceOptions : ICheckedOptions
{
    public const string Section = "Evidence";

    /// <summary>Hosts that evidence links may point at; a leading dot means all below, for example .cameras.example.org. Empty: any public host.</summary>
    public string[] AllowedHosts { get; set; } = [];

    public IEnumerable<string> Problems()
    {
        foreach (var host in AllowedHosts)
        {
            if (Uri.CheckHostName(host.TrimStart('.')) == UriHostNameType.Unknown)
            {
                yield return $"Evidence:AllowedHosts must hold host names without scheme or path, for example cameras.example.org; found '{host}'.";
            }
        }
    }
}

/// <summary>
/// Which links of a ticket may leave the house. Twilio and the phone fetch them, not we, so the name is not resolved here: what must
/// not leave is an address inside somebody's network, and a host that nobody allowed.
/// </summary>
sealed class EvidenceLinks(IOptions<EvidenceOptions> options, IOptions<TwilioOptions> twilio)
{
    static readonly string[] privateSuffixes = [".local", ".localhost", ".internal", ".lan", ".home.arpa", ".intranet", ".corp"];

    /// <summary>Null for a link that may be sent, else why not.</summary>
    public string? ProblemOf(string link)
    {
        if (!Uri.TryCreate(link, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
        {
            return "is not a plain http(s) link";
        }

        if (!twilio.Value.Simulated && IsPrivate(url))
        {
            return $"points into a private network ({url.Host})";
        }

        return options.Value.AllowedHosts.Length == 0 || options.Value.AllowedHosts.Any(allowed => Allows(allowed, url.Host)) ? null
            : $"points at {url.Host}, which is not in Evidence:AllowedHosts";
    }

    static bool Allows(string allowed, string host) =>
        allowed.StartsWith('.') ? host.EndsWith(allowed, StringComparison.OrdinalIgnoreCase) : host.Equals(allowed, StringComparison.OrdinalIgnoreCase);

    internal static bool IsPrivate(Uri url)
    {
        var host = url.DnsSafeHost.TrimEnd('.');
        if (!IPAddress.TryParse(host, out var address))
        {
            return url.IsLoopback || !host.Contains('.', StringComparison.Ordinal)
                || Array.Exists(privateSuffixes, suffix => host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (IPAddress.IsLoopback(address)
            || address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal || address.IsIPv6SiteLocal || address.IsIPv6Multicast
            || address.Equals(IPAddress.IPv6Any))
        {
            return true;
        }

        return address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is
            [0 or 10 or 127, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] or [169, 254, ..] or [100, >= 64 and <= 127, ..]
            or [198, 18 or 19, ..] or [192, 0, 0, _] or [>= 224, ..];
    }
}
