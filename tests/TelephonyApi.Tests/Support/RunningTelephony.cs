using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Xml.Linq;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.TelephonyApi.Tests.Support;

/// <summary>The whole service in this process, on Kestrel, with the waits of the dial state machine shortened.</summary>
sealed class RunningTelephony : IAsyncDisposable
{
    public const string Public = "https://calls.example.org";
    public const string Token = "0123456789abcdef0123456789abcdef";

    readonly WebApplication app;

    RunningTelephony(WebApplication app, string url)
    {
        this.app = app;
        Http = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(20) };
    }

    public HttpClient Http { get; }

    public RedisClient Redis => Get<RedisClient>();

    public T Get<T>() where T : notnull => app.Services.GetRequiredService<T>();

    /// <summary>Against the Simulator, which calls back: the public URL is the real one, and the credentials are left to be simulated.</summary>
    public static Task<RunningTelephony> StartWithSimulatorAsync(string redis, int twilioPort, params (string Key, string Value)[] settings)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        listener.Stop();
        return StartAsync(redis, $"http://127.0.0.1:{twilioPort}",
            [("urls", url), ("PublicUrls:Telephony", url), ("Twilio:AccountSid", ""), ("Twilio:AuthToken", ""), ("Twilio:PhoneNumber", ""), ("Twilio:WhatsAppFrom", ""), .. settings]);
    }

    public static async Task<RunningTelephony> StartAsync(string redis, string twilio, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Development", ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = redis,
            ["urls"] = "http://127.0.0.1:0",
            ["Twilio:AccountSid"] = "AC0123456789abcdef0123456789abcdef",
            ["Twilio:AuthToken"] = Token,
            ["Twilio:PhoneNumber"] = "+12025550100",
            ["Twilio:WhatsAppFrom"] = "+12025550101",
            ["Twilio:BaseUrl"] = twilio,
            ["Twilio:CallsPerSecond"] = "100",
            ["PublicUrls:Telephony"] = Public,
            ["ApiKeys:Freshdesk"] = "the-automation's-key",
            ["Evidence:CheckLinks"] = "false",
            ["Dialling:CreateTimeout"] = "00:00:00.500",
            ["Dialling:ReconcileAfter"] = "00:00:00.800",
            ["Dialling:UnknownAfter"] = "00:00:01.600",
            ["Dialling:GiveUpAfter"] = "00:00:03",
            ["Dialling:Backoff"] = "00:00:00.100",
            ["Dialling:WatchEvery"] = "00:00:00.050",
            ["Dialling:StreamErrorGrace"] = "00:00:00.200",
            ["Dialling:BridgeGrace"] = "00:00:00.100",
            ["Dialling:RedisPatience"] = "00:00:00.700",
            ["Dialling:TwimlPatience"] = "00:00:00.700",
            ["Dialling:SessionWait"] = "00:00:00.200",
            ["Dialling:BridgeWatchEvery"] = "00:00:00.050",
        });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        builder.AddCityMonitor("TelephonyApi").AddTelephony();
        builder.Logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("SHOW_LOGS") is not null)
        {
            builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        }

        var app = builder.Build();
        app.UseCityMonitor().MapTelephony();
        await app.StartAsync();
        return new RunningTelephony(app, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    /// <summary>What AgentWorker does: the session first, then the order.</summary>
    public async Task<CallId> PlaceAsync(string call, string to, Priority priority = Priority.High, int ring = 60, int max = 900)
    {
        var id = CallId.Parse(call);
        await WriteSessionAsync(id, to);
        await PublishAsync(new PlaceCall(id, PhoneNumber.Parse(to), priority, ring, max));
        return id;
    }

    public Task WriteSessionAsync(CallId call, string to, string keypadText = "Fire at 12 Harbour Road.")
    {
        var session = new CallSession(
            call, IncidentId.Parse(call.Root), "outbound", PhoneNumber.Parse(to), "incident-dispatch", "deepgram-agent", "en-US", "aura", "gpt", "prompt",
            "This is City Monitor.", "Please call City Monitor back.", keypadText, "Goodbye.", [], [], new CallLimits(900, 30, [], []));
        return Get<CallStore>().WriteAsync(call, new Dictionary<string, string> { [CallFields.Session] = JsonSerializer.Serialize(session, StateJson.Default.CallSession) }, default);
    }

    public Task PublishAsync(Message message) => Get<MessageBus>().PublishAsync(message, default);

    public async Task<string?> FieldAsync(CallId call, string field) => (await Redis.SendAsync(["HGET", Keys.Call(call), field])).Text;

    /// <summary>A bridge that says it is alive, for as long as the test lasts unless told otherwise.</summary>
    public async Task AddBridgeAsync(string id, int free, string url = "wss://media.example.org/media", int seconds = 60)
    {
        await Redis.SendAsync(["SADD", Keys.Bridges, id]);
        await Redis.SendAsync(["SET", Keys.Bridge(id), JsonSerializer.SerializeToUtf8Bytes(new BridgeInfo(id, url, free), StateJson.Default.BridgeInfo), "EX", seconds]);
    }

    /// <summary>Everything of this type that was published, oldest first within a stream.</summary>
    public async Task<IReadOnlyList<T>> PublishedAsync<T>() where T : Message
    {
        string[] streams = [.. Enumerable.Range(0, Routes.Partitions).Select(Keys.AgentPartition), Keys.Tickets, Keys.Audit, Keys.Telephony, Keys.Dead];
        var found = new List<T>();
        foreach (var stream in streams)
        {
            foreach (var entry in (await Redis.SendAsync(["XRANGE", stream, "-", "+"])).Items)
            {
                var fields = entry.Items[1].ToDictionary();
                if (fields["type"].Text == typeof(T).Name)
                {
                    found.Add((T)JsonSerializer.Deserialize(fields["data"].Bytes.Span, typeof(T), ContractsJson.Default)!);
                }
            }
        }

        return found;
    }

    public async Task<T> OneAsync<T>(Func<T, bool>? which = null, TimeSpan? timeout = null) where T : Message
    {
        T? one = null;
        await Eventually.TrueAsync(async () => (one = (await PublishedAsync<T>()).FirstOrDefault(which ?? (_ => true))) is not null, $"a {typeof(T).Name}", timeout);
        return one!;
    }

    public Task DialIsAsync(CallId call, string state) => Eventually.TrueAsync(async () => await FieldAsync(call, CallFields.Dial) == state, $"{call} is {state}");

    /// <summary>A request as Twilio signs it.</summary>
    public async Task<HttpResponseMessage> TwilioAsync(string pathAndQuery, string? signedUrl = null, string? token = null, params (string Key, string Value)[] form)
    {
        var fields = form.Select(field => KeyValuePair.Create(field.Key, field.Value)).ToList();
        using var request = new HttpRequestMessage(HttpMethod.Post, pathAndQuery) { Content = new FormUrlEncodedContent(fields) };
        request.Headers.Add(TwilioSignature.Header, TwilioSignature.Compute(token ?? Token, signedUrl ?? Public + pathAndQuery, fields));
        return await Http.SendAsync(request);
    }

    public async Task<XElement> TwimlAsync(string pathAndQuery, params (string Key, string Value)[] form)
    {
        using var response = await TwilioAsync(pathAndQuery, form: form);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/xml", response.Content.Headers.ContentType!.MediaType);
        return XElement.Parse(await response.Content.ReadAsStringAsync());
    }

    public async Task StatusAsync(CallId call, string sid, string status, params (string Key, string Value)[] more)
    {
        using var response = await TwilioAsync($"/twilio/status?call={call}", form: [("CallSid", sid), ("CallStatus", status), .. more]);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await app.StopAsync(patience.Token);
        await app.DisposeAsync();
    }
}
