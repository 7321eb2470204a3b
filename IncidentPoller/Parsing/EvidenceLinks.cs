using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace CityMonitor.IncidentPoller.Parsing;

/// <summary>The links that may be sent to a responder: absolute, http(s), public. Whether they answer is seen when they are sent.</summary>
static partial class EvidenceLinks
{
    public const string Example = "https://evidence.example.org/CAM-0412-1.jpg";

    /// <summary>More links than this, good and bad together, are no evidence but an accident.</summary>
    public const int Most = 20;

    /// <param name="trusted">Hosts (with or without port) that are allowed though they are not public, for example 127.0.0.1:5093.</param>
    /// <returns>The links in their order, each once, and one problem for each one left out.</returns>
    public static (IReadOnlyList<string> Urls, IReadOnlyList<(string Rule, string Found)> Problems) Read(string text, IReadOnlySet<string> trusted)
    {
        var urls = new List<string>();
        var problems = new List<(string, string)>();
        foreach (var part in Separator.Split(PlainText.Start(text)).Select(part => part.Trim(Around)).Where(part => part.AsSpan().ContainsAny('.', ':', '/')))
        {
            if (urls.Count + problems.Count == Most)
            {
                LeaveOut("too-many", $"must be at most {Most} links", part);
                break;
            }

            if (!Uri.TryCreate(part, UriKind.Absolute, out var url) || (url.Scheme is "http" or "https" && HostOf(url) is null))
            {
                LeaveOut("not-http", "must be an absolute http or https link", part);
            }
            else if (url.Scheme is not ("http" or "https"))
            {
                LeaveOut("not-http", "must begin with http:// or https://", part);
            }
            else if (url.UserInfo.Length > 0)
            {
                LeaveOut("user-info", "must not carry a user name or password", $"{url.Scheme}://...@{url.Host}");
            }
            else if (!trusted.Contains(url.Authority) && !trusted.Contains(url.Host) && IsPrivate(url))
            {
                LeaveOut("private", "must be reachable from the public network; private and local addresses are not sent", part);
            }
            else if (!urls.Contains(url.AbsoluteUri))
            {
                urls.Add(url.AbsoluteUri);
            }
        }

        return (urls, problems);

        void LeaveOut(string reason, string rule, string found)
        {
            PollerTelemetry.NotTaken(reason);
            problems.Add((rule, found));
        }
    }

    /// <summary>Links in free text that can only be evidence: pictures and clips.</summary>
    public static IReadOnlyList<string> InHtml(string? html)
    {
        try
        {
            return [.. Picture.Matches(PlainText.Start(html)).Select(match => WebUtility.HtmlDecode(match.Groups["url"].Value)).Distinct().Take(Most + 1)];
        }
        catch (RegexMatchTimeoutException)
        {
            PollerTelemetry.NotTaken("slow");
            return []; // a text made to be slow: the ticket's fields still count
        }
    }

    // Letters that others fold to ASCII (full-width digits and dots, for example) could spell a private address that is not seen as one here.
    static string? HostOf(Uri url)
    {
        if (url.Host.Length == 0 || url.Host.Any(c => !char.IsAscii(c) && (char.IsDigit(c) || c is (>= '\uff00' and <= '\uffef') or '\u3002')))
        {
            return null;
        }

        try
        {
            return url.IdnHost.TrimEnd('.');
        }
        catch (UriFormatException)
        {
            return null; // Uri takes hosts that have no form in the DNS
        }
    }

    static bool IsPrivate(Uri url)
    {
        var host = HostOf(url)!;
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
        {
            return IsPrivate(address);
        }

        return !host.Contains('.', StringComparison.Ordinal) // localhost and names of the local network
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".local", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".internal", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".lan", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".home.arpa", StringComparison.OrdinalIgnoreCase);
    }

    static bool IsPrivate(IPAddress address)
    {
        address = Embedded(address) ?? address;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return IPAddress.IsLoopback(address) || address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal || address.IsIPv6Multicast || address.Equals(IPAddress.IPv6Any);
        }

        var bytes = address.GetAddressBytes();
        return bytes switch
        {
            [0 or 10 or 127, ..] or [169, 254, ..] or [192, 168, ..] => true,
            [172, >= 16 and <= 31, ..] or [100, >= 64 and <= 127, ..] or [198, 18 or 19, ..] => true,
            [192, 0, 0, _] or [>= 224, ..] => true,
            _ => false,
        };
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

    static readonly char[] Around = ['"', '\'', '“', '”', '<', '>', '[', ']', '(', ')', ',', ';', '.', ' ', '*', '`'];

    // A comma may be part of a link; one that is followed by a space or by the next link is not.
    [GeneratedRegex(@"[\s|""]+|[,;](?=\s|""|$|https?://)", RegexOptions.IgnoreCase)]
    static partial Regex Separator { get; }

    [GeneratedRegex(@"(?<url>https?://[^\s""'<>]{1,1000}?\.(?:jpe?g|png|gif|webp|mp4|mov)(?:\?[^\s""'<>]{0,1000})?)(?=[\s""'<>,;)]|$)", RegexOptions.IgnoreCase, 1000)]
    static partial Regex Picture { get; }
}
