using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.TelephonyApi.Tests.Support;

/// <summary>One request as it came in.</summary>
sealed record Asked(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Form, IReadOnlyList<KeyValuePair<string, string>> Fields);

/// <summary>Twilio's REST API for the faults that the Simulator does not play: lost answers, broken connections, garbage.</summary>
sealed class FakeTwilio : IAsyncDisposable
{
    /// <summary>Answers a request itself and returns true, or lets the default answer follow.</summary>
    public delegate Task<bool> Answer(HttpContext context, Func<Task> asUsual);

    readonly WebApplication app;
    readonly ConcurrentQueue<Answer> nextCreates = new();
    readonly ConcurrentQueue<Asked> asked = new();

    FakeTwilio(WebApplication app) => this.app = app;

    public string Url { get; private set; } = "";

    public ConcurrentDictionary<string, JsonObject> Calls { get; } = new();

    public ConcurrentDictionary<string, JsonObject> Messages { get; } = new();

    public IReadOnlyList<Asked> Requests => [.. asked];

    public IReadOnlyList<Asked> Dials => [.. asked.Where(request => request.Method == "POST" && request.Path.EndsWith("/Calls.json", StringComparison.Ordinal))];

    public IReadOnlyList<Asked> Updates => [.. asked.Where(request => request.Method == "POST" && request.Path.Contains("/Calls/", StringComparison.Ordinal))];

    public IReadOnlyList<Asked> Sends => [.. asked.Where(request => request.Method == "POST" && request.Path.EndsWith("/Messages.json", StringComparison.Ordinal))];

    /// <summary>When set, every list of calls is answered with this status.</summary>
    public HttpStatusCode? ListFails { get; set; }

    public HttpStatusCode? UpdateFails { get; set; }

    public static async Task<FakeTwilio> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var fake = new FakeTwilio(builder.Build());
        fake.app.Run(fake.HandleAsync);
        await fake.app.StartAsync();
        fake.Url = fake.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return fake;
    }

    /// <summary>The next create request (call or message) is answered so.</summary>
    public void NextCreate(Answer answer) => nextCreates.Enqueue(answer);

    public void NextCreateFails(HttpStatusCode status, int code, string message) => NextCreate(async (context, _) =>
    {
        context.Response.StatusCode = (int)status;
        await context.Response.WriteAsync(new JsonObject { ["code"] = code, ["message"] = message, ["status"] = (int)status }.ToJsonString());
        return true;
    });

    /// <summary>Twilio makes it, and nobody ever hears the answer.</summary>
    public void NextAnswerIsLost() => NextCreate(async (context, asUsual) =>
    {
        var body = context.Response.Body;
        context.Response.Body = Stream.Null;
        await asUsual();
        context.Response.Body = body;
        context.Abort();
        return true;
    });

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }

    async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var fields = request.HasFormContentType ? (await request.ReadFormAsync()).SelectMany(field => field.Value.Select(value => KeyValuePair.Create(field.Key, value!))).ToList() : [];
        asked.Enqueue(new Asked(request.Method, request.Path.Value!, request.QueryString.Value ?? "", fields.GroupBy(field => field.Key).ToDictionary(group => group.Key, group => string.Join(' ', group.Select(field => field.Value))), fields));
        context.Response.ContentType = "application/json";
        var isCreate = request.Method == "POST" && (request.Path.Value!.EndsWith("/Calls.json", StringComparison.Ordinal) || request.Path.Value.EndsWith("/Messages.json", StringComparison.Ordinal));
        if (!isCreate || !nextCreates.TryDequeue(out var answer) || !await answer(context, () => AnswerAsync(context)))
        {
            await AnswerAsync(context);
        }
    }

    async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path.Value!;
        var sid = path.Split('/')[^1].Replace(".json", "", StringComparison.Ordinal);
        JsonObject? answer;
        switch (request.Method, path)
        {
            case ("POST", _) when path.EndsWith("/Calls.json", StringComparison.Ordinal):
                answer = CallOf($"CA{Guid.NewGuid():N}", request.Form["To"]!, request.Form["From"]!, "queued");
                Calls[answer["sid"]!.GetValue<string>()] = answer;
                context.Response.StatusCode = 201;
                break;
            case ("POST", _) when path.EndsWith("/Messages.json", StringComparison.Ordinal):
                answer = new JsonObject { ["sid"] = $"SM{Guid.NewGuid():N}", ["status"] = "queued", ["to"] = request.Form["To"].ToString() };
                Messages[answer["sid"]!.GetValue<string>()] = answer;
                context.Response.StatusCode = 201;
                break;
            case ("GET", _) when path.EndsWith("/Calls.json", StringComparison.Ordinal):
                context.Response.StatusCode = (int)(ListFails ?? HttpStatusCode.OK);
                answer = new JsonObject
                {
                    ["calls"] = new JsonArray([.. Calls.Values
                        .Where(call => Matches(request, call, "To") && Matches(request, call, "From") && Matches(request, call, "Status"))
                        .Take(int.TryParse(request.Query["PageSize"], out var size) ? size : 50)
                        .Select(call => call.DeepClone())]),
                };
                break;
            case ("POST", _) when Calls.TryGetValue(sid, out var call):
                context.Response.StatusCode = (int)(UpdateFails ?? HttpStatusCode.OK);
                if (UpdateFails is null && request.Form["Status"].ToString() is { Length: > 0 } status)
                {
                    call["status"] = status;
                }

                answer = (JsonObject)call.DeepClone();
                break;
            case ("GET", _) when Calls.TryGetValue(sid, out var known):
                answer = (JsonObject)known.DeepClone();
                break;
            case ("GET", _) when Messages.TryGetValue(sid, out var message):
                answer = (JsonObject)message.DeepClone();
                break;
            default:
                context.Response.StatusCode = 404;
                answer = new JsonObject { ["code"] = 20404, ["message"] = "not found", ["status"] = 404 };
                break;
        }

        await context.Response.WriteAsync(answer.ToJsonString());
    }

    public static JsonObject CallOf(string sid, string to, string from, string status, DateTimeOffset? created = null) => new()
    {
        ["sid"] = sid,
        ["to"] = to,
        ["from"] = from,
        ["status"] = status,
        ["direction"] = "outbound-api",
        ["duration"] = null,
        ["date_created"] = (created ?? DateTimeOffset.UtcNow).ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture),
    };

    static bool Matches(HttpRequest request, JsonObject call, string name) =>
        request.Query[name].ToString() is not { Length: > 0 } wanted || call[name.ToLowerInvariant()]!.GetValue<string>() == wanted;
}
