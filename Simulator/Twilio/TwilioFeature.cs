using System.Net;
using CityMonitor.Simulator.Control;
using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Twilio.Calls;
using CityMonitor.Simulator.Twilio.Conferences;
using CityMonitor.Simulator.Twilio.Lines;
using CityMonitor.Simulator.Twilio.Messages;
using CityMonitor.Simulator.Twilio.Streams;
using CityMonitor.Simulator.Twilio.Twiml;
using CityMonitor.Simulator.Twilio.Webhooks;

namespace CityMonitor.Simulator.Twilio;

/// <summary>The simulated Twilio: its services and its port.</summary>
static class TwilioFeature
{
    public static WebApplicationBuilder AddTwilio(this WebApplicationBuilder builder)
    {
        var settings = builder.Configuration.GetSection("Simulator:Twilio").Get<TwilioSettings>() ?? new TwilioSettings();
        if (settings.Problem() is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        var services = builder.Services;
        services.AddSingleton(settings);
        services.AddHttpClient(WebhookSender.ClientName)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.All,
            });
        services.AddSingleton<PhoneBook>();
        services.AddSingleton<WebhookSender>();
        services.AddHosted<OrderedWebhooks>();
        services.AddHosted<Pacer>();
        services.AddHosted<CallCentre>();
        services.AddSingleton<Func<CallCentre>>(provider => provider.GetRequiredService<CallCentre>);
        services.AddSingleton<CallBook>();
        services.AddSingleton<CallRate>();
        services.AddSingleton<CallRun>();
        services.AddSingleton<CallProgress>();
        services.AddSingleton<AnswerDetection>();
        services.AddSingleton<ConferenceBook>();
        services.AddSingleton<MessageBook>();
        services.AddSingleton<MediaFetch>();
        services.AddHosted<MessageCentre>();
        services.AddSingleton<TwimlFetcher>();
        services.AddSingleton<TwimlRun>();
        services.AddSingleton<TwimlVerbs>();
        services.AddSingleton<GatherVerb>();
        services.AddSingleton<ConnectVerb>();
        services.AddSingleton<DialVerb>();
        services.AddSingleton<PlayVerb>();
        return builder;
    }

    public static WebApplication MapTwilio(this WebApplication app)
    {
        app.Services.GetRequiredService<PhoneBook>().Load();
        var accounts = app.MapPort(app.Services.GetRequiredService<VendorPorts>().Twilio)
            .MapGroup("/2010-04-01/Accounts")
            .DisableAntiforgery()
            .AddEndpointFilter<RouteGroupBuilder, TwilioAuth>();
        accounts.MapAccount();
        var account = accounts.MapGroup("/{account}");
        account.MapCalls();
        account.MapStreams();
        account.MapConferences();
        account.MapMessages();
        return app;
    }

    static void AddHosted<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }
}
