using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.Tests.Shared;

namespace CityMonitor.TelephonyApi.Tests.Records;

public sealed class ErasureTests : TelephonyTest
{
    static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What AgentWorker reports of the one request there is.</summary>
    async Task<string> WorkerReportsAsync(string status, int waiting)
    {
        var data = "";
        await Eventually.TrueAsync(async () => (await Telephony.Redis.SendAsync(["XRANGE", Keys.Records, "-", "+"], Ct)).Items is [var entry, ..] && (data = entry.Items[1].ToDictionary()["data"].Text!).Length > 0, "the order is given");
        var request = JsonNode.Parse(data)!["request"]!.GetValue<string>();
        Assert.Equal("+12025550123", JsonNode.Parse(data)!["number"]!.GetValue<string>());
        var reports = new ErasureStore(Telephony.Redis);
        await reports.CountAsync(request, ErasureStore.Call, "fd-1.1", Ct);
        await reports.WriteAsync(request, status, waiting, Ct);
        return request;
    }

    [Fact]
    public async Task Whoever_asks_is_told_what_was_erased()
    {
        var asking = Telephony.Http.PostAsJsonAsync("/erase", new { number = "+12025550123" }, Ct);
        var request = await WorkerReportsAsync(ErasureStore.Done, 0);
        using var answer = await asking;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var report = (await answer.Content.ReadFromJsonAsync<JsonObject>(Ct))!;
        Assert.Equal(("done", 1, request), (report["status"]!.GetValue<string>(), report["calls"]!.GetValue<int>(), report["id"]!.GetValue<string>()));
        Assert.DoesNotContain("2025550123", string.Join(' ', (await Telephony.Redis.SendAsync(["HGETALL", Keys.Erasure(request)], Ct)).Items.Select(item => item.Text)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_a_call_of_theirs_lasts_the_answer_says_where_to_look_later()
    {
        var asking = Telephony.Http.PostAsJsonAsync("/erase", new { number = "+12025550123" }, Ct);
        var request = await WorkerReportsAsync(ErasureStore.Waiting, 1);
        using var answer = await asking;
        Assert.Equal((HttpStatusCode.Accepted, $"/erase/{request}"), (answer.StatusCode, answer.Headers.Location!.ToString()));
        await new ErasureStore(Telephony.Redis).WriteAsync(request, ErasureStore.Done, 0, Ct);
        Assert.Equal("done", (await Telephony.Http.GetFromJsonAsync<JsonObject>($"/erase/{request}", Ct))!["status"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""{"number":"202 555 0123"}""", "application/json")]
    [InlineData("""{"number":null}""", "application/json")]
    [InlineData("{ no JSON", "application/json")]
    [InlineData("number=%2B12025550123", "application/x-www-form-urlencoded")]
    public async Task What_is_no_number_erases_nobody(string body, string type)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var answer = await Telephony.Http.PostAsync("/erase", content, Ct);
        Assert.Equal(type == "application/json" ? HttpStatusCode.BadRequest : HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal(0, (await Telephony.Redis.SendAsync(["EXISTS", Keys.Records], Ct)).Number);
    }
}
