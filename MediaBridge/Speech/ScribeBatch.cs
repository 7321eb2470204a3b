using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CityMonitor.MediaBridge.Audio;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>
/// ElevenLabs' Scribe by HTTP: our own detector cuts the utterance out, and it is sent whole. Slower than a stream by the length of the
/// request, and needs no connection that could break.
/// </summary>
sealed class ScribeBatch(ScribeClient client, ListenSettings settings, ISpeechToTextEvents events, ILogger log) : ISpeechToText
{
    // What the detector needs to be sure, and a soft first letter.
    const int PrerollBytes = 500 * MuLaw.BytesPerMillisecond;

    /// <summary>Nobody speaks for longer without a pause; what is longer is sent in pieces.</summary>
    const int LongestBytes = 30 * MuLaw.BytesPerSecond;

    readonly CancellationTokenSource stop = new();
    readonly Lock gate = new();
    readonly List<byte> heard = new(2 * PrerollBytes);
    Task sending = Task.CompletedTask;
    bool speaking;
    int waiting;

    public string Vendor => "elevenlabs-batch";

    public void Hear(ReadOnlySpan<byte> mulaw)
    {
        lock (gate)
        {
            heard.AddRange(mulaw);
            if (!speaking && heard.Count > 2 * PrerollBytes)
            {
                heard.RemoveRange(0, heard.Count - PrerollBytes);
            }
            else if (heard.Count >= LongestBytes)
            {
                SendHeard(SpeechEnd.None);
            }
        }
    }

    public void SpeechStarted()
    {
        lock (gate)
        {
            speaking = true;
        }
    }

    public void SpeechEnded()
    {
        lock (gate)
        {
            speaking = false;
            SendHeard(SpeechEnd.Silence);
        }
    }

    public bool IsWriting => Volatile.Read(ref waiting) > 0;

    public void Tick()
    {
        if (IsWriting)
        {
            events.Alive(this); // at work: its own time limit tells when it is not
        }
    }

    void SendHeard(SpeechEnd end)
    {
        var audio = heard.ToArray();
        heard.Clear();
        Interlocked.Increment(ref waiting);
        sending = SendAsync(sending, audio, end); // one after the other, so that the pieces stay in order
    }

    async Task SendAsync(Task before, byte[] audio, SpeechEnd end)
    {
        await before;
        try
        {
            var text = await client.TranscribeAsync(audio, settings, stop.Token);
            events.Heard(this, new Transcript(text, true, end));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Replaced, or the call is over.
        }
#pragma warning disable CA1031 // Whatever it was: the utterance goes to another ear, and the pieces behind this one are not stuck behind it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            VendorSocket.Count(Vendor, "listen");
            SpeechLog.Complained(log, Vendor, "listen", error.Message);
            events.Lost(this, "listen");
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        Task last;
        lock (gate)
        {
            last = sending;
        }

        await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }
}

/// <summary>POST /v1/speech-to-text, one utterance each.</summary>
sealed class ScribeClient(HttpClient http, Microsoft.Extensions.Options.IOptions<ElevenLabsOptions> options)
{
    /// <summary>An utterance waits for nobody: one attempt, and then another ear.</summary>
    public static ServiceDefaults.VendorLimits Limits { get; } = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.5), 0);

    public async Task<string> TranscribeAsync(byte[] mulaw, ListenSettings settings, CancellationToken ct)
    {
        using var file = new ByteArrayContent(Wav(mulaw));
        file.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        using var model = new StringContent(options.Value.BatchModel);
        using var language = new StringContent(settings.Language);
        using var noEvents = new StringContent("false");
        using var form = new MultipartFormDataContent { { model, "model_id" }, { language, "language_code" }, { noEvents, "tag_audio_events" }, { file, "file", "utterance.wav" } };
        using var response = await http.PostAsync("/v1/speech-to-text", form, ct);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(SpeechJson.Default.ScribeText, ct))?.Text?.Trim() ?? "";
    }

    /// <summary>Mu-law stays mu-law: only a header is put before it.</summary>
    static byte[] Wav(byte[] mulaw)
    {
        var wav = new byte[46 + mulaw.Length];
        "RIFF"u8.CopyTo(wav);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(4), wav.Length - 8);
        "WAVEfmt "u8.CopyTo(wav.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(16), 18);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(20), 7);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(24), MuLaw.BytesPerSecond);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(28), MuLaw.BytesPerSecond);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(32), 1);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(34), 8);
        "data"u8.CopyTo(wav.AsSpan(38));
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(42), mulaw.Length);
        mulaw.CopyTo(wav, 46);
        return wav;
    }
}

sealed record ScribeText(string? Text);

/// <summary>Makes <see cref="ScribeBatch"/>; there is nothing to connect.</summary>
sealed class ScribeBatchEar(ScribeClient client, ILogger<ScribeBatchEar> log) : IEarMaker
{
    public string Name => "elevenlabs-batch";

    public Task<ISpeechToText> OpenAsync(ListenSettings settings, ISpeechToTextEvents events, CancellationToken ct) =>
        Task.FromResult<ISpeechToText>(new ScribeBatch(client, settings, events, log));
}
