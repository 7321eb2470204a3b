using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Sockets;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>One <c>stream-input</c> session: text is gathered by the chunk schedule and spoken; an empty text speaks the rest and ends it.</summary>
sealed class StreamInputSession(
    VendorSocket socket, string requestId, StreamInputQuery query, ElevenLabsAccount account, ElevenLabsOptions options, Timeline timeline, TimeProvider clock)
{
    static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(250);

    readonly PacedVoice voice = new(options.AudioSpeed, options.SpeakLatency, clock, Piece);
    readonly StringBuilder gathered = new();
    int[] schedule = [120, 160, 250, 290];
    int generated;
    bool begun, ended, closed;

    public Task RunAsync(CancellationToken cancellation)
    {
        timeline.Add("speak.opened", requestId, new() { ["model"] = query.Model, ["voice"] = query.Voice, ["vendor"] = "ElevenLabs" });
        if (query.Problem() is var (code, message))
        {
            Fail(code, message);
        }
        else if (query.Key is not null && !account.Knows(query.Key))
        {
            Fail("invalid_api_key", "Invalid API key");
        }

        return socket.RunAsync(
            (text, _) => Receive(text),
            (_, _) =>
            {
                Fail("invalid_message", "Only text messages are accepted.");
                return ValueTask.CompletedTask;
            },
            cancellation, voice.RunAsync, WatchAsync);
    }

    ValueTask Receive(string json)
    {
        try
        {
            using var message = JsonDocument.Parse(json);
            if (!message.RootElement.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String)
            {
                Fail("invalid_message", "A message needs a field 'text'.");
            }
            else if (!closed && !ended && (begun || Begin(message.RootElement)))
            {
                Take(text.GetString()!, message.RootElement);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Fail("invalid_message", "The message is no JSON object.");
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>The first message may bring the key, and settings that hold for the whole session.</summary>
    bool Begin(JsonElement message)
    {
        begun = true;
        if (query.Key is null && !account.Knows(Text(message, "xi_api_key") ?? Text(message, "xi-api-key") ?? StreamInputQuery.Bare(Text(message, "authorization"))))
        {
            Fail("needs_authorization", "Neither authorization header nor xi-api-key received, please provide one.");
            return false;
        }

        if (message.TryGetProperty("voice_settings", out var settings) && SpeechRequest.SettingsProblem(settings) is { } problem)
        {
            Fail("invalid_voice_settings", problem);
            return false;
        }

        var config = message.TryGetProperty("generation_config", out var given) || message.TryGetProperty("generator_config", out given) ? given : default;
        if (config.ValueKind == JsonValueKind.Object && config.TryGetProperty("chunk_length_schedule", out var list) && list.ValueKind == JsonValueKind.Array)
        {
            schedule = [.. list.EnumerateArray().Select(n => n.TryGetInt32(out var length) ? length : 0)];
            if (schedule.Length == 0 || schedule.Any(n => n is < 50 or > 500))
            {
                Fail("invalid_chunk_length_schedule", "Each entry of chunk_length_schedule must be between 50 and 500.");
                return false;
            }
        }

        return true;
    }

    void Take(string text, JsonElement message)
    {
        gathered.Append(text);
        if (text.Length == 0)
        {
            ended = true;
            Generate(all: true);
            voice.Then(() =>
            {
                Send(new JsonObject { ["audio"] = null, ["isFinal"] = true, ["normalizedAlignment"] = null, ["alignment"] = null });
                Close(WebSocketCloseStatus.NormalClosure, "");
            });
        }
        else if (Flag(message, "flush") || (query.AutoMode && !string.IsNullOrWhiteSpace(text)))
        {
            Generate(all: true);
        }
        else if (Flag(message, "try_trigger_generation") || gathered.Length >= schedule[Math.Min(generated, schedule.Length - 1)])
        {
            Generate(all: false);
        }
    }

    /// <summary>Speaks what was gathered: all of it, or only its whole words.</summary>
    void Generate(bool all)
    {
        var text = gathered.ToString();
        var end = all ? text.Length : text.LastIndexOf(' ') + 1;
        gathered.Remove(0, end);
        var piece = PacedVoice.Spoken(text[..end]);
        if (piece.Length == 0 || closed)
        {
            return;
        }

        if (!account.Spend(piece.Length))
        {
            Fail("quota_exceeded", $"This request exceeds your quota of {account.Limit}.");
            return;
        }

        generated++;
        timeline.Add("speak", requestId, new() { ["text"] = piece, ["vendor"] = "ElevenLabs" });
        var alignment = new Alignment(piece);
        var at = 0;
        voice.Say(piece, audio =>
        {
            // {"audio":"base64","isFinal":null,"normalizedAlignment":{"chars":["H","i"],"charStartTimesMs":[20,80],"charDurationsMs":[60,60]},"alignment":{...}}
            Send(new JsonObject
            {
                ["audio"] = Convert.ToBase64String(audio.Span), ["isFinal"] = null,
                ["normalizedAlignment"] = alignment.Of(at, audio.Length), ["alignment"] = alignment.Of(at, audio.Length),
            });
            at += audio.Length;
        });
    }

    /// <summary>Ends a session to which no text comes.</summary>
    async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var left = query.InactivityTimeout - socket.QuietFor;
            if (left <= TimeSpan.Zero && !ended)
            {
                Fail("input_timeout_exceeded",
                    $"Have not received a new text input within the timeout of {query.InactivityTimeout.TotalSeconds:0.##} seconds. Streaming input terminated. Please make sure to either feed the input in the timely manner, or to send the end of input text (empty string \"\") when done.");
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
            }

            await Task.Delay((left > TimeSpan.Zero ? left : query.InactivityTimeout) + TimeSpan.FromMilliseconds(5), clock, cancellation);
        }
    }

    void Send(JsonObject message) => socket.Send(Encoding.UTF8.GetBytes(message.ToJsonString()));

    // {"message":"...","error":"input_timeout_exceeded","code":1008}, and a close with as much of the message as its frame holds.
    void Fail(string code, string message)
    {
        if (!Volatile.Read(ref closed))
        {
            Send(new JsonObject { ["message"] = message, ["error"] = code, ["code"] = 1008 });
            Close(WebSocketCloseStatus.PolicyViolation, message.Length <= 120 ? message : message[..120]);
        }
    }

    void Close(WebSocketCloseStatus status, string reason)
    {
        if (!Interlocked.Exchange(ref closed, true))
        {
            voice.Stop();
            timeline.Add("speak.closed", requestId, new() { ["reason"] = reason, ["vendor"] = "ElevenLabs" });
            socket.Close(status, reason);
        }
    }

    static bool Flag(JsonElement message, string name) => message.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;

    static string? Text(JsonElement message, string name) =>
        message.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}
