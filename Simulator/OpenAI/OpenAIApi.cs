using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.OpenAI;

/// <summary>How the simulated OpenAI behaves. Section <c>Simulator:OpenAI</c>.</summary>
sealed class OpenAIOptions
{
    public const string Section = "Simulator:OpenAI";

    /// <summary>The only key that is let in. Default <c>simulator</c>.</summary>
    public string ApiKey { get; set; } = "simulator";

    /// <summary>What the model does wrong: empty, <c>invalid-json</c>, <c>extra-keys</c>, <c>refusal</c> or <c>cut</c> (the answer ends in the middle).</summary>
    public string Misbehaviour { get; set; } = "";
}

/// <summary>Chat completions without streaming, answered by <see cref="ScriptedModel"/>, and the list of models.</summary>
static class OpenAIApi
{
    static readonly string[] Models = ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano"];

    public static IServiceCollection AddOpenAI(this IServiceCollection services)
    {
        services.AddOptions<OpenAIOptions>().BindConfiguration(OpenAIOptions.Section).ValidateOnStart()
            .Validate(o => o.ApiKey.Length > 0, "Simulator:OpenAI:ApiKey must not be empty, for example 'simulator'.")
            .Validate(
                o => o.Misbehaviour is "" or "invalid-json" or "extra-keys" or "refusal" or "cut",
                "Simulator:OpenAI:Misbehaviour must be empty, invalid-json, extra-keys, refusal or cut, for example 'extra-keys'.");
        services.TryAddSingleton(TimeProvider.System);
        return services;
    }

    public static IEndpointRouteBuilder MapOpenAI(this IEndpointRouteBuilder routes)
    {
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

    static async Task<IResult> CompleteAsync(HttpContext context, IOptions<OpenAIOptions> options, TimeProvider clock, Timeline timeline)
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

        var answer = ScriptedModel.Answer(request, options.Value.Misbehaviour);
        timeline.Add("openai.completed", model, new() { ["content"] = answer.Content, ["refusal"] = answer.Refusal });
        context.Response.Headers["openai-processing-ms"] = "12";
        context.Response.Headers["x-ratelimit-limit-requests"] = "5000";
        context.Response.Headers["x-ratelimit-remaining-requests"] = "4999";
        return Json(200, Completion(model, request, answer, clock));
    }

    static JsonObject Completion(string model, JsonObject request, ModelAnswer answer, TimeProvider clock)
    {
        // Four characters to a token, near enough for a bill that nobody pays.
        int asked = request["messages"]!.ToJsonString().Length / 4, said = ((answer.Content ?? answer.Refusal)!.Length / 4) + 1;
        return new JsonObject
        {
            ["id"] = $"chatcmpl-{Guid.NewGuid():N}",
            ["object"] = "chat.completion",
            ["created"] = clock.GetUtcNow().ToUnixTimeSeconds(),
            ["model"] = model,
            ["choices"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["message"] = new JsonObject
                {
                    ["role"] = "assistant", ["content"] = answer.Content, ["refusal"] = answer.Refusal, ["annotations"] = new JsonArray(),
                },
                ["logprobs"] = null,
                ["finish_reason"] = answer.FinishReason,
            }),
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = asked, ["completion_tokens"] = said, ["total_tokens"] = asked + said,
                ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0, ["audio_tokens"] = 0 },
                ["completion_tokens_details"] = new JsonObject
                {
                    ["reasoning_tokens"] = 0, ["audio_tokens"] = 0, ["accepted_prediction_tokens"] = 0, ["rejected_prediction_tokens"] = 0,
                },
            },
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
