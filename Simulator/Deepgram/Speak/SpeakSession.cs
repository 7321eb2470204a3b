using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Sockets;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>One <c>wss /v1/speak</c> session: text is gathered until there is much of it or a Flush comes, and then spoken.</summary>
sealed class SpeakSession(VendorSocket socket, string requestId, string model, DeepgramOptions options, Timeline timeline, TimeProvider clock)
{
    // Without a Flush the real one waits for about so much text before it begins.
    const int EnoughText = 200;
    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    readonly PacedVoice voice = new(options.AudioSpeed, options.SpeakLatency, clock);
    readonly StringBuilder gathered = new();
    readonly Queue<(long At, int Characters)> spoken = [];
    readonly Queue<long> flushes = [];
    int flushed, cleared, lastMinute;
    bool closed;

    public Task RunAsync(CancellationToken cancellation)
    {
        timeline.Add("speak.opened", requestId, new() { ["model"] = model });
        // {"type":"Metadata","request_id":"...","model_name":"aura-2-thalia-en","model_version":"...","model_uuid":"..."}
        Send(new JsonObject
        {
            ["type"] = "Metadata", ["request_id"] = requestId, ["model_name"] = model, ["model_version"] = "2026-01-01.0",
            ["model_uuid"] = "00000000-0000-4000-8000-00000000a0a2", ["additional_model_uuids"] = new JsonArray(),
        });
        return socket.RunAsync(
            (text, _) => Receive(text),
            (_, _) =>
            {
                Close(WebSocketCloseStatus.InvalidMessageType, "MESSAGE-0000: Only text messages are supported.");
                return ValueTask.CompletedTask;
            },
            cancellation, voice.RunAsync);
    }

    ValueTask Receive(string text)
    {
        try
        {
            using var message = JsonDocument.Parse(text);
            if (message.RootElement.ValueKind == JsonValueKind.Object && message.RootElement.TryGetProperty("type", out var type))
            {
                Receive(type.ToString(), message.RootElement);
                return ValueTask.CompletedTask;
            }
        }
        catch (JsonException)
        {
            // Told below.
        }

        Refuse();
        return ValueTask.CompletedTask;
    }

    void Receive(string type, JsonElement message)
    {
        switch (type)
        {
            case "Speak" when message.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String:
                Speak(text.GetString()!);
                break;
            case "Flush" when TooMany():
                Send(new JsonObject
                {
                    ["type"] = "Warning", ["code"] = "EXCESSIVE_FLUSH",
                    ["description"] = $"Maximum of {options.MaxFlushesPerMinute} Flush messages in 60 seconds exceeded: this one is ignored.",
                });
                break;
            case "Flush":
                Say(all: true);
                voice.Then(() => Send(new JsonObject { ["type"] = "Flushed", ["sequence_id"] = flushed++ }));
                break;
            case "Clear":
                gathered.Clear();
                voice.Stop();
                Send(new JsonObject { ["type"] = "Cleared", ["sequence_id"] = cleared++ });
                break;
            case "Close":
                Say(all: true);
                voice.Then(() => Close(WebSocketCloseStatus.NormalClosure, ""));
                break;
            default:
                Refuse();
                break;
        }
    }

    void Speak(string text)
    {
        var now = clock.GetTimestamp();
        while (spoken.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.At, now) >= Minute)
        {
            lastMinute -= spoken.Dequeue().Characters;
        }

        spoken.Enqueue((now, text.Length));
        lastMinute += text.Length;
        if (text.Length > options.MaxSpeakCharacters)
        {
            Close(WebSocketCloseStatus.MessageTooBig, $"BIG-0001: Input text exceeds maximum character limit of {options.MaxSpeakCharacters}.");
        }
        else if (lastMinute > options.MaxSpeakCharactersPerMinute)
        {
            Close(WebSocketCloseStatus.PolicyViolation, "DATA-0001: Exceeded the maximum number of characters per minute.");
        }
        else
        {
            gathered.Append(text);
            if (gathered.Length >= EnoughText)
            {
                Say(all: false);
            }
        }
    }

    /// <summary>Begins to speak what was gathered: all of it, or only up to the end of its last sentence or word.</summary>
    void Say(bool all)
    {
        var text = gathered.ToString();
        var end = all ? text.Length : text.LastIndexOfAny(['.', '!', '?']) + 1 is > 0 and var sentence ? sentence : text.LastIndexOf(' ') + 1;
        gathered.Remove(0, end);
        var piece = PacedVoice.Spoken(text[..end]);
        if (piece.Length > 0 && !closed)
        {
            timeline.Add("speak", requestId, new() { ["text"] = piece });
            voice.Say(piece, socket.SendAudio);
        }
    }

    bool TooMany()
    {
        var now = clock.GetTimestamp();
        while (flushes.TryPeek(out var oldest) && clock.GetElapsedTime(oldest, now) >= Minute)
        {
            flushes.Dequeue();
        }

        if (flushes.Count >= options.MaxFlushesPerMinute)
        {
            return true;
        }

        flushes.Enqueue(now);
        return false;
    }

    void Refuse() => Close(WebSocketCloseStatus.PolicyViolation, "DATA-0000: The message could not be understood. See https://dpgr.am/data0000");

    void Send(JsonObject message) => socket.Send(Encoding.UTF8.GetBytes(message.ToJsonString()));

    void Close(WebSocketCloseStatus status, string reason)
    {
        if (!Interlocked.Exchange(ref closed, true))
        {
            voice.Stop();
            timeline.Add("speak.closed", requestId, new() { ["reason"] = reason });
            socket.Close(status, reason);
        }
    }
}
