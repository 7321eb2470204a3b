using System.Buffers;
using System.Net.Http.Headers;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>A POST that is answered with audio, handed on as it comes. For every voice over HTTP.</summary>
sealed class SpeechHttp(HttpClient http)
{
    // Two minutes; no piece of speech is as long.
    const int MaxAudioBytes = 1_000_000;

    /// <summary>One attempt: the next voice is quicker than a second one. The limit holds until the headers; behind them <see cref="Cascade.Mouth"/> watches.</summary>
    public static VendorLimits Limits { get; } = new(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(10), 0);

    public async Task StreamAsync(string vendor, HttpRequestMessage request, AudioSink sink, CancellationToken ct)
    {
        using var _ = request;
        request.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            var type = response.Content.Headers.ContentType?.MediaType;
            if (!response.IsSuccessStatusCode || type?.StartsWith("audio/", StringComparison.Ordinal) != true)
            {
                // An error's body must never be played: it would be noise in somebody's ear.
                VendorSocket.Count(vendor, $"speak-{(int)response.StatusCode}");
                throw new SpeechFailedException($"{vendor} answered {(int)response.StatusCode} with {type ?? "no content type"} instead of audio");
            }

            await using var audio = await response.Content.ReadAsStreamAsync(ct);
            var total = 0;
            while (await audio.ReadAsync(buffer, ct) is > 0 and var count)
            {
                ct.ThrowIfCancellationRequested();
                sink(buffer.AsSpan(0, count));
                total += count;
                if (total > MaxAudioBytes)
                {
                    throw new SpeechFailedException($"{vendor} does not stop speaking");
                }
            }

            if (total == 0)
            {
                throw new SpeechFailedException($"{vendor} answered without audio");
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidOperationException or TimeoutException)
        {
            VendorSocket.Count(vendor, "speak");
            throw new SpeechFailedException($"{vendor}: {error.Message}", error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
