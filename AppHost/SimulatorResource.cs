using System.Net.Http;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using CityMonitor.Hosting;

namespace CityMonitor.AppHost;

static class SimulatorResource
{
    const string Control = "control";

    public static string EndpointOf(VendorSpec vendor) => vendor.Name.ToLowerInvariant();

    /// <summary>The simulated vendors and phones, with commands to raise an incident and to set faults; null where every vendor is real.</summary>
    public static IResourceBuilder<ProjectResource>? AddSimulator(this IDistributedApplicationBuilder builder, IReadOnlyList<VendorParameters> vendors)
    {
        if (builder.ExecutionContext.IsPublishMode || !vendors.Any(vendor => vendor.Simulated))
        {
            return null;
        }

        // The Simulator tells its vendors apart by port, so each has an endpoint of its own, without a proxy before it.
        var simulator = builder.AddProject<Projects.Simulator>(Topology.Simulator.Resource)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName)
            .WithHttpEndpoint(port: Topology.Simulator.Port, targetPort: Topology.Simulator.Port, name: Control, env: "Simulator__Ports__Control", isProxied: false)
            .WithHttpHealthCheck(Topology.Ready, endpointName: Control)
            .WithUrlForEndpoint(Control, url => url.DisplayText = "Phones, messages, tickets");
        foreach (var vendor in vendors.Select(vendor => vendor.Vendor))
        {
            simulator.WithHttpEndpoint(port: vendor.Port, targetPort: vendor.Port, name: EndpointOf(vendor), env: $"Simulator__Ports__{vendor.Name}", isProxied: false)
                .WithUrlForEndpoint(EndpointOf(vendor), url =>
                {
                    url.DisplayText = $"{vendor.Name} (simulated)";
                    url.DisplayLocation = UrlDisplayLocation.DetailsOnly;
                });
        }

        return simulator
            .WithControl(HttpMethod.Post, "/incidents", "{}", "raise-incident", "Raise an incident", "A camera files a ticket in the simulated Freshdesk; the phone of its responder rings.", "Alert", highlighted: true)
            .WithControl(HttpMethod.Put, "/faults/freshdesk", """{"status":503}""", "fault-freshdesk", "Freshdesk is down", "Every request is answered with 503 until the faults are cleared.", "PlugDisconnected")
            .WithControl(HttpMethod.Put, "/faults/twilio", """{"status":500,"match":"^POST "}""", "fault-twilio", "Twilio refuses", "Every create request is answered with 500 until the faults are cleared.", "CallProhibited")
            .WithControl(HttpMethod.Put, "/faults/deepgram-agent", """{"mute":true}""", "fault-mute", "Deepgram falls silent", "Sockets stay open and nothing comes, until the faults are cleared.", "MicOff")
            .WithControl(HttpMethod.Put, "/faults/deepgram-agent", """{"dropSocketsAfterMs":0}""", "fault-drop", "Deepgram drops its sockets", "Every open conversation breaks off now, and each new one at once.", "LinkDismiss")
            .WithControl(HttpMethod.Delete, "/faults", null, "clear-faults", "Clear all faults", "Every simulated vendor is healthy again.", "CheckmarkCircle");
    }

    static IResourceBuilder<ProjectResource> WithControl(
        this IResourceBuilder<ProjectResource> simulator, HttpMethod method, string path, string? body, string name, string title, string description, string icon, bool highlighted = false) =>
        simulator.WithHttpCommand(path, title, endpointName: Control, commandName: name, commandOptions: new HttpCommandOptions
        {
            Method = method,
            Description = description,
            IconName = icon,
            IsHighlighted = highlighted,
            PrepareRequest = context =>
            {
                context.Request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
                return Task.CompletedTask;
            },
        });
}
