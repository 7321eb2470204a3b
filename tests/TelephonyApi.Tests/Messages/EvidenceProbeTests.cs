using System.Net;
using System.Net.Sockets;
using System.Text;
using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Messages;
using CityMonitor.TelephonyApi.Tests.Support;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.Tests.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Tests.Messages;

/// <summary>A camera's web server that somebody has taken over. It stands on this machine, as a trusted host, so that it can be reached.</summary>
sealed class PictureServer : IAsyncDisposable
{
    readonly WebApplication app;

    PictureServer(WebApplication app) => this.app = app;

    public int Port => new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    public int Secrets { get; private set; }

    public static async Task<PictureServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new PictureServer(app);
        app.MapGet("/1.jpg", () => Results.Bytes([0xff, 0xd8], "image/jpeg"));
        app.MapGet("/clip.mp4", () => Results.Bytes([0], "video/mp4"));
        app.MapGet("/page.jpg", () => Results.Content("<script>", "text/html"));
        app.MapGet("/program.jpg", () => Results.Bytes([0x4d, 0x5a], "application/octet-stream"));
        app.MapGet("/drawing.svg", () => Results.Content("<svg onload='x'/>", "image/svg+xml"));
        app.MapGet("/untyped.jpg", () => Results.StatusCode(200));
        app.MapGet("/gone.jpg", () => Results.NotFound());
        app.MapGet("/to", (string url) => Results.Redirect(url));
        app.MapGet("/round.jpg", () => Results.Redirect("/round.jpg"));
        app.MapGet("/slow.jpg", async (HttpContext context) => await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted));
        app.MapGet("/secret", () => server.Secrets++);
        await app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

public sealed class EvidenceProbeTests : IAsyncLifetime
{
    PictureServer pictures = null!;

    public async ValueTask InitializeAsync() => pictures = await PictureServer.StartAsync();

    public ValueTask DisposeAsync() => pictures.DisposeAsync();

    async Task<string?> ProblemOfAsync(string link, string[]? resolvesTo = null, params string[] allowed)
    {
        var options = Options.Create(new EvidenceOptions { TrustedHosts = [$"127.0.0.1:{pictures.Port}"], AllowedHosts = allowed });
        using var probe = new EvidenceProbe(
            new EvidenceLinks(options, Options.Create(new TwilioOptions { Simulated = false })), options,
            (host, _) => resolvesTo is null ? throw new SocketException((int)SocketError.HostNotFound) : Task.FromResult<IPAddress[]>([.. resolvesTo.Select(IPAddress.Parse)]));
        return await probe.ProblemOfAsync(link.Replace("{pictures}", pictures.Url, StringComparison.Ordinal), default);
    }

    [Theory]
    [InlineData("{pictures}/1.jpg")]
    [InlineData("{pictures}/clip.mp4")]
    [InlineData("{pictures}/to?url=/1.jpg")]
    [InlineData("{pictures}/gone.jpg")] // Twilio will say so, with its code
    [InlineData("https://nowhere.example.org/1.jpg")]
    public async Task A_picture_and_what_cannot_be_reached_from_here_may_be_sent(string link) => Assert.Null(await ProblemOfAsync(link));

    [Theory]
    [InlineData("{pictures}/page.jpg", "text/html")]
    [InlineData("{pictures}/program.jpg", "application/octet-stream")]
    [InlineData("{pictures}/drawing.svg", "image/svg+xml")]
    [InlineData("{pictures}/untyped.jpg", "no known type")]
    public async Task What_is_no_picture_is_withheld(string link, string type) =>
        Assert.Equal($"is no picture, video or PDF but {(type == "no known type" ? "of no known type" : type)}", await ProblemOfAsync(link));

    [Fact]
    public async Task A_host_that_the_operator_named_may_serve_what_it_likes() => Assert.Null(await ProblemOfAsync("{pictures}/page.jpg", null, "127.0.0.1"));

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://localhost/secret")]
    [InlineData("http://127.0.0.1:1/secret")]
    [InlineData("http://2130706433/secret")]
    [InlineData("http://0177.0.0.1/secret")]
    [InlineData("http://[::ffff:127.0.0.1]/secret")]
    [InlineData("http://[64:ff9b::10.0.0.1]/secret")]
    [InlineData("http://[2002:0a00:0001::1]/secret")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://example.org/1.jpg")]
    [InlineData("http://user:password@example.org/1.jpg")]
    public async Task A_redirect_to_what_may_not_be_linked_to_is_not_followed(string target)
    {
        var problem = await ProblemOfAsync($"{{pictures}}/to?url={Uri.EscapeDataString(target)}");
        Assert.StartsWith("redirects to a link that", problem, StringComparison.Ordinal);
        Assert.Equal(0, pictures.Secrets);
    }

    [Fact]
    public async Task A_redirect_that_goes_round_in_circles_is_given_up() => Assert.Equal("redirects more than 3 times", await ProblemOfAsync("{pictures}/round.jpg"));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.5")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("fd00::1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("203.0.113.7", "192.168.0.1")]
    public async Task A_name_of_a_private_address_is_withheld_and_never_connected_to(params string[] addresses)
    {
        var problem = await ProblemOfAsync($"http://evidence.example.org:{pictures.Port}/secret", addresses);
        Assert.Contains("private", problem, StringComparison.Ordinal);
        Assert.Equal(0, pictures.Secrets);
    }

    [Fact]
    public async Task A_redirect_to_a_name_of_a_private_address_is_withheld_too()
    {
        var problem = await ProblemOfAsync($"{{pictures}}/to?url={Uri.EscapeDataString($"http://evidence.example.org:{pictures.Port}/secret")}", ["127.0.0.1"]);
        Assert.Contains("private", problem, StringComparison.Ordinal);
        Assert.Equal(0, pictures.Secrets);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_holds_a_message_up_for_seconds_only()
    {
        var began = TimeProvider.System.GetTimestamp();
        Assert.Null(await ProblemOfAsync("{pictures}/slow.jpg"));
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 3, 15);
    }
}

public sealed class LinkScreeningTests
{
    [Fact]
    public async Task Bad_links_leave_neither_as_media_nor_in_the_text_nor_in_the_template()
    {
        using var withheld = new Counted("citymonitor.telephony.links_withheld", "reason");
        await using var pictures = await PictureServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var twilio = await FakeTwilio.StartAsync();
        await using var checking = await RunningTelephony.StartAsync(redis.ConnectionString, twilio.Url, ("Evidence:CheckLinks", "true"), ("Evidence:TrustedHosts:0", $"127.0.0.1:{pictures.Port}"));
        var good = $"{pictures.Url}/1.jpg";
        var page = $"{pictures.Url}/page.jpg";
        var redirect = $"{pictures.Url}/to?url=http://10.0.0.1/";
        const string Private = "http://10.0.0.7/admin";
        var incident = IncidentId.Parse("fd-9");
        await checking.PublishAsync(new SendMessage(
            MessageId.Of(incident, 1), incident, PhoneNumber.Parse("+12025550177"), Channel.Sms, $"Fire.\nEvidence: {good}\nEvidence: {page}\nEvidence: {Private}\nEvidence: {redirect}",
            [], null));
        await Eventually.TrueAsync(() => twilio.Sends.Any(send => send.Form["To"] == "+12025550177"), "sent");
        var body = twilio.Sends.Single(send => send.Form["To"] == "+12025550177").Form["Body"];
        Assert.Equal($"Fire.\nEvidence: {good}\nEvidence: (link withheld)\nEvidence: (link withheld)\nEvidence: (link withheld)", body);
        Assert.True(withheld["private"] > 0 && withheld["redirect"] > 0 && withheld["no-picture"] > 0, $"{withheld}");
    }
}
