using Aspire.Hosting.ApplicationModel;
using CityMonitor.Hosting;

namespace CityMonitor.AppHost;

static class ServiceResources
{
    const string Http = "http";

    /// <summary>One of our services: reference to Redis, its vendors, health by /ready, named links to its pages.</summary>
    public static IResourceBuilder<ProjectResource> AddService<TProject>(
        this IDistributedApplicationBuilder builder, ServiceSpec spec, CityRedis redis, IReadOnlyList<VendorParameters> vendors, IResourceBuilder<ProjectResource>? simulator)
        where TProject : IProjectMetadata, new()
    {
        var service = builder.AddProject<TProject>(spec.Resource)
            .WithHttpEndpoint(port: builder.ExecutionContext.IsRunMode ? spec.Port : null, name: Http)
            .WithHttpHealthCheck(Topology.Ready, endpointName: Http)
            .WithUrlForEndpoint(Http, url => url.DisplayText = spec.Project)
            .WithUrlForEndpoint(Http, (EndpointReference _) => new ResourceUrlAnnotation { Url = Topology.Ready, DisplayText = "Ready" })
            .WithUrlForEndpoint(Http, (EndpointReference _) => new ResourceUrlAnnotation { Url = Topology.Live, DisplayText = "Health" })
            .WithReference(redis.Connection)
            .WaitFor(redis.Ready)
            .WithVendors(spec, vendors, simulator);
        if (builder.ExecutionContext.IsRunMode)
        {
            // A project without a launch profile would run as Production, where nothing is simulated.
            service.WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName);
            if (spec == Topology.AgentWorker && vendors.Single(vendor => vendor.Vendor.Name == "Twilio").Simulated)
            {
                service.WithEnvironment(Topology.OnDutyKey.Replace(":", "__", StringComparison.Ordinal), builder.Configuration[Topology.OnDutyKey] ?? Topology.SimulatedOnDuty);
            }
        }

        return simulator is not null && vendors.Any(vendor => vendor.Simulated && spec.Holds.Contains(vendor.Vendor.Name)) ? service.WaitFor(simulator) : service;
    }

    /// <summary>
    /// The addresses that Twilio reaches us under: those of the configuration; else, while Twilio is simulated, the local ones; else
    /// parameters that the dashboard asks for.
    /// </summary>
    public static void AddPublicUrls(
        this IDistributedApplicationBuilder builder, IResourceBuilder<ProjectResource> telephony, IResourceBuilder<ProjectResource> media,
        IReadOnlyList<VendorParameters> vendors, IReadOnlyList<IResourceBuilder<ProjectResource>> services)
    {
        const string Telephony = "PublicUrls__Telephony";
        const string Media = "PublicUrls__Media";
        var local = vendors.Single(vendor => vendor.Vendor.Name == "Twilio").Simulated;
        if (local)
        {
            foreach (var service in services)
            {
                service.WithEnvironment(Telephony, telephony.GetEndpoint(Http))
                    .WithEnvironment(Media, ReferenceExpression.Create($"ws://{media.GetEndpoint(Http).Property(EndpointProperty.HostAndPort)}"));
            }

            return;
        }

        var publicTelephony = Parameter("public-telephony-url", Topology.PublicTelephony, "Public https URL of TelephonyApi, for example from a dev tunnel: `devtunnel host -p 5000 --allow-anonymous`");
        var publicMedia = Parameter("public-media-url", Topology.PublicMedia, "Public wss URL of MediaBridge, for example from a dev tunnel: `devtunnel host -p 8080 --allow-anonymous`");
        foreach (var service in services)
        {
            service.WithEnvironment(Telephony, publicTelephony).WithEnvironment(Media, publicMedia);
        }

        IResourceBuilder<ParameterResource> Parameter(string name, string key, string description) =>
            (builder.ExecutionContext.IsRunMode && builder.Configuration[key] is { Length: > 0 } value ? builder.AddParameter(name, () => value) : builder.AddParameter(name))
            .WithDescription(description, enableMarkdown: true);
    }

    /// <summary>Calls and messages to the simulated number arrive at TelephonyApi.</summary>
    public static void AddNumberWebhooks(this IResourceBuilder<ProjectResource>? simulator, IResourceBuilder<ProjectResource> telephony)
    {
        foreach (var (name, path) in Topology.NumberWebhooks)
        {
            simulator?.WithEnvironment($"Simulator__{name}", ReferenceExpression.Create($"{telephony.GetEndpoint(Http)}{path}"));
        }
    }

    /// <summary>A simulated Freshdesk tells TelephonyApi of new tickets at once, as an automation rule of a real account does.</summary>
    public static void AddTicketWebhook(
        this IDistributedApplicationBuilder builder, IResourceBuilder<ProjectResource> telephony, IResourceBuilder<ProjectResource>? simulator, IReadOnlyList<VendorParameters> vendors)
    {
        var variable = Topology.WebhookSecret.Replace(":", "__", StringComparison.Ordinal);
        if (simulator is not null && vendors.Single(vendor => vendor.Vendor.Name == "Freshdesk").Simulated)
        {
            var secret = Guid.NewGuid().ToString("N");
            telephony.WithEnvironment(variable, secret);
            simulator.WithEnvironment("Simulator__Freshdesk__WebhookUrl", ReferenceExpression.Create($"{telephony.GetEndpoint(Http)}{Topology.FreshdeskWebhookPath}"))
                .WithEnvironment("Simulator__Freshdesk__WebhookSecret", secret);
        }
        else if (builder.Configuration[Topology.WebhookSecret] is { Length: > 0 } given && builder.ExecutionContext.IsRunMode)
        {
            telephony.WithEnvironment(variable, builder.AddParameter("freshdesk-webhook-secret", () => given, secret: true)
                .WithDescription("The secret that the Freshdesk automation sends in the header X-City-Monitor-Key"));
        }
    }
}
