using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Messages;
using CityMonitor.TelephonyApi.Records;
using CityMonitor.TelephonyApi.Status;
using CityMonitor.TelephonyApi.Twilio;
using CityMonitor.TelephonyApi.Webhooks;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi;

static class TelephonyRegistration
{
    /// <summary>
    /// One attempt, below Dialling:CreateTimeout: the queue, the watches and the message stream repeat what may be repeated, and each
    /// knows what it is about.
    /// </summary>
    static readonly VendorLimits limits = new(TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(7.5), Retries: 0);

    public static IHostApplicationBuilder AddTelephony(this IHostApplicationBuilder builder)
    {
        var vendor = builder.RequireEncrypted("PublicUrls:Telephony", "https://calls.example.org").AddVendor(Vendor.Twilio);
        if (!vendor.Simulated && string.IsNullOrWhiteSpace(builder.Configuration[$"{PublicUrlOptions.Section}:{nameof(PublicUrlOptions.Telephony)}"]))
        {
            throw new StartupProblemException(
            [
                "PublicUrls:Telephony must be the https URL at which Twilio reaches this service, for example PublicUrls__Telephony=https://calls.example.org; "
                + "for a trial run type `ngrok http 5000` (or `devtunnel host -p 5000 --allow-anonymous`) and set what it prints.",
            ]);
        }

        var services = builder.Services;
        services.AddCheckedOptions<TwilioOptions>(TwilioOptions.Section);
        services.AddCheckedOptions<PublicUrlOptions>(PublicUrlOptions.Section);
        services.AddCheckedOptions<CapacityOptions>(CapacityOptions.Section);
        services.AddCheckedOptions<DialOptions>(DialOptions.Section);
        services.AddCheckedOptions<EvidenceOptions>(EvidenceOptions.Section);
        services.PostConfigure<TwilioOptions>(twilio =>
        {
            twilio.AccountSid = vendor["Twilio:AccountSid"];
            twilio.AuthToken = vendor["Twilio:AuthToken"];
            twilio.PhoneNumber = vendor["Twilio:PhoneNumber"];
            twilio.BaseUrl = vendor.BaseUrl.ToString();
            twilio.Simulated = vendor.Simulated;
            twilio.WhatsAppFrom = vendor.Simulated && string.IsNullOrEmpty(twilio.WhatsAppFrom) ? twilio.PhoneNumber : twilio.WhatsAppFrom;
        });
        services.AddVendorClient<TwilioClient>(
            vendor.Mode.Vendor, (provider, http) => TwilioClient.Configure(http, provider.GetRequiredService<IOptions<TwilioOptions>>().Value), limits);

        services.AddSingleton<PublicUrls>().AddSingleton<ApiKeys>().AddSingleton<CallsReport>().AddSingleton<CallReports>().AddSingleton<CallEvents>().AddRateLimits().AddOpenApi();
        services.AddSingleton<DialStore>().AddSingleton<DialSignal>().AddSingleton<Dialler>().AddSingleton<DialPrimer>();
        services.AddSingleton<CallFacts>().AddSingleton<CallEnder>().AddSingleton<CallMover>();
        services.AddSingleton<DialReconciler>().AddSingleton<LiveCallWatch>().AddSingleton<MessageWatch>();
        services.AddSingleton<RedisPatience>().AddSingleton<TwimlAnswer>().AddSingleton<CallbackIntake>().AddSingleton<BridgeChooser>().AddSingleton<StreamAnswers>().AddSingleton<CallRouter>().AddSingleton<InboundCalls>();
        services.AddSingleton<MessageStore>().AddSingleton<MessageStatuses>().AddSingleton<MessageSender>().AddSingleton<EvidenceLinks>().AddSingleton<EvidenceProbe>().AddSingleton<LinkScreening>().AddSingleton<InboundMessages>();
        services.AddSingleton<StreamErrors>().AddHostedService(provider => provider.GetRequiredService<StreamErrors>());
        services.AddHostedService<DialPump>().AddHostedService<TelephonyWatch>().AddHostedService<BridgeWatch>().AddSingleton<CapacityWatch>().AddHostedService(provider => provider.GetRequiredService<CapacityWatch>());
        services.AddWorkStream<TelephonyHandler>(Keys.Telephony, TelephonyHandler.Concurrency);
        return builder;
    }

    public static WebApplication MapTelephony(this WebApplication app)
    {
        if (app.Services.GetRequiredService<PublicUrls>().Prefix is { Length: > 0 } prefix)
        {
            app.UsePathBase(prefix);
            app.UseRouting();
        }

        app.UseRateLimiter();
        app.MapGroup("/twilio").WithTags("Twilio").AddEndpointFilter<SignedByTwilio>().MapVoice().MapCallStatus().MapMessages();
        app.MapGroup("").WithTags("Twilio").AddEndpointFilter<SignedByTwilio>().MapAliases().MapStatusAliases();
        app.MapFreshdesk();
        app.MapCalls();
        app.MapService();
        app.MapEvents();
        app.MapErasure();
        app.MapOpenApi();
        return app;
    }
}
