using System.Net.Http.Json;
using System.Text.Json.Serialization;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Deepgram;

/// <summary>Deepgram's text-to-speech over REST: whole phrases, for what the bridge says itself.</summary>
sealed class SpeakClient(HttpClient http)
{
    /// <summary>A phrase is seconds long; this is two minutes.</summary>
    const int MaxAudioBytes = 1_000_000;

    /// <summary>One attempt is enough to lose: the caller falls back.</summary>
    public static VendorLimits Limits { get; } = new(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(10), 1);

    /// <returns>Raw mu-law at 8 kHz, without a header.</returns>
    /// <exception cref="HttpRequestException">The vendor did not answer, or not with audio.</exception>
    public async Task<byte[]> SpeakAsync(string voice, string text, CancellationToken ct)
    {
        var path = $"/v1/speak?model={Uri.EscapeDataString(voice)}&encoding=mulaw&sample_rate=8000&container=none";
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(new SpeakRequest(text), SpeakJson.Default.SpeakRequest) };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        var type = response.Content.Headers.ContentType?.MediaType;
        if (!response.IsSuccessStatusCode || type?.StartsWith("audio/", StringComparison.Ordinal) != true)
        {
            // An error's body must never be played: it would be noise in somebody's ear.
            throw new HttpRequestException($"Deepgram's speech answered {(int)response.StatusCode} with {type ?? "no content type"} instead of audio.", null, response.StatusCode);
        }

        await response.Content.LoadIntoBufferAsync(MaxAudioBytes, ct);
        var audio = await response.Content.ReadAsByteArrayAsync(ct);
        return audio.Length > 0 ? audio : throw new HttpRequestException("Deepgram's speech answered without audio.");
    }
}

sealed record SpeakRequest([property: JsonPropertyName("text")] string Text);

[JsonSerializable(typeof(SpeakRequest))]
sealed partial class SpeakJson : JsonSerializerContext;
