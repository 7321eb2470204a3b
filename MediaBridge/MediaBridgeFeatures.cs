using CityMonitor.MediaBridge.Deepgram;
using CityMonitor.MediaBridge.Directory;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Sessions;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge;

/// <summary>What this service is made of.</summary>
static class MediaBridgeFeatures
{
    public static void AddMediaBridge(this IHostApplicationBuilder builder)
    {
        var deepgram = builder.RequireEncrypted("PublicUrls:Media", "wss://media.example.org").AddVendor(Vendor.Deepgram);
        var endpoint = new DeepgramEndpoint(
            deepgram.BaseUrl, deepgram.Url("Deepgram:AgentBaseUrl", "wss://agent.deepgram.com", "ws://127.0.0.1:5092"), deepgram["Deepgram:ApiKey"], deepgram.Simulated);

        var services = builder.Services;
        services.AddSingleton(endpoint);
        services.AddCheckedOptions<DeepgramOptions>("Deepgram");
        services.AddCheckedOptions<TurnsOptions>("Turns");
        services.AddCheckedOptions<BridgeOptions>("Media");
        services.AddSingleton<IValidateOptions<BridgeOptions>, DrainTime.Validation>().AddSingleton<DrainTime>();
        services.AddCheckedOptions<CapacityOptions>("Capacity");
        services.AddCheckedOptions<PublicUrlOptions>("PublicUrls");

        services.AddVendorClient<SpeakClient>("Deepgram", static (provider, http) =>
        {
            var deepgram = provider.GetRequiredService<DeepgramEndpoint>();
            http.BaseAddress = deepgram.Speak;
            http.DefaultRequestHeaders.Add("Authorization", $"Token {deepgram.ApiKey}");
        }, SpeakClient.Limits);
        services.AddSingleton<PhraseBook>();
        services.AddSingleton<IConversationEngineFactory, DeepgramAgentFactory>();

        services.AddSingleton<LiveStreams>();
        services.AddSingleton<Rehearsal>();
        services.AddReadiness("rehearsal", static (provider, _) => Task.FromResult(provider.GetRequiredService<Rehearsal>().IsOver));
        services.AddSingleton<StreamAdmission>();
        services.AddSingleton<CallStreams>();
        services.AddHostedService<StreamClock>();
        services.AddSingleton<BridgeDirectory>();
        services.AddHostedService(static provider => provider.GetRequiredService<BridgeDirectory>());
        services.AddHostedService<StreamDrain>();

        services.AddWorkStream<GreetingPreparation>(Keys.Media);
        services.AddSpeechStream<LiveStreams>();
    }
}
