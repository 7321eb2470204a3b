using System.Net;
using System.Net.WebSockets;
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
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Token {endpoint.ApiKey}");
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(5);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(5);
        try
        {
            await socket.ConnectAsync(url, ct);
        }
        catch (WebSocketException error)
        {
            var refused = Refusal(socket, error);
            socket.Dispose();
            throw refused;
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var agent = new DeepgramAgent(socket, AgentSettings.Settings(session, history, options.Value), events, clock, log);
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

    static EngineRefusedException Refusal(ClientWebSocket socket, WebSocketException error)
    {
        var status = socket.HttpStatusCode;
        var reason = socket.HttpResponseHeaders?.TryGetValue("dg-error", out var values) == true ? string.Join(' ', values) : error.Message;
        BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", "deepgram"), BridgeTelemetry.Tag("error.type", (int)status));
        var final = status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.PaymentRequired or HttpStatusCode.Forbidden or HttpStatusCode.NotFound;
        return new EngineRefusedException($"Deepgram's agent refused the connection ({(int)status}): {reason}", final, error);
    }
}
