using System.Net.WebSockets;
using System.Text.Json;
using CityMonitor.Simulator.Sockets;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>
/// One <c>/v1/listen</c> session. Audio is cut into segments: each gets interim results while it grows, and a final one at a silence,
/// when it has become long, or when the client asks. All times are the audio's own.
/// </summary>
sealed class ListenSession(
    VendorSocket socket, string requestId, ListenQuery query, DeepgramOptions options, Timeline timeline, TimeProvider clock)
{
    // Between words there are up to 140 ms of silence: what is shorter than this ends no utterance, whatever was asked for.
    static readonly TimeSpan ShortestEndpoint = TimeSpan.FromMilliseconds(200);
    const double LongestSegment = 5;
    public const string TimedOut = "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001";

    readonly ListenMessages messages = new(requestId, query, clock);
    readonly AudioIntake intake = AudioIntake.For(query.Encoding, query.SampleRate)!;
    readonly WordEar ear = new();
    readonly long opened = clock.GetTimestamp();
    double segmentStart, lastResult, utteranceEndedAt = -1;
    bool speaking, closed;

    TimeSpan Endpoint => query.Endpointing is { } wanted && wanted > ShortestEndpoint ? wanted : ShortestEndpoint;

    public Task RunAsync(CancellationToken cancellation)
    {
        timeline.Add("listen.opened", requestId, new()
        {
            ["model"] = query.Model, ["language"] = query.Language, ["keyterms"] = string.Join(", ", query.Keyterms),
        });
        socket.Latency = options.ListenLatency;
        return socket.RunAsync(ReceiveAsync, HearAsync, cancellation, WatchAsync);
    }

    ValueTask HearAsync(ReadOnlyMemory<byte> audio, CancellationToken cancellation)
    {
        if (audio.IsEmpty)
        {
            // An empty message ends the stream, as CloseStream does.
            CloseStream();
            return ValueTask.CompletedTask;
        }

        var mulaw = intake.ToMuLaw(audio).Span;
        while (!mulaw.IsEmpty)
        {
            var slice = mulaw[..Math.Min(WordEar.SliceBytes, mulaw.Length)];
            mulaw = mulaw[slice.Length..];
            ear.Feed(slice);
            Notice();
        }

        return ValueTask.CompletedTask;
    }

    void Notice()
    {
        var now = ear.Seconds;
        if (ear.HasEnergy && !speaking)
        {
            speaking = true;
            if (query.VadEvents)
            {
                Send(ListenMessages.SpeechStarted(Math.Max(0, now - 0.02)));
            }
        }

        var silent = !ear.HasEnergy && ear.SilenceFor >= Endpoint;
        if (silent && ear.HasWords && query.Endpointing is not null)
        {
            Final(speechFinal: true, fromFinalize: false);
        }
        else if (now - segmentStart >= LongestSegment && (!ear.HasWords || ear.Whole.Count > 0))
        {
            Final(speechFinal: false, fromFinalize: false);
        }
        else if (query.InterimResults && now - lastResult >= options.InterimEvery.TotalSeconds)
        {
            Result(new(segmentStart, now - segmentStart, ear.Whole, IsFinal: false, SpeechFinal: false, FromFinalize: false));
        }

        speaking = speaking && !silent;
        if (query.UtteranceEnd is { } gap && ear.LastSymbolEnd > utteranceEndedAt && now - ear.LastSymbolEnd >= gap.TotalSeconds)
        {
            utteranceEndedAt = ear.LastSymbolEnd;
            Send(ListenMessages.UtteranceEnd(ear.LastSymbolEnd));
        }
    }

    void Final(bool speechFinal, bool fromFinalize)
    {
        var now = ear.Seconds;
        var words = ear.Take(all: speechFinal || fromFinalize);
        // What is still being said belongs to the next segment.
        var end = ear.HasWords ? words[^1].End : now;
        if (words.Count > 0)
        {
            timeline.Add("listen.heard", requestId, new() { ["text"] = HeardWord.TextOf(words, plain: false) });
        }

        Result(new(segmentStart, end - segmentStart, words, IsFinal: true, speechFinal, fromFinalize));
        segmentStart = end;
    }

    void Result(ListenResult result)
    {
        lastResult = ear.Seconds;
        Send(messages.Results(result));
    }

    ValueTask ReceiveAsync(string text, CancellationToken cancellation)
    {
        switch (TypeOf(text))
        {
            case "KeepAlive":
                break;
            case "Finalize":
                Final(speechFinal: true, fromFinalize: true);
                break;
            case "CloseStream":
                CloseStream();
                break;
            default:
                Close(WebSocketCloseStatus.PolicyViolation, "DATA-0000: The message could not be understood. See https://dpgr.am/data0000");
                break;
        }

        return ValueTask.CompletedTask;
    }

    void CloseStream()
    {
        if (ear.Seconds > segmentStart)
        {
            Final(speechFinal: false, fromFinalize: false);
        }

        Send(messages.Metadata(ear.Seconds));
        Close(WebSocketCloseStatus.NormalClosure, "");
    }

    /// <summary>Ends the session when nothing comes. KeepAlive helps only after there has been audio.</summary>
    async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var quiet = ear.Samples == 0 ? clock.GetElapsedTime(opened) : socket.QuietFor;
            if (quiet >= options.ClientMessageTimeout)
            {
                Close(WebSocketCloseStatus.InternalServerError, TimedOut);
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
            }

            await Task.Delay(options.ClientMessageTimeout - quiet + TimeSpan.FromMilliseconds(5), clock, cancellation);
        }
    }

    void Send(byte[] message)
    {
        if (!Volatile.Read(ref closed))
        {
            socket.Send(message);
        }
    }

    void Close(WebSocketCloseStatus status, string reason)
    {
        if (!Interlocked.Exchange(ref closed, true))
        {
            timeline.Add("listen.closed", requestId, new() { ["reason"] = reason, ["seconds"] = ear.Seconds });
            socket.Close(status, reason);
        }
    }

    static string? TypeOf(string text)
    {
        try
        {
            using var message = JsonDocument.Parse(text);
            return message.RootElement.ValueKind == JsonValueKind.Object && message.RootElement.TryGetProperty("type", out var type) ? type.ToString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
