using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>
/// A completion as server-sent events: the role, the words, the calls in fragments, the finish reason, and the usage when it was asked
/// for. Sample: <c>data: {"id":"chatcmpl-1","object":"chat.completion.chunk",...,"choices":[{"index":0,"delta":{"content":" fire"},...}]}</c>
/// </summary>
sealed class ChatStream(string model, JsonObject request, ModelAnswer answer, OpenAIOptions options, TimeProvider clock)
{
    const int FragmentCharacters = 8;

    readonly string id = $"chatcmpl-{Guid.NewGuid():N}";
    readonly long created = clock.GetUtcNow().ToUnixTimeSeconds();
    readonly bool withUsage = request["stream_options"]?["include_usage"]?.GetValue<bool>() == true;
    TimeSpan due = options.FirstToken;

    public async Task WriteAsync(HttpContext context, FaultBoard faults)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        using var stream = new StreamedAnswer(context, faults, FaultTarget.OpenAI, clock);
        foreach (var chunk in Chunks())
        {
            if (!await stream.SendAsync(Event(chunk.ToJsonString()), due))
            {
                await stream.SendNowAsync(Failure());
                return;
            }
        }

        await stream.SendNowAsync(answer.Error is null ? Event("[DONE]") : Failure());
    }

    IEnumerable<JsonObject> Chunks()
    {
        var first = new JsonObject { ["role"] = "assistant", ["content"] = answer.Pieces.Count > 0 || answer.Calls.IsEmpty ? "" : null, ["refusal"] = null };
        yield return Chunk(first);
        foreach (var piece in answer.Pieces)
        {
            due += piece.Wait;
            foreach (var token in ChatTokens.Of(piece.Text))
            {
                yield return Chunk(new JsonObject { ["content"] = token });
                due += options.TokenEvery;
            }
        }

        if (answer.Refusal is { } refusal)
        {
            yield return Chunk(new JsonObject { ["refusal"] = refusal });
        }

        due += answer.Wait;
        if (answer.Error is not null)
        {
            yield break;
        }

        for (var i = 0; i < answer.Calls.Length; i++)
        {
            // The id and the name come once, with the first fragment.
            yield return Chunk(Call(i, new JsonObject { ["name"] = answer.Calls[i].Name, ["arguments"] = "" }, ChatTokens.NewCallId()));
            foreach (var fragment in answer.Calls[i].Arguments.Chunk(FragmentCharacters))
            {
                due += options.TokenEvery;
                yield return Chunk(Call(i, new JsonObject { ["arguments"] = new string(fragment) }, null));
            }
        }

        yield return Chunk([], answer.FinishReason);
        if (withUsage)
        {
            var last = Chunk(null);
            last["usage"] = ChatTokens.Usage(ChatTokens.Count(request["messages"]!.ToJsonString()), answer);
            yield return last;
        }
    }

    static JsonObject Call(int index, JsonObject function, string? callId)
    {
        var call = new JsonObject { ["index"] = index };
        if (callId is not null)
        {
            call["id"] = callId;
            call["type"] = "function";
        }

        call["function"] = function;
        return new JsonObject { ["tool_calls"] = new JsonArray(call) };
    }

    JsonObject Chunk(JsonObject? delta, string? finishReason = null)
    {
        var chunk = new JsonObject
        {
            ["id"] = id, ["object"] = "chat.completion.chunk", ["created"] = created, ["model"] = model, ["service_tier"] = "default",
            ["system_fingerprint"] = "fp_simulator",
            ["choices"] = delta is null ? [] : new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finishReason }),
        };
        if (withUsage)
        {
            chunk["usage"] = null;
        }

        return chunk;
    }

    static byte[] Failure() => Event(
        """{"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}""");

    static byte[] Event(string data) => Encoding.UTF8.GetBytes($"data: {data}\n\n");
}
