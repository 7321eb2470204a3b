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

    /// <summary>host:port that may be private, for example a picture server in the city's own network that Twilio reaches by other means. Empty: none.</summary>
    public string[] TrustedHosts { get; set; } = [];

    /// <summary>Links are followed, up to their headers, before they are sent: redirects, names of private addresses and what is no picture are seen so; default true.</summary>
    public bool CheckLinks { get; set; } = true;

    public IEnumerable<string> Problems()
    {
        foreach (var host in TrustedHosts)
        {
            if (!Uri.TryCreate($"http://{host}", UriKind.Absolute, out var url) || url.PathAndQuery != "/")
            {
                yield return $"Evidence:TrustedHosts must hold host:port, for example 10.1.2.3:8443; found '{host}'.";
            }
        }

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
/// Which links of a ticket may leave the house, by what is written in them: an address inside somebody's network may not, nor a host that
/// nobody allowed. Where they really lead is <see cref="EvidenceProbe"/>'s to see.
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

        if (!MayBePrivate(url.IdnHost, url.Port) && IsPrivate(url))
        {
            return $"points into a private network ({url.Host})";
        }

        return options.Value.AllowedHosts.Length == 0 || options.Value.AllowedHosts.Any(allowed => Allows(allowed, url.Host)) ? null
            : $"points at {url.Host}, which is not in Evidence:AllowedHosts";
    }

    /// <summary>Everything is simulated on this machine, or this host is trusted.</summary>
    public bool MayBePrivate(string host, int port) =>
        twilio.Value.Simulated || options.Value.TrustedHosts.Contains($"{host}:{port}", StringComparer.OrdinalIgnoreCase);

    /// <summary>The operator named this very host: what is there is theirs to know.</summary>
    public bool IsVouchedFor(Uri url) => options.Value.AllowedHosts.Any(allowed => Allows(allowed, url.Host));

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

        return IsPrivate(address);
    }

    internal static bool IsPrivate(IPAddress address)
    {
        address = Embedded(address) ?? address;
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

    /// <summary>The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 (64:ff9b::/96) and 6to4 (2002::/16).</summary>
    static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address) || address.Equals(IPAddress.IPv6Any))
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return address.IsIPv4MappedToIPv6 || !bytes.AsSpan(0, 12).ContainsAnyExcept((byte)0) || bytes.AsSpan(0, 12).SequenceEqual((ReadOnlySpan<byte>)[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0])
            ? new IPAddress(bytes.AsSpan(12))
            : bytes is [0x20, 0x02, ..] ? new IPAddress(bytes.AsSpan(2, 4)) : null;
    }
}
