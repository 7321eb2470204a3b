using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.ServiceDefaults.Tests;

/// <summary>A real HTTP server that does what a test tells it to, request by request.</summary>
sealed class LocalVendor : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly CancellationTokenSource _stopping = new();

    LocalVendor(WebApplication app) => _app = app;

    public ConcurrentQueue<(string Method, string Body)> Requests { get; } = new();
    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Hangs until the test is over or the client leaves.</summary>
    public Task HangAsync(HttpContext context) =>
        Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token).Token).ContinueWith(_ => { }, TaskScheduler.Default);

    public static async Task<LocalVendor> StartAsync(Func<LocalVendor, HttpContext, int, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var vendor = new LocalVendor(builder.Build());
        var number = 0;
        vendor._app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            int current;
            lock (vendor)
            {
                current = ++number;
                vendor.Requests.Enqueue((context.Request.Method, body));
            }

            await answer(vendor, context, current);
        });
        await vendor._app.StartAsync();
        return vendor;
    }

    public static Task<LocalVendor> AnsweringAsync(params HttpStatusCode[] answers) => StartAsync((_, context, number) =>
    {
        context.Response.StatusCode = (int)answers[Math.Min(number, answers.Length) - 1];
        return context.Response.WriteAsync($"answer {number}");
    });

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }
}
