using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed class VendorClientTests
{
    static readonly VendorLimits Quick = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10), 3) { FirstDelay = TimeSpan.FromMilliseconds(5) };

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task A_failing_idempotent_request_is_repeated_with_its_body(string method)
    {
        await using var vendor = await LocalVendor.AnsweringAsync(HttpStatusCode.InternalServerError, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK);

        using var response = await SendAsync(vendor.Url, Quick, method, "the body");

        Assert.Equal("answer 3", await response.Content.ReadAsStringAsync());
        Assert.All(vendor.Requests, request => Assert.Equal((method, "the body"), request));
    }

    [Fact]
    public async Task Retries_end_and_the_last_answer_is_the_callers()
    {
        await using var vendor = await LocalVendor.AnsweringAsync(HttpStatusCode.InternalServerError);

        using var response = await SendAsync(vendor.Url, Quick, "GET");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal(4, vendor.Requests.Count);
    }

    [Fact]
    public async Task A_post_that_may_have_arrived_is_never_repeated()
    {
        await using var failing = await LocalVendor.AnsweringAsync(HttpStatusCode.InternalServerError);
        await using var aborting = await LocalVendor.StartAsync((_, context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        await using var hanging = await LocalVendor.StartAsync((vendor, context, _) => vendor.HangAsync(context));

        using var response = await SendAsync(failing.Url, Quick, "POST", "dial");
        var aborted = await Assert.ThrowsAsync<VendorUnavailableException>(() => SendAsync(aborting.Url, Quick, "POST", "dial"));
        var timedOut = await Assert.ThrowsAsync<VendorUnavailableException>(() => SendAsync(hanging.Url, Quick with { Attempt = TimeSpan.FromMilliseconds(200) }, "POST", "dial"));

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.True(aborted.MayHaveArrived);
        Assert.True(timedOut.MayHaveArrived);
        Assert.Equal((1, 1, 1), (failing.Requests.Count, aborting.Requests.Count, hanging.Requests.Count));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Too_many_requests_waits_as_long_as_it_says_for_any_method(string method)
    {
        await using var vendor = await LocalVendor.StartAsync((_, context, number) =>
        {
            context.Response.StatusCode = number == 1 ? 429 : 200;
            context.Response.Headers.RetryAfter = "1";
            return Task.CompletedTask;
        });
        var watch = Stopwatch.StartNew();

        using var response = await SendAsync(vendor.Url, Quick, method, "x");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(watch.Elapsed >= TimeSpan.FromSeconds(0.95), $"waited only {watch.Elapsed}");
    }

    [Fact]
    public async Task A_retry_after_beyond_the_total_time_goes_to_the_caller_at_once()
    {
        await using var vendor = await LocalVendor.StartAsync((_, context, _) =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "3600";
            return Task.CompletedTask;
        });

        using var response = await SendAsync(vendor.Url, Quick, "GET");

        Assert.Equal(TimeSpan.FromHours(1), response.Headers.RetryAfter?.Delta);
        Assert.Single(vendor.Requests);
    }

    [Fact]
    public async Task A_slow_attempt_is_given_up_and_the_next_one_wins()
    {
        await using var vendor = await LocalVendor.StartAsync((vendor, context, number) => number == 1 ? vendor.HangAsync(context) : context.Response.WriteAsync("quick"));

        using var response = await SendAsync(vendor.Url, Quick with { Attempt = TimeSpan.FromMilliseconds(300) }, "GET");

        Assert.Equal("quick", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_body_that_never_ends_counts_as_a_slow_attempt()
    {
        await using var vendor = await LocalVendor.StartAsync(async (vendor, context, _) =>
        {
            await context.Response.WriteAsync("begins");
            await context.Response.Body.FlushAsync();
            await vendor.HangAsync(context);
        });

        var error = await Assert.ThrowsAsync<VendorUnavailableException>(() => SendAsync(vendor.Url, Quick with { Attempt = TimeSpan.FromMilliseconds(200), Retries = 1 }, "GET"));

        Assert.Contains("did not answer within", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, vendor.Requests.Count);
    }

    [Fact]
    public async Task The_total_time_bounds_all_attempts()
    {
        await using var vendor = await LocalVendor.StartAsync((vendor, context, _) => vendor.HangAsync(context));
        var watch = Stopwatch.StartNew();

        await Assert.ThrowsAsync<VendorUnavailableException>(() =>
            SendAsync(vendor.Url, new VendorLimits(TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(600), 10), "GET"));

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(3), $"took {watch.Elapsed}");
    }

    [Fact]
    public async Task A_refused_connection_never_left_and_is_tried_again_even_for_a_post()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        listener.Stop();

        var error = await Assert.ThrowsAsync<VendorUnavailableException>(() => SendAsync(url, Quick, "POST", "dial"));

        Assert.False(error.MayHaveArrived);
        Assert.Equal("Test", error.Vendor);
    }

    [Fact]
    public async Task A_vendor_that_keeps_failing_is_left_alone_for_a_while_and_then_asked_again()
    {
        var healthy = false;
        await using var vendor = await LocalVendor.StartAsync((_, context, _) =>
        {
            context.Response.StatusCode = Volatile.Read(ref healthy) ? 200 : 500;
            return Task.CompletedTask;
        });
        var limits = Quick with { Retries = 0, BreakAtLeast = 4, BreakFor = TimeSpan.FromMilliseconds(600) };
        await using var services = Services(vendor.Url, limits);
        var client = services.GetRequiredService<Client>().Http;
        for (var i = 0; i < 4; i++)
        {
            (await client.GetAsync("")).Dispose();
        }

        var error = await Assert.ThrowsAsync<VendorUnavailableException>(() => client.GetAsync(""));
        var asked = vendor.Requests.Count;
        Volatile.Write(ref healthy, true);
        await CityMonitor.Tests.Shared.Eventually.TrueAsync(async () =>
        {
            try
            {
                using var response = await client.GetAsync("");
                return response.IsSuccessStatusCode;
            }
            catch (VendorUnavailableException)
            {
                return false;
            }
        }, "the circuit closes again");

        Assert.False(error.MayHaveArrived);
        Assert.Equal(4, asked);
    }

    [Fact]
    public async Task A_stream_of_events_is_handed_on_while_it_still_runs()
    {
        await using var vendor = await LocalVendor.StartAsync(async (vendor, context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: one\n\n");
            await context.Response.Body.FlushAsync();
            await vendor.HangAsync(context);
        });
        await using var services = Services(vendor.Url, Quick);

        using var response = await services.GetRequiredService<Client>().Http.GetAsync("", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Equal("data: one", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Redirects_are_not_followed_with_our_credentials()
    {
        await using var vendor = await LocalVendor.StartAsync((_, context, _) =>
        {
            context.Response.Redirect("http://127.0.0.1:1/elsewhere");
            return Task.CompletedTask;
        });

        using var response = await SendAsync(vendor.Url, Quick, "GET");

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
    }

    [Fact]
    public async Task A_request_is_one_span_with_its_retries_as_events()
    {
        await using var vendor = await LocalVendor.AnsweringAsync(HttpStatusCode.InternalServerError, HttpStatusCode.OK);
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "CityMonitor.Vendors",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if ((int?)activity.GetTagItem("server.port") == vendor.Url.Port)
                {
                    spans.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        (await SendAsync(vendor.Url, Quick, "GET")).Dispose();

        var span = Assert.Single(spans);
        Assert.Equal(("GET Test", 200), (span.DisplayName, span.GetTagItem("http.response.status_code")));
        Assert.Equal("retry", Assert.Single(span.Events).Name);
    }

    static async Task<HttpResponseMessage> SendAsync(Uri url, VendorLimits limits, string method, string? body = null)
    {
        await using var services = Services(url, limits);
        using var request = new HttpRequestMessage(new HttpMethod(method), "") { Content = body is null ? null : new StringContent(body, Encoding.UTF8) };
        return await services.GetRequiredService<Client>().Http.SendAsync(request);
    }

    static ServiceProvider Services(Uri url, VendorLimits limits)
    {
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton(TimeProvider.System);
        services.AddVendorClient<Client>("Test", (_, http) => http.BaseAddress = url, limits);
        return services.BuildServiceProvider();
    }

    sealed record Client(HttpClient Http);
}
