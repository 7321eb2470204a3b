using CityMonitor.MediaBridge.Speech;
using CityMonitor.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.MediaBridge.Tests.Speech;

/// <summary>ElevenLabs is a spare: there or not there, but never a simulated voice in a real call.</summary>
public sealed class SpareVendorTests
{
    [Theory]
    [InlineData("Development", "", "", true)]
    [InlineData("Development", "simulator", "", true)]
    [InlineData("Development", "real", "", false)]
    [InlineData("Development", "real", "simulator", false)]
    [InlineData("Development", "real", "real", true)]
    [InlineData("Production", "real", "", false)]
    [InlineData("Production", "real", "simulator", false)]
    [InlineData("Production", "real", "real", true)]
    public void Without_a_key_it_is_absent_wherever_calls_are_real(string environment, string deepgram, string elevenLabs, bool there)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = "127.0.0.1:1",
            ["PublicUrls:Media"] = "wss://media.example.org",
            ["Deepgram:ApiKey"] = deepgram,
            ["ElevenLabs:ApiKey"] = elevenLabs,
            ["ElevenLabs:BaseUrl"] = "",
        });
        builder.AddCityMonitor("MediaBridge");
        builder.AddMediaBridge();

        Assert.Equal(there, builder.Services.Any(service => service.ServiceType == typeof(ElevenLabsEndpoint)));
        Assert.Equal(there ? 4 : 2, builder.Services.Count(service => service.ServiceType == typeof(IEarMaker)));
    }
}
