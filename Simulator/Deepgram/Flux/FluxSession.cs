using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Sockets;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>One <c>/v2/listen</c> session. All is done by the socket's read loop, so there are no locks.</summary>
sealed class FluxSession(
    VendorSocket socket, string requestId, FluxQuery query, DeepgramOptions options, Timeline timeline, TimeProvider clock)
{
    readonly AudioIntake intake = AudioIntake.For(query.Encoding, query.SampleRate)!;
    readonly FluxTurns turns = new(query.Thresholds, options.EndOfTurn);
    readonly List<FluxTurn> happened = [];
    readonly long opened = clock.GetTimestamp();
    IReadOnlyList<string> keyterms = query.Keyterms, languageHints = query.LanguageHints;
    int sequence;
    bool closed;

    public Task RunAsync(CancellationToken cancellation)
    {
        timeline.Add("listen.opened", requestId, new() { ["model"] = "flux", ["keyterms"] = string.Join(", ", query.Keyterms) });
        // {"type":"Connected","request_id":"...","sequence_id":0}
        Send(new JsonObject { ["type"] = "Connected" });
        socket.Latency = options.ListenLatency;
        return socket.RunAsync((text, _) => Receive(text), (audio, _) => Hear(audio), cancellation, WatchAsync);
    }

    ValueTask Hear(ReadOnlyMemory<byte> audio)
    {
        turns.Hear(intake.ToMuLaw(audio).Span, happened);
        happened.ForEach(Tell);
        happened.Clear();
        return ValueTask.CompletedTask;
    }

    void Tell(FluxTurn turn)
    {
        var transcript = HeardWord.TextOf(turn.Words, plain: false);
        if (turn.Event == "EndOfTurn")
        {
            timeline.Add("listen.heard", requestId, new() { ["text"] = transcript });
        }

        // {"type":"TurnInfo","request_id":"...","sequence_id":7,"event":"EndOfTurn","turn_index":0,"audio_window_start":0.0,
        //  "audio_window_end":2.16,"transcript":"Yes, I can.","words":[{"word":"Yes,","confidence":0.99,"start":..,"end":..}],
        //  "end_of_turn_confidence":0.71,"trigger":"model"}
        var message = new JsonObject
        {
            ["type"] = "TurnInfo",
            ["event"] = turn.Event,
            ["turn_index"] = turn.Index,
            ["audio_window_start"] = turn.WindowStart,
            ["audio_window_end"] = turn.WindowEnd,
            ["transcript"] = transcript,
            ["words"] = new JsonArray([.. turn.Words.Select(w => (JsonNode)new JsonObject
            {
                ["word"] = w.Text, ["confidence"] = w.Confidence, ["start"] = w.Start, ["end"] = w.End,
            })]),
            ["end_of_turn_confidence"] = turn.Confidence,
        };
        if (turn.Trigger is not null)
        {
            message["trigger"] = turn.Trigger;
        }

        Send(message);
    }

    ValueTask Receive(string text)
    {
        try
        {
            using var message = JsonDocument.Parse(text);
            var root = message.RootElement;
            switch (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("type", out var type) ? type.ToString() : null)
            {
                case "CloseStream":
                    if (turns.End() is { } last)
                    {
                        Tell(last);
                    }

                    Close(WebSocketCloseStatus.NormalClosure, "");
                    break;
                case "ForceEndTurn":
                    if (turns.End() is { } ended)
                    {
                        Tell(ended);
                    }

                    break;
                case "Configure":
                    Configure(JsonShape.Of(root, "", "type", "thresholds", "keyterms", "language_hints"));
                    break;
                default:
                    throw new ShapeException("type", "unknown variant, expected one of CloseStream, Configure, ForceEndTurn");
            }
        }
        catch (Exception e) when (e is JsonException or ShapeException)
        {
            // {"type":"Error","code":"UNPARSABLE_CLIENT_MESSAGE","description":"..."}: fatal, also for KeepAlive and Finalize.
            Send(new JsonObject { ["type"] = "Error", ["code"] = "UNPARSABLE_CLIENT_MESSAGE", ["description"] = $"Error parsing client message. {e.Message}" });
            Close(WebSocketCloseStatus.PolicyViolation, "UNPARSABLE_CLIENT_MESSAGE");
        }

        return ValueTask.CompletedTask;
    }

    void Configure(JsonShape message)
    {
        var wanted = turns.Thresholds;
        if (message.Optional("thresholds") is { } given)
        {
            var shape = JsonShape.Of(given, "thresholds", "eager_eot_threshold", "eot_threshold", "eot_timeout_ms");
            wanted = new FluxThresholds(
                shape.Number("eot_threshold") ?? wanted.EndOfTurn, shape.Number("eager_eot_threshold") ?? wanted.Eager,
                shape.Number("eot_timeout_ms") is { } timeout ? TimeSpan.FromMilliseconds(timeout) : wanted.Timeout);
        }

        if (wanted.Problem() is { } problem)
        {
            Send(new JsonObject { ["type"] = "ConfigureFailure", ["code"] = "INVALID_CONFIGURATION", ["description"] = problem });
            return;
        }

        turns.Thresholds = wanted;
        keyterms = message.Optional("keyterms") is null ? keyterms : message.Strings("keyterms");
        languageHints = message.Optional("language_hints") is null ? languageHints : message.Strings("language_hints");
        timeline.Add("listen.configured", requestId, new() { ["keyterms"] = string.Join(", ", keyterms) });
        Send(new JsonObject
        {
            ["type"] = "ConfigureSuccess",
            ["thresholds"] = new JsonObject
            {
                ["eot_threshold"] = wanted.EndOfTurn, ["eager_eot_threshold"] = wanted.Eager, ["eot_timeout_ms"] = (int)wanted.Timeout.TotalMilliseconds,
            },
            ["keyterms"] = new JsonArray([.. keyterms.Select(k => JsonValue.Create(k))]),
            ["language_hints"] = new JsonArray([.. languageHints.Select(k => JsonValue.Create(k))]),
        });
    }

    async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var quiet = turns.Samples == 0 ? clock.GetElapsedTime(opened) : socket.QuietFor;
            if (quiet >= options.ClientMessageTimeout)
            {
                Close(WebSocketCloseStatus.InternalServerError, ListenSession.TimedOut);
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
            }

            await Task.Delay(options.ClientMessageTimeout - quiet + TimeSpan.FromMilliseconds(5), clock, cancellation);
        }
    }

    void Send(JsonObject message)
    {
        if (!Volatile.Read(ref closed))
        {
            message["request_id"] = requestId;
            message["sequence_id"] = sequence++;
            socket.Send(Encoding.UTF8.GetBytes(message.ToJsonString()));
        }
    }

    void Close(WebSocketCloseStatus status, string reason)
    {
        if (!Interlocked.Exchange(ref closed, true))
        {
            timeline.Add("listen.closed", requestId, new() { ["reason"] = reason, ["seconds"] = turns.Seconds });
            socket.Close(status, reason);
        }
    }
}
