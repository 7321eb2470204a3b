using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Speech;

/// <summary>
/// ElevenLabs' stream-input. Nothing tells where one text's audio ends but the end of the socket, so each text has a socket of its own,
/// and the next one is opened ahead.
/// <code>
/// > {"text":" ","voice_settings":{...}}  > {"text":"Hello. ","flush":true}  > {"text":""}
/// < {"audio":"base64...","isFinal":null}  < {"audio":null,"isFinal":true}, then it closes
/// </code>
/// </summary>
sealed class ElevenLabsVoice(ElevenLabsEndpoint endpoint, ElevenLabsOptions options, VoiceChoice choice, string language, TimeProvider clock, ILogger log) : ITextToSpeech
{
    const string Vendor = "elevenlabs";

    /// <summary>The vendor closes an idle socket after 20 s.</summary>
    static readonly TimeSpan SpareFor = TimeSpan.FromSeconds(15);

    static readonly TimeSpan WarmWithin = TimeSpan.FromSeconds(2);

    readonly SemaphoreSlim one = new(1, 1);
    readonly CancellationTokenSource stop = new();
    readonly Uri url = new(
        $"{endpoint.Socket.ToString().TrimEnd('/')}/v1/text-to-speech/{Uri.EscapeDataString(choice.Voice)}/stream-input"
        + $"?model_id={Uri.EscapeDataString(choice.Model ?? options.ModelId)}&language_code={Uri.EscapeDataString(language)}&output_format=ulaw_8000&auto_mode=true");

    Utterance? spare;
    long spareSince;
    Task warming = Task.CompletedTask;

    public string Name => "elevenlabs-ws";

    public void Warm()
    {
        if (warming.IsCompleted && one.CurrentCount > 0 && (spare is not { IsOpen: true } || clock.GetElapsedTime(spareSince) > SpareFor))
        {
            warming = WarmAsync();
        }
    }

    async Task WarmAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        patience.CancelAfter(WarmWithin);
        try
        {
            await one.WaitAsync(patience.Token);
            try
            {
                var old = spare;
                spare = await OpenAsync(patience.Token);
                spareSince = clock.GetTimestamp();
                if (old is not null)
                {
                    await old.Socket.DisposeAsync();
                }
            }
            finally
            {
                one.Release();
            }
        }
        catch (Exception error) when (error is EngineRefusedException or OperationCanceledException)
        {
            // Whoever speaks tries again, and is told then.
        }
    }

    public async Task SpeakAsync(string text, AudioSink sink, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            var utterance = spare is { IsOpen: true } ready && clock.GetElapsedTime(spareSince) <= SpareFor ? ready : await OpenAsync(ct);
            if (ReferenceEquals(utterance, spare))
            {
                spare = null;
            }

            await using (utterance.Socket)
            {
                await utterance.SpeakAsync(text, sink, ct);
            }
        }
        catch (EngineRefusedException error)
        {
            throw new SpeechFailedException(error.Message, error);
        }
        finally
        {
            one.Release();
        }
    }

    async Task<Utterance> OpenAsync(CancellationToken ct)
    {
        var socket = await VendorSocket.ConnectAsync(Vendor, url, ("xi-api-key", endpoint.ApiKey), clock, log, ct);
        var utterance = new Utterance(socket, log);
        socket.Start(utterance);
        socket.Send(JsonSerializer.SerializeToUtf8Bytes(new ElevenRequest(" ") { Settings = VoiceSettings.Of(choice) }, SpeechJson.Default.ElevenRequest));
        return utterance;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await warming;
        await one.WaitAsync();
        if (spare is { } left)
        {
            await left.Socket.DisposeAsync();
        }

        stop.Dispose();
        one.Dispose();
    }

    sealed class Utterance(VendorSocket socket, ILogger log) : IVendorSocketReader
    {
        readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        volatile AudioSink? sink;

        public VendorSocket Socket => socket;

        public bool IsOpen => !done.Task.IsCompleted;

        public async Task SpeakAsync(string text, AudioSink to, CancellationToken ct)
        {
            sink = to;
            VendorUse.Add(Quotas.ElevenLabsCharacters, text.Length);
            socket.Send(JsonSerializer.SerializeToUtf8Bytes(new ElevenRequest(text + " ") { Flush = true }, SpeechJson.Default.ElevenRequest));
            socket.Send(JsonSerializer.SerializeToUtf8Bytes(new ElevenRequest(""), SpeechJson.Default.ElevenRequest));
            try
            {
                await done.Task.WaitAsync(ct);
            }
            finally
            {
                sink = null;
            }
        }

        public void OnAudio(ReadOnlySpan<byte> bytes) => VendorSocket.Count(Vendor, "unexpected-audio");

        public string? OnText(ReadOnlySpan<byte> json)
        {
            ElevenMessage? message;
            try
            {
                message = JsonSerializer.Deserialize(json, SpeechJson.Default.ElevenMessage);
            }
            catch (JsonException)
            {
                VendorSocket.Count(Vendor, "bad-json");
                return "bad JSON";
            }

            if (message?.Error is { } error)
            {
                VendorSocket.Count(Vendor, error);
                SpeechLog.Complained(log, Vendor, error, message.Message);
                return error;
            }

            if (message?.Audio is { Length: > 0 } audio && sink is { } to)
            {
                var bytes = ArrayPool<byte>.Shared.Rent(audio.Length);
                try
                {
                    if (!Convert.TryFromBase64String(audio, bytes, out var length))
                    {
                        VendorSocket.Count(Vendor, "bad-audio");
                        return "bad audio";
                    }

                    to(bytes.AsSpan(0, length));
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(bytes);
                }
            }

            if (message?.IsFinal == true)
            {
                done.TrySetResult();
            }

            return null;
        }

        public void OnClosed(string reason) => done.TrySetException(new SpeechFailedException($"elevenlabs' socket: {reason}"));
    }
}

sealed record ElevenMessage(string? Audio, bool? IsFinal, string? Error, string? Message);

sealed record ElevenRequest([property: JsonPropertyName("text")] string Text)
{
    [JsonPropertyName("flush"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Flush { get; init; }

    [JsonPropertyName("model_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    [JsonPropertyName("language_code"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Language { get; init; }

    [JsonPropertyName("voice_settings"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VoiceSettings? Settings { get; init; }
}

sealed record VoiceSettings(
    [property: JsonPropertyName("stability"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Stability,
    [property: JsonPropertyName("similarity_boost"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Similarity,
    [property: JsonPropertyName("speed"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Speed)
{
    public static VoiceSettings? Of(VoiceChoice choice) =>
        choice is { Stability: null, Similarity: null, Speed: null } ? null : new VoiceSettings(choice.Stability, choice.Similarity, choice.Speed);
}

/// <summary>ElevenLabs' voice by HTTP, its audio as it comes.</summary>
sealed class ElevenLabsRestVoice(SpeechHttp http, ElevenLabsEndpoint endpoint, ElevenLabsOptions options, VoiceChoice choice, string language) : ITextToSpeech
{
    public string Name => "elevenlabs-http";

    public void Warm()
    {
        // Connections are pooled.
    }

    public Task SpeakAsync(string text, AudioSink sink, CancellationToken ct)
    {
        VendorUse.Add(Quotas.ElevenLabsCharacters, text.Length);
        var body = new ElevenRequest(text) { Model = choice.Model ?? options.ModelId, Language = language.Length > 0 ? language : null, Settings = VoiceSettings.Of(choice) };
        var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(endpoint.Http, $"/v1/text-to-speech/{Uri.EscapeDataString(choice.Voice)}/stream?output_format=ulaw_8000"))
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, SpeechJson.Default.ElevenRequest)),
        };
        request.Headers.Add("xi-api-key", endpoint.ApiKey);
        return http.StreamAsync("elevenlabs", request, sink, ct);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Makes ElevenLabs' voices.</summary>
sealed class ElevenLabsVoices(
    ElevenLabsEndpoint endpoint, Microsoft.Extensions.Options.IOptions<ElevenLabsOptions> options, SpeechHttp http, TimeProvider clock, ILogger<ElevenLabsVoices> log) : IVoiceMaker
{
    public string Vendor => "elevenlabs";

    public IEnumerable<ITextToSpeech> Make(VoiceChoice choice, string language) =>
        [new ElevenLabsVoice(endpoint, options.Value, choice, language, clock, log), new ElevenLabsRestVoice(http, endpoint, options.Value, choice, language)];
}
