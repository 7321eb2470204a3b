using CityMonitor.Simulator.Faults;
using Microsoft.AspNetCore.Routing.Matching;

namespace CityMonitor.Simulator.Control;

/// <summary>Which port serves whom. Configuration section <c>Simulator:Ports</c>.</summary>
sealed class VendorPorts
{
    public int Control { get; init; } = 5090;

    public int Twilio { get; init; } = 5091;

    public int Deepgram { get; init; } = 5092;

    public int Freshdesk { get; init; } = 5093;

    public int OpenAI { get; init; } = 5094;

    public int ElevenLabs { get; init; } = 5095;

    public IReadOnlyList<(string Name, int Port)> All =>
        [("Control", Control), ("Twilio", Twilio), ("Deepgram", Deepgram), ("Freshdesk", Freshdesk), ("OpenAI", OpenAI), ("ElevenLabs", ElevenLabs)];

    /// <summary>Whose faults apply to a request; null for the control port, which never fails on purpose.</summary>
    public string? FaultTargetOf(HttpContext context)
    {
        var port = context.Connection.LocalPort;
        return port == Twilio ? FaultTarget.Twilio
            : port == Freshdesk ? FaultTarget.Freshdesk
            : port == OpenAI ? FaultTarget.OpenAI
            : port == ElevenLabs ? context.Request.Path.StartsWithSegments("/v1/speech-to-text") ? FaultTarget.ElevenLabsListen : FaultTarget.ElevenLabsSpeak
            : port != Deepgram ? null
            : context.Request.Path.StartsWithSegments("/v1/agent") ? FaultTarget.DeepgramAgent
            : context.Request.Path.Value is "/v1/listen" or "/v2/listen" ? FaultTarget.DeepgramListen
            : FaultTarget.DeepgramSpeak;
    }

    /// <summary>What is wrong with the ports, or null.</summary>
    public string? Problem()
    {
        foreach (var (name, port) in All)
        {
            if (port is < 1 or > 65535)
            {
                return $"Simulator:Ports:{name} must be a TCP port from 1 to 65535, for example 5090; it is {port}.";
            }
        }

        var twice = All.GroupBy(entry => entry.Port).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? null
            : $"Simulator:Ports must all differ; {twice.Key} is used for {string.Join(" and ", twice.Select(entry => entry.Name))}.";
    }
}

/// <summary>Marks an endpoint as belonging to one listening port.</summary>
sealed record PortMetadata(int Port);

static class VendorRouting
{
    /// <summary>A group of endpoints that exists on one port only, so that each vendor's paths are exactly the vendor's.</summary>
    public static RouteGroupBuilder MapPort(this IEndpointRouteBuilder endpoints, int port)
    {
        var group = endpoints.MapGroup("");
        group.WithMetadata(new PortMetadata(port));
        return group;
    }
}

/// <summary>Rules out the endpoints of every port but the one that the connection came in on.</summary>
sealed class PortMatcherPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    // Before the method policy (order -1000), which would answer 405 for a path that another vendor has.
    public override int Order => -2000;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<PortMetadata>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            var metadata = candidates[i].Endpoint.Metadata.GetMetadata<PortMetadata>();
            if (metadata is not null && metadata.Port != httpContext.Connection.LocalPort)
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }
}
