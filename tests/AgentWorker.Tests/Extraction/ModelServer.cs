using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.AgentWorker.Tests.Extraction;

/// <summary>A chat-completions server on a real socket that answers what the test says.</summary>
sealed class ModelServer : IAsyncDisposable
{
    readonly WebApplication _app;

    ModelServer(WebApplication app) => _app = app;

    public ConcurrentQueue<JsonElement> Requests { get; } = new();

    /// <summary>Answers request number n, from 0.</summary>
    public Func<HttpContext, int, Task> Answer { get; set; } = (http, _) => Says(http, "{}");

    public string Url { get; private set; } = "";

    public static async Task<ModelServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new ModelServer(app);
        app.MapPost("/v1/chat/completions", async (HttpContext http) =>
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body);
            var number = server.Requests.Count;
            server.Requests.Enqueue(body.RootElement.Clone());
            await server.Answer(http, number);
        });
        await app.StartAsync();
        server.Url = app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/v1";
        return server;
    }

    public static Task Says(HttpContext http, string content) => http.Response.WriteAsJsonAsync(new
    {
        id = "chatcmpl-1",
        @object = "chat.completion",
        created = 1,
        model = "gpt-4o-mini",
        choices = new[] { new { index = 0, message = new { role = "assistant", content }, finish_reason = "stop" } },
        usage = new { prompt_tokens = 1, completion_tokens = 1, total_tokens = 2 },
    });

    /// <summary>A streamed answer: each text as a piece of its own, then the tool calls, then the end.</summary>
    public static async Task StreamsAsync(HttpContext http, string[] texts, params (string Name, object Arguments)[] tools)
    {
        http.Response.ContentType = "text/event-stream";
        foreach (var text in texts)
        {
            await ChunkAsync(http, new { content = text });
        }

        for (var i = 0; i < tools.Length; i++)
        {
            var arguments = JsonSerializer.Serialize(tools[i].Arguments);
            await ChunkAsync(http, new { tool_calls = new[] { new { index = i, id = $"call_{i}", type = "function", function = new { name = tools[i].Name, arguments = arguments[..1] } } } });
            await ChunkAsync(http, new { tool_calls = new[] { new { index = i, function = new { arguments = arguments[1..] } } } });
        }

        await ChunkAsync(http, new { }, tools.Length > 0 ? "tool_calls" : "stop");
        await http.Response.WriteAsync("data: [DONE]\n\n");
    }

    public static async Task ChunkAsync(HttpContext http, object delta, string? finish = null)
    {
        var chunk = new { id = "chatcmpl-1", @object = "chat.completion.chunk", created = 1, model = "gpt-4o-mini", choices = new[] { new { index = 0, delta, finish_reason = finish } } };
        await http.Response.WriteAsync($"data: {JsonSerializer.Serialize(chunk)}\n\n");
        await http.Response.Body.FlushAsync();
    }

    public static Task Fails(HttpContext http, HttpStatusCode status, string? retryAfter = null)
    {
        http.Response.StatusCode = (int)status;
        if (retryAfter is not null)
        {
            http.Response.Headers.RetryAfter = retryAfter;
        }

        return http.Response.WriteAsJsonAsync(new { error = new { message = "no", type = "server_error", param = (string?)null, code = (string?)null } });
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
