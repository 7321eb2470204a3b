using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CityMonitor.Bench.Calls;

/// <summary>
/// Ear, model and voice of a cascade that take no time: Deepgram's listen (v1, and v2 with its own turns) and speak, OpenAI's streamed
/// completion. The caller's words name the caller and the answer repeats the name, so each of them knows whose turn it is.
/// </summary>
sealed class CascadeVendor(Func<int, LoadCall?> find)
{
    /// <summary>Half a second; four of them are an answer, as long as <see cref="LoadCall"/> expects it.</summary>
    static readonly byte[] audio = [.. Enumerable.Range(0, 4000).Select(i => Audio.Answer[i % Audio.Answer.Length])];

    const int AudioMessages = 4;

    /// <summary>Stands behind the name wherever words name a caller, and nowhere else.</summary>
    static ReadOnlySpan<byte> Behind => " aqueduct"u8;

    const string Letters = "bdfgklmnpr";

    public void Map(WebApplication app)
    {
        app.MapGet("/v1/listen", ListenAsync);
        app.MapGet("/v2/listen", FluxAsync);
        app.MapGet("/v1/speak", SpeakAsync);
        app.MapPost("/v1/chat/completions", CompleteAsync);
    }

    async Task ListenAsync(HttpContext context)
    {
        LoadCall? caller = null;
        await ServeAsync(context, null, async (socket, type, message) =>
        {
            if (type == WebSocketMessageType.Binary)
            {
                if (WhoEnds(message.Span) is { } ended)
                {
                    caller = ended;
                    await SendAsync(socket, Results(Question(ended.Number), "\"speech_final\":true,\"from_finalize\":false"));
                }
            }
            else if (message.Span.IndexOf("\"Finalize\""u8) >= 0)
            {
                caller?.Trace?.PauseHeard();
                await SendAsync(socket, Results("", "\"speech_final\":false,\"from_finalize\":true"));
            }
        });
    }

    Task FluxAsync(HttpContext context) =>
        ServeAsync(context, """{"type":"Connected","request_id":"r-1","sequence_id":0}""", async (socket, type, message) =>
        {
            if (type == WebSocketMessageType.Binary && WhoEnds(message.Span) is { } ended)
            {
                await SendAsync(socket, $$"""{"type":"TurnInfo","request_id":"r-1","sequence_id":1,"event":"EndOfTurn","turn_index":0,"audio_window_start":0.0,"audio_window_end":1.6,"transcript":"{{Question(ended.Number)}}","words":[],"end_of_turn_confidence":0.9}""");
            }
        });

    Task SpeakAsync(HttpContext context) => ServeAsync(context, null, async (socket, type, message) =>
    {
        if (message.Span.IndexOf("\"Speak\""u8) >= 0)
        {
            if (Named(message.Span)?.Trace is { VoiceAsked: 0 } trace)
            {
                trace.VoiceAsked = Stopwatch.GetTimestamp();
            }
        }
        else if (message.Span.IndexOf("\"Flush\""u8) >= 0)
        {
            for (var i = 0; i < AudioMessages; i++)
            {
                await socket.SendAsync(audio.AsMemory(), WebSocketMessageType.Binary, true, CancellationToken.None);
            }

            await SendAsync(socket, """{"type":"Flushed","sequence_id":0}""");
        }
        else if (message.Span.IndexOf("\"Clear\""u8) >= 0)
        {
            await SendAsync(socket, """{"type":"Cleared","sequence_id":0}""");
        }
    });

    async Task CompleteAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var caller = Named(body.GetBuffer().AsSpan(0, (int)body.Length));
        if (caller?.Trace is { ModelAsked: 0 } trace)
        {
            trace.ModelAsked = Stopwatch.GetTimestamp();
        }

        context.Response.ContentType = "text/event-stream; charset=utf-8";
        await context.Response.WriteAsync(
            Chunk("""{"role":"assistant","content":""}""", "null")
            + Chunk($$"""{"content":"It is right behind the {{(caller is null ? "old" : NameOf(caller.Number))}} aqueduct, on the north side."}""", "null")
            + Chunk("{}", "\"stop\"") + "data: [DONE]\n\n");
    }

    LoadCall? WhoEnds(ReadOnlySpan<byte> audio)
    {
        var ended = Audio.CallerWhoEnds(audio) is >= 0 and var number ? find(number) : null;
        if (ended?.Trace is { } trace)
        {
            trace.Final = Stopwatch.GetTimestamp();
        }

        return ended;
    }

    static string Question(int caller) => $"Where is the {NameOf(caller)} aqueduct exactly?";

    static string NameOf(int caller) => string.Concat(Enumerable.Range(0, 4).Select(digit => $"{Letters[caller / (int)Math.Pow(10, digit) % 10]}a"));

    LoadCall? Named(ReadOnlySpan<byte> words)
    {
        var at = words.LastIndexOf(Behind);
        if (at < 8)
        {
            return null;
        }

        var number = 0;
        for (var digit = 3; digit >= 0; digit--)
        {
            number = (number * 10) + Letters.IndexOf((char)words[at - 8 + (2 * digit)], StringComparison.Ordinal);
        }

        return find(number);
    }

    static string Results(string words, string how) =>
        $$$"""{"type":"Results","channel_index":[0,1],"start":0.0,"duration":1.6,"is_final":true,{{{how}}},"channel":{"alternatives":[{"transcript":"{{{words}}}","confidence":0.99,"words":[]}]}}""";

    static string Chunk(string delta, string finish) =>
        $$$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"delta":{{{delta}}},"finish_reason":{{{finish}}}}]}""" + "\n\n";

    static Task SendAsync(WebSocket socket, string json) => socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, true, CancellationToken.None);

    static async Task ServeAsync(HttpContext context, string? welcome, Func<WebSocket, WebSocketMessageType, ReadOnlyMemory<byte>, Task> heard)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        try
        {
            if (welcome is not null)
            {
                await SendAsync(socket, welcome);
            }

            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += result.Count;
                }
                while (!result.EndOfMessage);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    return;
                }

                await heard(socket, result.MessageType, buffer.AsMemory(0, length));
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or IOException)
        {
            // The subject has left.
        }
    }
}
