using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CityMonitor.Simulator.Control;
using CityMonitor.Simulator.Twilio;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityMonitor.Simulator.Tests.Support;

/// <summary>The whole simulator on free ports, with real sockets, shared by the tests of one class.</summary>
public sealed class SimulatorFixture : IAsyncLifetime
{
    public const string AccountSid = "AC00000000000000000000000000000001";

    WebApplication? app;

    internal VendorPorts Ports { get; private set; } = new();

    internal IServiceProvider Services => app!.Services;

    internal Timeline Timeline => Services.GetRequiredService<Timeline>();

    internal TwilioSettings Settings => Services.GetRequiredService<TwilioSettings>();

    public HttpClient Control { get; private set; } = null!;

    public HttpClient Twilio { get; private set; } = null!;

    public static string AccountPath => $"/2010-04-01/Accounts/{AccountSid}";

    public async ValueTask InitializeAsync()
    {
        for (var attempt = 1; app is null; attempt++)
        {
            Ports = RandomPorts();
            var built = SimulatorApp.Build(
            [
                .. Ports.All.Select(port => $"--Simulator:Ports:{port.Name}={port.Port}"),
                "--Simulator:Twilio:CallsPerSecond=1000",
            ], builder => builder.Logging.ClearProviders());
            try
            {
                await built.StartAsync();
                app = built;
            }
            catch (IOException) when (attempt < 10)
            {
                // Somebody else has one of the ports.
                await built.DisposeAsync();
            }
        }

        Control = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Ports.Control}") };
        Twilio = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Ports.Twilio}") };
        Twilio.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{AccountSid}:simulator")));
    }

    public async ValueTask DisposeAsync()
    {
        Control?.Dispose();
        Twilio?.Dispose();
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    /// <summary>POST of a form; pairs of name and value.</summary>
    internal async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        using var response = await Twilio.PostAsync(new Uri(AccountPath + path, UriKind.Relative), form);
        return (response.StatusCode, await BodyAsync(response));
    }

    internal async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(string path)
    {
        using var response = await Twilio.GetAsync(new Uri(AccountPath + path, UriKind.Relative));
        return (response.StatusCode, await BodyAsync(response));
    }

    internal async Task<string> DialAsync(string to, params (string Name, string Value)[] fields)
    {
        var (status, body) = await PostAsync("/Calls.json", [("To", to), ("From", "+12025550100"), .. fields]);
        Assert.Equal(HttpStatusCode.Created, status);
        return body.GetProperty("sid").GetString()!;
    }

    /// <summary>Puts a phone in place.</summary>
    internal void Phone(string yaml) =>
        Services.GetRequiredService<Simulator.Phones.PhoneBook>().Put(Simulator.Phones.PhoneScriptReader.Read(yaml));

    internal Task<Happening> UntilAsync(string kind, string subject, int seconds = 15) =>
        Timeline.WaitAsync(happening => happening.Kind == kind && happening.Subject == subject, TimeSpan.FromSeconds(seconds));

    internal CallAnswer Call(string sid) =>
        CallsControl.Describe(Services.GetRequiredService<Simulator.Twilio.Calls.CallBook>().Find(sid)!);

    static async Task<JsonElement> BodyAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone();
    }

    // Below the range from which outgoing connections take theirs.
    static VendorPorts RandomPorts()
    {
        var first = Random.Shared.Next(1700, 5300) * 6;
        return new VendorPorts { Control = first, Twilio = first + 1, Deepgram = first + 2, Freshdesk = first + 3, OpenAI = first + 4, ElevenLabs = first + 5 };
    }
}
