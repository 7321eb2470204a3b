using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Configuration;

namespace CityMonitor.MediaBridge.Directory;

/// <summary>Section Media, and where others find this bridge.</summary>
sealed class BridgeOptions : ICheckedOptions
{
    /// <summary>Twilio's signature must stand on the handshake where TelephonyApi has published which one; default true.</summary>
    public bool RequireSignature { get; init; } = true;

    /// <summary>Longest wait for `start` on a new socket, in ms; default 5000.</summary>
    public int StartTimeoutMs { get; init; } = 5000;

    /// <summary>Sockets that may wait for their start at once, beside the calls; default 2000. Each costs a few KB and at most StartTimeoutMs.</summary>
    public int MaxWaiting { get; init; } = 2000;

    /// <summary>Longest time a drain waits for a pause in each conversation, in s; default 20, or two thirds of Drain:Timeout where that is less.</summary>
    public int? DrainSeconds { get; init; }

    public IEnumerable<string> Problems()
    {
        if (StartTimeoutMs is < 100 or > 60_000)
        {
            yield return $"Media:StartTimeoutMs must be from 100 to 60000 ms, for example 5000; found {StartTimeoutMs}.";
        }

        if (MaxWaiting is < 1 or > 100_000)
        {
            yield return $"Media:MaxWaiting must be from 1 to 100000, for example 2000; found {MaxWaiting}.";
        }

        if (DrainSeconds is < 0 or > 600)
        {
            yield return $"Media:DrainSeconds must be from 0 to 600 s, for example 20; found {DrainSeconds}.";
        }
    }
}

/// <summary>Section Capacity.</summary>
sealed class CapacityOptions : ICheckedOptions
{
    /// <summary>Streams that this bridge holds at once; default 100.</summary>
    public int MaxConcurrentCalls { get; init; } = 100;

    public IEnumerable<string> Problems()
    {
        if (MaxConcurrentCalls is < 1 or > 10_000)
        {
            yield return $"Capacity:MaxConcurrentCalls must be from 1 to 10000, for example 100; found {MaxConcurrentCalls}.";
        }
    }
}

/// <summary>Section PublicUrls.</summary>
sealed class PublicUrlOptions : ICheckedOptions
{
    /// <summary>This bridge's own base URL as Twilio reaches it, for example wss://media.example.org; absent: the local address.</summary>
    public string? Media { get; init; }

    public IEnumerable<string> Problems()
    {
        if (!string.IsNullOrEmpty(Media) && !(Uri.TryCreate(Media, UriKind.Absolute, out var url) && url.Scheme is "ws" or "wss" or "http" or "https"))
        {
            yield return $"PublicUrls:Media must be an absolute ws or wss URL, for example wss://media.example.org; found '{Media}'.";
        }
    }

    /// <summary>The WebSocket URL of the media endpoint: http becomes ws, https wss, and a URL without a path gets /media.</summary>
    public static string StreamUrl(string baseUrl)
    {
        var url = new UriBuilder(baseUrl);
        url.Scheme = url.Scheme switch { "http" => "ws", "https" => "wss", var scheme => scheme };
        url.Path = url.Path is "" or "/" ? "/media" : url.Path;
        return url.Uri.IsDefaultPort ? url.Uri.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Port, UriFormat.UriEscaped) : url.Uri.ToString();
    }
}
