using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Sockets;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>One live Scribe session: partial transcripts of what is not yet committed, and committed ones at a commit or a silence.</summary>
sealed class ScribeSession(
    VendorSocket socket, string sessionId, ScribeQuery query, bool letIn, ElevenLabsOptions options, Timeline timeline, TimeProvider clock)
{
    const double ShortestCommit = 0.3;

    readonly AudioIntake? intake = ScribeQuery.Intake(query.AudioFormat);
    readonly WordEar ear = new();
    double committedTo, partialAt;
    string partial = "";
    bool closed;

    public Task RunAsync(CancellationToken cancellation)
    {
        timeline.Add("listen.opened", sessionId, new() { ["model"] = query.Model, ["keyterms"] = string.Join(", ", query.Keyterms), ["language"] = query.Language });
        if (!letIn)
        {
            Fail("auth_error", "You must be authenticated to use this endpoint.");
        }
        else if (query.Problem is { } problem)
        {
            Fail("input_error", problem);
        }
        else
        {
            Send(new JsonObject { ["message_type"] = "session_started", ["session_id"] = sessionId, ["config"] = query.Config() });
            socket.Latency = options.ListenLatency;
        }

        return socket.RunAsync(
            (text, _) => Receive(text),
            (_, _) =>
            {
                Fail("input_error", "Binary messages are not accepted: send input_audio_chunk with audio_base_64.");
                return ValueTask.CompletedTask;
            },
            cancellation, WatchAsync);
    }

    ValueTask Receive(string json)
    {
        try
        {
            using var message = JsonDocument.Parse(json);
            var root = message.RootElement;
            if (root.GetProperty("message_type").GetString() != "input_audio_chunk")
            {
                Fail("input_error", "message_type must be input_audio_chunk.");
            }
            else if (!closed)
            {
                Hear(root.GetProperty("audio_base_64").GetBytesFromBase64());
                if (root.TryGetProperty("commit", out var commit) && commit.ValueKind == JsonValueKind.True)
                {
                    CommitByClient();
                }
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            Fail("input_error", "The message could not be understood: input_audio_chunk with audio_base_64 is expected.");
        }

        return ValueTask.CompletedTask;
    }

    void Hear(byte[] audio)
    {
        var mulaw = intake!.ToMuLaw(audio).Span;
        while (!mulaw.IsEmpty)
        {
            var slice = mulaw[..Math.Min(WordEar.SliceBytes, mulaw.Length)];
            mulaw = mulaw[slice.Length..];
            ear.Feed(slice);
            if (query.CommitOnSilence is { } silence && ear.HasWords && !ear.HasEnergy && ear.SilenceFor >= silence)
            {
                Commit();
            }
            else if (ear.Seconds - partialAt >= options.PartialEvery.TotalSeconds)
            {
                partialAt = ear.Seconds;
                var text = HeardWord.TextOf(ear.Whole, plain: false);
                if (text.Length > 0 && text != partial)
                {
                    partial = text;
                    Send(new JsonObject { ["message_type"] = "partial_transcript", ["text"] = text });
                }
            }
        }
    }

    void CommitByClient()
    {
        var uncommitted = ear.Seconds - committedTo;
        if (uncommitted < ShortestCommit)
        {
            // Told, and otherwise ignored.
            Send(Error("commit_throttled", string.Create(CultureInfo.InvariantCulture, $"Commit request ignored: only {uncommitted:0.00}s of uncommitted audio. You need at least 0.3s of uncommitted audio before committing.")));
            return;
        }

        Commit();
    }

    void Commit()
    {
        var words = ear.Take(all: true);
        var text = HeardWord.TextOf(words, plain: false);
        (committedTo, partial) = (ear.Seconds, "");
        if (text.Length > 0)
        {
            timeline.Add("listen.heard", sessionId, new() { ["text"] = text });
        }

        Send(new JsonObject { ["message_type"] = "committed_transcript", ["text"] = text });
        if (query.Timestamps)
        {
            Send(new JsonObject
            {
                ["message_type"] = "committed_transcript_with_timestamps", ["text"] = text,
                ["language_code"] = query.DetectLanguage ? query.Language ?? "en" : query.Language, ["words"] = ScribeWords.Of(words),
            });
        }
    }

    async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var left = options.ListenTimeout - socket.QuietFor;
            if (left <= TimeSpan.Zero)
            {
                Fail("insufficient_audio_activity", "No audio was received for a long time.");
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
            }

            await Task.Delay(left + TimeSpan.FromMilliseconds(5), clock, cancellation);
        }
    }

    static JsonObject Error(string code, string message) => new() { ["message_type"] = code, ["error"] = message };

    void Send(JsonObject message) => socket.Send(Encoding.UTF8.GetBytes(message.ToJsonString()));

    void Fail(string code, string message)
    {
        if (!Interlocked.Exchange(ref closed, true))
        {
            Send(Error(code, message));
            timeline.Add("listen.closed", sessionId, new() { ["reason"] = code });
            socket.Close(WebSocketCloseStatus.PolicyViolation, code);
        }
    }
}
