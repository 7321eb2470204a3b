using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;

namespace CityMonitor.TelephonyApi.Tests.Calls;

public sealed class PoisonTests : TelephonyTest
{
    [Fact]
    public async Task Rubbish_in_the_queue_and_among_live_calls_holds_nobody_up()
    {
        await Telephony.Redis.SendAsync(["SET", Keys.Call(CallId.Parse("wrong-type")), "not a hash"]);
        await Telephony.Redis.SendAsync(["ZADD", Keys.DialQueue, 1, "wrong-type", 2, "no such call", 3, "gone.1"]);
        await Telephony.Redis.SendAsync(["ZADD", Keys.LiveCalls, 1, "no such call"]);
        await Telephony.Redis.SendAsync(["ZADD", Keys.Dialling, 1, "no such call", 2, "gone.1"]);
        await Telephony.PlaceAsync("fd-1.1", "+12025550123");
        await Telephony.OneAsync<CallPlaced>();
        Assert.Equal(0, (await Telephony.Redis.SendAsync(["ZCARD", Keys.DialQueue])).Number);
    }
}
