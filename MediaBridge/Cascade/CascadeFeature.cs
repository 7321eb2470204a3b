using CityMonitor.MediaBridge.Speech;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>What the cascade engine is made of.</summary>
static class CascadeFeature
{
    public static void AddCascade(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddCheckedOptions<CascadeOptions>("Cascade");
        services.AddCheckedOptions<ElevenLabsOptions>("ElevenLabs");
        services.AddVendorClient<SpeechHttp>("Speech", static (_, _) => { }, SpeechHttp.Limits);
        services.AddSingleton<IEarMaker, DeepgramEar>().AddSingleton<IEarMaker, FluxEar>();
        services.AddSingleton<IVoiceMaker, DeepgramVoices>();
        services.AddSingleton<PhraseVoices>();
        services.AddSingleton<CascadeFactory>();
        if (HasElevenLabs(builder))
        {
            AddElevenLabs(builder);
        }
    }

    static void AddElevenLabs(IHostApplicationBuilder builder)
    {
        var vendor = builder.AddVendor(Vendor.ElevenLabs);
        var services = builder.Services;
        services.AddSingleton(new ElevenLabsEndpoint(
            vendor.BaseUrl, new UriBuilder(vendor.BaseUrl) { Scheme = vendor.BaseUrl.Scheme is "https" or "wss" ? "wss" : "ws" }.Uri, vendor["ElevenLabs:ApiKey"]));
        services.AddVendorClient<ScribeClient>("ElevenLabs", static (provider, http) =>
        {
            var elevenLabs = provider.GetRequiredService<ElevenLabsEndpoint>();
            http.BaseAddress = elevenLabs.Http;
            http.DefaultRequestHeaders.Add("xi-api-key", elevenLabs.ApiKey);
        }, ScribeClient.Limits);
        services.AddSingleton<IEarMaker, ScribeEar>().AddSingleton<IEarMaker, ScribeBatchEar>();
        services.AddSingleton<IVoiceMaker, ElevenLabsVoices>();
    }

    /// <summary>A second voice is a spare: without a key of its own real calls do with Deepgram alone, and only where all is simulated is it simulated too.</summary>
    static bool HasElevenLabs(IHostApplicationBuilder builder) =>
        VendorEndpoint.HasCredentials(builder.Configuration, Vendor.ElevenLabs)
        || (!builder.Environment.IsProduction() && !VendorEndpoint.HasCredentials(builder.Configuration, Vendor.Deepgram));
}
