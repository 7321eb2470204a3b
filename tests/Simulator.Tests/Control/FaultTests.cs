using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Simulator.Tests.Control;

public sealed class FaultTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>, IDisposable
{
    static readonly Uri Calls = new(SimulatorFixture.AccountPath + "/Calls.json", UriKind.Relative);

    FaultBoard Board => simulator.Services.GetRequiredService<FaultBoard>();

    public void Dispose() => Board.ClearAll();

    [Fact]
    public async Task The_next_requests_fail_as_asked_and_then_all_is_well_again()
    {
        using var set = await simulator.Control.PutAsJsonAsync("/faults/twilio", new { status = 429, retryAfter = 3, next = 2, body = """{"code":20429}""" });
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        for (var i = 0; i < 2; i++)
        {
            using var failed = await simulator.Twilio.GetAsync(Calls);
            Assert.Equal(HttpStatusCode.TooManyRequests, failed.StatusCode);
            Assert.Equal("3", failed.Headers.GetValues("Retry-After").Single());
            Assert.Contains("20429", await failed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using var fine = await simulator.Twilio.GetAsync(Calls);
        Assert.Equal(HttpStatusCode.OK, fine.StatusCode);
    }

    [Fact]
    public async Task Only_what_matches_fails_and_other_vendors_do_not()
    {
        Board.Set(FaultTarget.Twilio, new Fault { Status = 500, Match = "^POST .*/Messages" });
        Board.Set(FaultTarget.OpenAI, new Fault { Status = 500 });
        using var fine = await simulator.Twilio.GetAsync(Calls);
        Assert.Equal(HttpStatusCode.OK, fine.StatusCode);
        var (status, _) = await simulator.PostAsync("/Messages.json", ("To", "x"));
        Assert.Equal(HttpStatusCode.InternalServerError, status);
    }

    [Fact]
    public async Task A_refused_connection_is_no_answer_at_all_and_a_lost_answer_has_had_its_effect()
    {
        Board.Set(FaultTarget.Twilio, new Fault { Refuse = true, Next = 1 });
        await Assert.ThrowsAsync<HttpRequestException>(() => simulator.Twilio.GetAsync(Calls));
        Board.Set(FaultTarget.Twilio, new Fault { LoseAnswer = true, Next = 1 });
        await Assert.ThrowsAsync<HttpRequestException>(() => simulator.DialAsync("+12025550184", ("Twiml", "<Response/>")));
        var (_, page) = await simulator.GetAsync("/Calls.json?To=%2B12025550184");
        Assert.Equal(1, page.GetProperty("calls").GetArrayLength());
    }

    [Fact]
    public async Task A_slow_vendor_is_slow_and_a_hanging_one_never_answers()
    {
        Board.Set(FaultTarget.Twilio, new Fault { LatencyMs = 400, Next = 1 });
        var watch = Stopwatch.StartNew();
        using var slow = await simulator.Twilio.GetAsync(Calls);
        Assert.True(watch.ElapsedMilliseconds >= 390);
        Board.Set(FaultTarget.Twilio, new Fault { Hang = true });
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => simulator.Twilio.GetAsync(Calls, patience.Token));
    }

    [Theory]
    [InlineData("html", "<html>")]
    [InlineData("json", "{\"id\":12")]
    public async Task Garbage_looks_like_success(string garbage, string starts)
    {
        Board.Set(FaultTarget.Twilio, new Fault { Garbage = garbage });
        using var response = await simulator.Twilio.GetAsync(Calls);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith(starts, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void About_as_many_requests_fail_as_the_rate_says()
    {
        Board.Set(FaultTarget.Freshdesk, new Fault { Status = 500, ErrorRate = 0.3 });
        var failed = Enumerable.Range(0, 1000).Count(_ => Board.ForRequest(FaultTarget.Freshdesk, "GET", "/") is not null);
        Assert.InRange(failed, 240, 360);
    }

    [Fact]
    public async Task Sockets_are_dropped_now_or_soon_and_also_those_that_open_later()
    {
        var dropped = new TaskCompletionSource();
        using (Board.Track(FaultTarget.DeepgramAgent, dropped.SetResult))
        {
            Board.Set(FaultTarget.DeepgramAgent, new Fault { DropSocketsAfterMs = 0 });
            await dropped.Task.WaitAsync(TimeSpan.FromSeconds(5));
        }

        var later = new TaskCompletionSource();
        using var tracked = Board.Track(FaultTarget.DeepgramAgent, later.SetResult);
        await later.Task.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.False(Board.IsMute(FaultTarget.DeepgramAgent));
    }

    [Theory]
    [InlineData("twilio", """{"errorRate":2,"status":500}""", HttpStatusCode.BadRequest)]
    [InlineData("twilio", """{"errorRate":0.5}""", HttpStatusCode.BadRequest)]
    [InlineData("twilio", """{"match":"("}""", HttpStatusCode.BadRequest)]
    [InlineData("twilio", """{"garbage":"xml"}""", HttpStatusCode.BadRequest)]
    [InlineData("twilio", """{"colour":"red"}""", HttpStatusCode.BadRequest)]
    [InlineData("twilio", "[", HttpStatusCode.BadRequest)]
    [InlineData("nobody", "{}", HttpStatusCode.NotFound)]
    public async Task A_fault_that_makes_no_sense_is_refused(string vendor, string fault, HttpStatusCode status)
    {
        using var body = new StringContent(fault, System.Text.Encoding.UTF8, "application/json");
        using var response = await simulator.Control.PutAsync(new Uri($"/faults/{vendor}", UriKind.Relative), body);
        Assert.Equal(status, response.StatusCode);
    }
}
