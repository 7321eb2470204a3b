using System.Net;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Simulator.Faults;
using CityMonitor.Simulator.Freshdesk;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.IncidentPoller.Tests;

public sealed class FreshdeskFaultTests
{
    public static TheoryData<string, string> Faults => new()
    {
        { "server errors", """{"status":500}""" },
        { "an HTML error page", """{"status":502,"body":"<html>Bad gateway</html>","contentType":"text/html"}""" },
        { "an HTML page that claims success", """{"garbage":"html"}""" },
        { "broken JSON", """{"garbage":"json"}""" },
        { "a wrong key", """{"status":401,"body":"{\"code\":\"invalid_credentials\",\"message\":\"You have to be logged in to perform this action.\"}"}""" },
        { "a limit", """{"status":429,"retryAfter":1}""" },
        { "a limit without Retry-After", """{"status":429,"next":2}""" },
        { "a page that is gone", """{"status":404}""" },
        { "refused connections", """{"refuse":true}""" },
        { "requests that are never answered", """{"hang":true}""" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task While_freshdesk_fails_nothing_is_withdrawn_and_afterwards_nothing_is_missed(string fault, string json)
    {
        await using var poller = await RunningPoller.StartAsync();
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550123" });
        await poller.WaitForAsync<IncidentReported>();

        poller.Break(JsonSerializer.Deserialize(json, FaultJson.Default.Fault)!);
        poller.Samples.WithCustomFields(new CameraIncident { ResponderPhone = "+12025550145" });
        if (!json.Contains("next", StringComparison.Ordinal))
        {
            await Eventually.TrueAsync(() => poller.Services.GetRequiredService<Polling.PollState>().Now.Problem is not null, $"a look fails for {fault}", TimeSpan.FromSeconds(30));
            if (!json.Contains("404", StringComparison.Ordinal))
            {
                using var ready = await poller.Http.GetAsync("/ready");
                Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
                Assert.Contains("freshdesk", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }

        poller.Mend();

        await poller.WaitForAsync<IncidentReported>(2);
        Assert.Empty((await poller.MessagesAsync()).OfType<IncidentWithdrawn>());
        await Eventually.TrueAsync(async () => (await poller.Http.GetAsync("/ready")).StatusCode == HttpStatusCode.OK, "ready again");
    }
}
