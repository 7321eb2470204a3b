using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.AgentWorker.Transcripts;

static class TranscriptFeature
{
    /// <summary>Records written side by side; a slow disk holds up other records alone.</summary>
    const int Concurrency = 4;

    public static void AddTranscripts(this WebApplicationBuilder builder)
    {
        builder.Services.AddCheckedOptions<TranscriptOptions>(TranscriptOptions.Section);
        builder.Services.AddSingleton<TranscriptFiles>().AddSingleton<CallRecords>().AddSingleton<CallErasure>().AddSingleton<Erasure>();
        builder.Services.AddWorkStream<RecordsHandler>(Keys.Records, Concurrency);
        builder.Services.AddHostedService<TranscriptSweep>();
    }
}
