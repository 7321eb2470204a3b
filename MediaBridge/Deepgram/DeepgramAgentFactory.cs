using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Deepgram;

/// <summary>Opens connections to Deepgram's voice agent.</summary>
sealed class DeepgramAgentFactory(DeepgramEndpoint endpoint, IOptions<DeepgramOptions> options, TimeProvider clock, ILogger<DeepgramAgent> log)
    : IConversationEngineFactory
{
    readonly Uri url = new(endpoint.Agent.ToString().TrimEnd('/') + "/v1/agent/converse");

    int open;

    public async Task<IConversationEngine> OpenAsync(CallSession session, IReadOnlyList<HistoryEntry> history, IEngineEvents events, CancellationToken ct)
    {
        if (Interlocked.Increment(ref open) > options.Value.MaxConcurrent && options.Value.MaxConcurrent > 0)
        {
            Close();
            BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", "deepgram"), BridgeTelemetry.Tag("error.type", "max-concurrent"));
            throw new EngineRefusedException($"All {options.Value.MaxConcurrent} agents of Deepgram:MaxConcurrent are in use.", final: true);
        }

        try
        {
            return await ConnectAsync(session, history, events, ct);
        }
        catch
        {
            Close();
            throw;
        }
    }

    void Close() => Interlocked.Decrement(ref open);

    async Task<DeepgramAgent> ConnectAsync(CallSession session, IReadOnlyList<HistoryEntry> history, IEngineEvents events, CancellationToken ct)
    {
        var socket = await VendorSocket.ConnectAsync(DeepgramAgent.Vendor, url, ("Authorization", $"Token {endpoint.ApiKey}"), clock, log, ct);
        var agent = new DeepgramAgent(socket, AgentSettings.Settings(session, history, options.Value), events, log);
        try
        {
            await agent.StartAsync(ct);
            agent.Left = Close;
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }
}
