using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Tests.Support;
using CityMonitor.Simulator.Twilio;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class StreamLossTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    const string Phone = "+12025550141";

    [Fact]
    public async Task After_an_abrupt_loss_the_next_verb_runs_where_it_is_set_so()
    {
        simulator.Settings.SocketLoss = SocketLoss.NextVerb;
        await using var app = await BreakingAppAsync();
        var sid = await DialAsync(app);
        await simulator.UntilAsync("call.completed", sid);
        var call = simulator.Call(sid);
        Assert.Equal("Next.", call.Heard.Heard);
        Assert.Equal(31903, Assert.Single(call.Errors).Code);
        Assert.Equal("connection loss", Assert.Single(call.Streams).EndedBy);
    }

    [Fact]
    public async Task After_an_abrupt_loss_the_call_ends_where_it_is_set_so()
    {
        simulator.Settings.SocketLoss = SocketLoss.EndCall;
        await using var app = await BreakingAppAsync();
        var sid = await DialAsync(app);
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("", simulator.Call(sid).Heard.Heard);
    }

    [Fact]
    public async Task After_an_abrupt_loss_the_line_stays_silent_until_an_update_where_it_is_set_so()
    {
        simulator.Settings.SocketLoss = SocketLoss.Hang;
        await using var app = await BreakingAppAsync();
        var sid = await DialAsync(app);
        await simulator.UntilAsync("stream.error", sid);
        await Task.Delay(500);
        Assert.Equal("in-progress", simulator.Call(sid).Status);
        await simulator.PostAsync($"/Calls/{sid}.json", ("Twiml", "<Response><Say>Saved.</Say></Response>"));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal("Saved.", simulator.Call(sid).Heard.Heard);
    }

    [Fact]
    public async Task A_socket_that_nobody_answers_is_a_stream_error()
    {
        simulator.Settings.SocketLoss = SocketLoss.NextVerb;
        await using var app = await CustomerApp.StartAsync();
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        var sid = await simulator.DialAsync(Phone, ("Twiml",
            $"""<Response><Connect><Stream url="ws://127.0.0.1:1/x" statusCallback="{app.Url}/stream"/></Connect><Connect><Stream url="{app.MediaUrl.Replace("/media", "/none", StringComparison.Ordinal)}"/></Connect><Connect><Stream url="https://x"/></Connect></Response>"""));
        await simulator.UntilAsync("call.completed", sid);
        Assert.Equal([31901, 31920, 31901], simulator.Call(sid).Errors.Select(error => error.Code));
        Assert.Equal("stream-error", (await app.NextAsync("/stream"))["StreamEvent"]);
    }

    [Fact]
    public async Task A_mute_network_sends_nothing_and_a_dropped_one_breaks_off_without_a_stop()
    {
        simulator.Settings.SocketLoss = SocketLoss.EndCall;
        var faults = simulator.Services.GetRequiredService<FaultBoard>();
        await using var app = await CustomerApp.StartAsync();
        var kinds = new List<string>();
        var ended = new TaskCompletionSource<Exception?>();
        app.OnMedia = async socket =>
        {
            try
            {
                while (await socket.ReadAsync() is { } message)
                {
                    kinds.Add(message.GetProperty("event").GetString()!);
                }

                ended.SetResult(null);
            }
            catch (Exception e)
            {
                ended.SetResult(e);
            }
        };
        faults.Set(FaultTarget.Twilio, new Fault { Mute = true });
        try
        {
            var sid = await DialAsync(app);
            await simulator.UntilAsync("stream.started", sid);
            await Task.Delay(300);
            faults.Set(FaultTarget.Twilio, new Fault { Mute = true, DropSocketsAfterMs = 0 });
            Assert.NotNull(await ended.Task.WaitAsync(TimeSpan.FromSeconds(5)));
            Assert.Equal(["connected", "start"], kinds);
            await simulator.UntilAsync("call.completed", sid);
        }
        finally
        {
            faults.Clear(FaultTarget.Twilio);
        }
    }

    static async Task<CustomerApp> BreakingAppAsync()
    {
        var app = await CustomerApp.StartAsync();
        app.OnMedia = async socket =>
        {
            await socket.UntilAsync("media");
            socket.Break();
        };
        return app;
    }

    Task<string> DialAsync(CustomerApp app)
    {
        simulator.Phone($$"""{number: "{{Phone}}", answer_after: 50ms}""");
        return simulator.DialAsync(Phone, ("Twiml", $"""<Response><Connect><Stream url="{app.MediaUrl}"/></Connect><Say>Next.</Say></Response>"""));
    }
}
