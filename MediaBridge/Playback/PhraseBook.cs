using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Speech;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.MediaBridge.Playback;

/// <summary>
/// Audio of whole phrases that the bridge says itself: greeting, goodbye, call-back text, "one moment". Synthesised once per voice and
/// text, kept for an hour in Redis for every bridge (cm:greeting:{hash}, raw mu-law), the short common ones in memory too.
/// </summary>
sealed class PhraseBook(RedisClient redis, SpeakClient speech, PhraseVoices voices, ILogger<PhraseBook> log)
{
    static readonly TimeSpan TimeToLive = TimeSpan.FromHours(1);

    // A read that takes longer than this is no faster than the vendor.
    static readonly TimeSpan CacheTimeout = TimeSpan.FromMilliseconds(500);

    static readonly TimeSpan WarmingPatience = TimeSpan.FromSeconds(10);

    const int KeptInMemory = 256;

    readonly ConcurrentDictionary<string, ReadOnlyMemory<byte>> memory = new();

    // Voices whose phrases somebody is fetching: a burst of calls must not ask a hundred times.
    readonly ConcurrentDictionary<string, bool> warming = new();

    public static string HashOf(string voice, string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{voice}\n{text}")).AsSpan(0, 16));

    /// <summary>The phrase's audio, or null when nobody could speak it within the time.</summary>
    /// <param name="common">Said in many calls: kept in memory.</param>
    public async Task<ReadOnlyMemory<byte>?> GetAsync(string voice, string text, bool common, TimeSpan deadline, CancellationToken ct)
    {
        var hash = HashOf(voice, text);
        if (memory.TryGetValue(hash, out var known))
        {
            return known;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(deadline);
        try
        {
            var audio = await ReadAsync(hash, patience.Token) ?? await SpeakAsync(hash, voice, text, patience.Token);
            if (common && memory.Count < KeptInMemory)
            {
                memory[hash] = audio;
            }

            return audio;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            PhraseLog.TooSlow(log, deadline.TotalSeconds);
        }
        catch (Exception error) when (error is HttpRequestException or InvalidOperationException)
        {
            PhraseLog.Failed(log, error.Message);
            BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", "deepgram"), BridgeTelemetry.Tag("error.type", "speak"));
        }

        return null;
    }

    /// <summary>The phrase's audio where it is in memory.</summary>
    public ReadOnlyMemory<byte>? AtHand(string voice, string text)
    {
        if (memory.TryGetValue(HashOf(voice, text), out var known))
        {
            return known;
        }

        return null; // not as a conditional expression, as below
    }

    /// <summary>Puts phrases that are said in many calls at hand; leaves off at the first that nobody can speak.</summary>
    public async Task WarmAsync(string voice, IReadOnlyList<string> texts, CancellationToken ct)
    {
        if (texts.All(text => AtHand(voice, text) is not null) || !warming.TryAdd(voice, true))
        {
            return;
        }

        try
        {
            foreach (var text in texts)
            {
                if (await GetAsync(voice, text, common: true, WarmingPatience, ct) is null)
                {
                    return;
                }
            }
        }
        finally
        {
            warming.TryRemove(voice, out _);
        }
    }

    async Task<ReadOnlyMemory<byte>?> ReadAsync(string hash, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(CacheTimeout);
        try
        {
            var cached = await redis.SendAsync(["GET", Keys.Greeting(hash)], patience.Token);
            if (cached.IsNull || cached.Bytes.IsEmpty)
            {
                return null; // not as a conditional expression: there, null would become an empty memory
            }

            return cached.Bytes;
        }
        catch (Exception error) when (error is RedisException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return null; // the vendor can still say it
        }
    }

    async Task<ReadOnlyMemory<byte>> SpeakAsync(string hash, string voice, string text, CancellationToken ct)
    {
        var audio = voice.Contains('/', StringComparison.Ordinal) ? await voices.SpeakAsync(voice, text, ct) : await speech.SpeakAsync(voice, text, ct);
        try
        {
            await redis.SendAsync(["SET", Keys.Greeting(hash), audio, "PX", (long)TimeToLive.TotalMilliseconds], ct);
        }
        catch (Exception error) when (error is RedisException or OperationCanceledException)
        {
            PhraseLog.NotKept(log, error.Message); // it is said now all the same
        }

        return audio;
    }
}

static partial class PhraseLog
{
    [LoggerMessage(2201, LogLevel.Error, "A phrase was not synthesised within {Seconds} s")]
    public static partial void TooSlow(ILogger log, double seconds);

    [LoggerMessage(2202, LogLevel.Error, "A phrase was not synthesised: {Reason}")]
    public static partial void Failed(ILogger log, string reason);

    [LoggerMessage(2204, LogLevel.Error, "A phrase could not be played")]
    public static partial void Broken(ILogger log, Exception error);

    [LoggerMessage(2203, LogLevel.Warning, "A phrase could not be kept: {Reason}")]
    public static partial void NotKept(ILogger log, string reason);
}
