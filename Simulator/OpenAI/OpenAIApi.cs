using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Minds;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>Chat completions, streamed or whole, answered by <see cref="ScriptedModel"/>, and the list of models.</summary>
static class OpenAIApi
{
    static readonly string[] Models = ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano"];

    public static IServiceCollection AddOpenAI(this IServiceCollection services)
    {
        services.AddOptions<OpenAIOptions>().BindConfiguration(OpenAIOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<OpenAIOptions>, OpenAIOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        return services;
    }

    public static IEndpointRouteBuilder MapOpenAI(this IEndpointRouteBuilder routes)
    {
        if (routes.ServiceProvider.GetRequiredService<IOptions<OpenAIOptions>>().Value.Mind is { Length: > 0 } mind)
        {
            // A mind that does not exist is told at the start and not in the first call.
            routes.ServiceProvider.GetRequiredService<MindLibrary>().Named(mind);
        }

        var api = routes.MapGroup("/v1");
        api.AddEndpointFilter(LetInAsync);
        api.MapGet("/models", (TimeProvider clock) => Json(200, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. Models.Select(m => Model(m, clock))]),
        }));
        api.MapGet("/models/{model}", (string model, TimeProvider clock) =>
            Models.Contains(model) ? Json(200, Model(model, clock)) : NoModel(model));
        api.MapPost("/chat/completions", CompleteAsync);
        return routes;
    }

    static async ValueTask<object?> LetInAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        context.Response.Headers["x-request-id"] = $"req_{Guid.NewGuid():N}";
        context.Response.Headers["openai-version"] = "2020-10-01";
        var key = context.RequestServices.GetRequiredService<IOptions<OpenAIOptions>>().Value.ApiKey;
        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var given) || given.Scheme != "Bearer")
        {
            return Error(401, "You didn't provide an API key.", "invalid_request_error", null, null);
        }

        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given.Parameter ?? ""), Encoding.UTF8.GetBytes(key))
            ? await next(invocation)
            : Error(401, "Incorrect API key provided.", "invalid_request_error", null, "invalid_api_key");
    }

    static async Task<IResult> CompleteAsync(
        HttpContext context, IOptions<OpenAIOptions> options, MindLibrary minds, FaultBoard faults, TimeProvider clock, Timeline timeline)
    {
        JsonNode? body;
        try
        {
            body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        }
        catch (JsonException)
        {
            return Error(400, "We could not parse the JSON body of your request.", "invalid_request_error", null, null);
        }

        if (ChatRequest.Problem(body) is { } problem)
        {
            return Error(400, problem.Message, "invalid_request_error", problem.Param, problem.Code);
        }

        var request = body!.AsObject();
        var model = (string)request["model"]!;
        if (!Models.Contains(model))
        {
            return NoModel(model);
        }

        var asked = ChatTokens.Count(request["messages"]!.ToJsonString());
        if (asked > options.Value.MaxContextTokens)
        {
            return Error(
                400, $"This model's maximum context length is {options.Value.MaxContextTokens} tokens. However, your messages resulted in {asked} tokens. Please reduce the length of the messages.",
                "invalid_request_error", "messages", "context_length_exceeded");
        }

        var answer = ScriptedModel.Answer(request, minds, options.Value);
        timeline.Add("openai.completed", model, new()
        {
            ["content"] = answer.Content, ["refusal"] = answer.Refusal, ["calls"] = string.Join(", ", answer.Calls.Select(c => $"{c.Name} {c.Arguments}")),
        });
        context.Response.Headers["openai-processing-ms"] = "12";
        context.Response.Headers["x-ratelimit-limit-requests"] = "5000";
        context.Response.Headers["x-ratelimit-remaining-requests"] = "4999";
        if (ChatRequest.IsStream(request))
        {
            await new ChatStream(model, request, answer, options.Value, clock).WriteAsync(context, faults);
            return Results.Empty;
        }

        if (answer.Error is not null)
        {
            return Error(500, "The server had an error while processing your request. Sorry about that!", "server_error", null, null);
        }

        await Task.Delay(answer.Wait + answer.Pieces.Aggregate(TimeSpan.Zero, (sum, piece) => sum + piece.Wait), clock, context.RequestAborted);
        return Json(200, Completion(model, asked, answer, clock));
    }

    static JsonObject Completion(string model, int asked, ModelAnswer answer, TimeProvider clock)
    {
        var message = new JsonObject
        {
            ["role"] = "assistant", ["content"] = answer.Content, ["refusal"] = answer.Refusal, ["annotations"] = new JsonArray(),
        };
        if (!answer.Calls.IsEmpty)
        {
            message["tool_calls"] = new JsonArray([.. answer.Calls.Select(c => (JsonNode)new JsonObject
            {
                ["id"] = ChatTokens.NewCallId(), ["type"] = "function", ["function"] = new JsonObject { ["name"] = c.Name, ["arguments"] = c.Arguments },
            })]);
        }

        return new JsonObject
        {
            ["id"] = $"chatcmpl-{Guid.NewGuid():N}",
            ["object"] = "chat.completion",
            ["created"] = clock.GetUtcNow().ToUnixTimeSeconds(),
            ["model"] = model,
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["logprobs"] = null, ["finish_reason"] = answer.FinishReason }),
            ["usage"] = ChatTokens.Usage(asked, answer),
            ["service_tier"] = "default",
            ["system_fingerprint"] = "fp_simulator",
        };
    }

    static JsonObject Model(string id, TimeProvider clock) =>
        new() { ["id"] = id, ["object"] = "model", ["created"] = clock.GetUtcNow().ToUnixTimeSeconds(), ["owned_by"] = "simulator" };

    static IResult NoModel(string model) => Error(
        404, string.Create(CultureInfo.InvariantCulture, $"The model `{model}` does not exist or you do not have access to it."),
        "invalid_request_error", null, "model_not_found");

    static IResult Error(int status, string message, string type, string? param, string? code) => Json(status, new JsonObject
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["param"] = param, ["code"] = code },
    });

    static IResult Json(int status, JsonNode body) => Results.Text(body.ToJsonString(), "application/json", statusCode: status);
}
