using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Extraction;
using CityMonitor.AgentWorker.Flows;
using CityMonitor.AgentWorker.Reception;
using CityMonitor.AgentWorker.Sweep;
using CityMonitor.AgentWorker.Talk;
using CityMonitor.AgentWorker.Transcripts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker;

static class AgentFeatures
{
    public static void AddAgent(this WebApplicationBuilder builder)
    {
        builder.Services.AddCheckedOptions<DispatchOptions>(DispatchOptions.Section);
        builder.Services.AddCheckedOptions<FlowOptions>(FlowOptions.Section);
        builder.Services.AddCheckedOptions<OpenAiOptions>(OpenAiOptions.Section);
        builder.Services.AddCheckedOptions<SweepOptions>(SweepOptions.Section);
        builder.Services.AddSingleton(Model(builder));
        builder.Services.AddSingleton<TicketExtractor>();
        builder.Services.AddSingleton<FlowLibrary>();
        builder.Services.AddSingleton<FactReader>();
        builder.Services.AddCheckedOptions<TalkOptions>(TalkOptions.Section);
        builder.Services.AddSingleton<TalkStore>();
        builder.Services.AddSingleton<TalkModel>();
        builder.Services.AddSingleton<TalkSummary>();
        builder.Services.AddCheckedOptions<ReceptionOptions>(ReceptionOptions.Section);
        builder.Services.AddSingleton<IncidentHandler>();
        builder.Services.AddSingleton<ReceptionHandler>();
        builder.Services.AddAgentPartitions<RootHandler>();
        // A turn waits for nothing: what a dead worker left is taken as soon as it can be told from a slow one.
        builder.Services.AddWorkStream<AnswerHandler>(Keys.Model, builder.Configuration.GetValue("Talk:Concurrency", 200), abandonedSeconds: 3);
        builder.AddTranscripts();
        builder.Services.AddHostedService<SweepService>();
        // A flow that cannot be read is found now, not when the first incident needs it.
        builder.Services.AddHostedService<FlowCheck>();
    }

    /// <summary>The model is a help, not a must: without a key in Production there is none, and incomplete tickets go to the operator.</summary>
    static ModelEndpoint Model(WebApplicationBuilder builder) =>
        builder.Environment.IsProduction() && string.IsNullOrWhiteSpace(builder.Configuration["OpenAI:ApiKey"])
            ? new ModelEndpoint(null)
            : new ModelEndpoint(builder.AddVendor(Vendor.OpenAI));

    sealed class FlowCheck(FlowLibrary flows, IOptions<DispatchOptions> dispatch, IOptions<ReceptionOptions> reception) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            flows.Get(dispatch.Value.Flow);
            flows.Get(reception.Value.Flow, ReceptionToolBox.Names);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
