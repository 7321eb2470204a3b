using CityMonitor.Simulator.Tests.Support;

namespace CityMonitor.Simulator.Tests.Twilio;

public sealed class FirstCallTests(SimulatorFixture simulator) : IClassFixture<SimulatorFixture>
{
    [Fact]
    public async Task What_the_instructions_say_is_heard_by_the_phone_and_the_call_completes()
    {
        simulator.Phone("{number: '+12025550111', answer_after: 100ms, greeting: 'Hello?'}");
        var sid = await simulator.DialAsync("+12025550111", ("Twiml", "<Response><Say>Fire at 12 Main Street.</Say><Hangup/></Response>"));
        await simulator.UntilAsync("call.completed", sid);
        var call = simulator.Call(sid);
        Assert.Equal("Fire at 12 Main Street.", call.Heard.Heard);
        Assert.Equal("Hello?", Assert.Single(call.Heard.Said).Text);
        Assert.Equal(0, call.Heard.GarbledSymbols);
    }
}
