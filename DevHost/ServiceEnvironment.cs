namespace CityMonitor.Hosting;

/// <summary>The environment of each process: addresses of the others, and the credentials of the vendors that it alone holds.</summary>
sealed class ServiceEnvironment(CityOptions options, Ports ports, IReadOnlyList<VendorChoice> vendors, string redis, string transcripts)
{
    readonly string webhookSecret = Guid.NewGuid().ToString("N");

    public IReadOnlyDictionary<string, string?> Of(ServiceSpec service, int port, string publicMedia)
    {
        var environment = Common(service.Resource);
        environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        environment[Variable(Topology.RedisKey)] = redis;
        if (Vendor("Twilio").Simulated)
        {
            environment[Variable(Topology.PublicTelephony)] = ports.Url(Topology.TelephonyApi.Project);
            environment[Variable(Topology.PublicMedia)] = publicMedia;
        }

        foreach (var choice in vendors)
        {
            Credentials(environment, choice, holds: service.Holds.Contains(choice.Vendor.Name));
        }

        if (service == Topology.AgentWorker && VendorChoice.Find(options.Settings, [Variable(Topology.TranscriptsKey)]) is null)
        {
            environment[Variable(Topology.TranscriptsKey)] = transcripts;
        }

        if (service == Topology.AgentWorker && ModelIsOff(vendors))
        {
            environment["OpenAI__Model"] = "off";
        }

        if (service == Topology.AgentWorker && Vendor("Twilio").Simulated && !options.Settings.Keys.Any(key => key.Replace("__", ":", StringComparison.Ordinal) == Topology.OnDutyKey))
        {
            environment[Variable(Topology.OnDutyKey)] = Topology.SimulatedOnDuty;
        }

        if (service == Topology.TelephonyApi && Vendor("Freshdesk").Simulated)
        {
            environment[Variable(Topology.WebhookSecret)] = webhookSecret;
        }

        return Override(environment, service.Project);
    }

    public IReadOnlyDictionary<string, string?> OfSimulator()
    {
        var environment = Common(Topology.Simulator.Resource);
        environment["Logging__Console__FormatterName"] = "simple";
        environment["Logging__Console__FormatterOptions__SingleLine"] = "true";
        environment["Logging__Console__FormatterOptions__TimestampFormat"] = "HH:mm:ss.fff ";
        environment["Simulator__Ports__Control"] = $"{ports[Topology.Simulator.Project]}";
        foreach (var choice in vendors)
        {
            environment[$"Simulator__Ports__{choice.Vendor.Name}"] = $"{ports[choice.Vendor.Name]}";
            Credentials(environment, choice, holds: false);
        }

        environment["Simulator__VoiceUrl"] = ports.Url(Topology.TelephonyApi.Project) + "/twilio/incoming";
        environment["Simulator__VoiceFallbackUrl"] = ports.Url(Topology.TelephonyApi.Project) + "/twilio/fallback";
        environment["Simulator__StatusUrl"] = ports.Url(Topology.TelephonyApi.Project) + "/twilio/status";
        environment["Simulator__MessageUrl"] = ports.Url(Topology.TelephonyApi.Project) + "/twilio/message";
        // What the number's owner would type into Twilio's console.
        foreach (var (name, path) in Topology.NumberWebhooks)
        {
            environment[$"Simulator__{name}"] = ports.Url(Topology.TelephonyApi.Project) + path;
        }

        environment["Simulator__Freshdesk__WebhookUrl"] = ports.Url(Topology.TelephonyApi.Project) + Topology.FreshdeskWebhookPath;
        environment["Simulator__Freshdesk__WebhookSecret"] = webhookSecret;
        return Override(environment, Topology.Simulator.Project);
    }

    Dictionary<string, string?> Common(string resource)
    {
        var environment = new Dictionary<string, string?>
        {
            ["ASPNETCORE_ENVIRONMENT"] = VendorChoice.Find(options.Settings, ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"]) ?? "Development",
            ["OTEL_SERVICE_NAME"] = resource,
            // Local calls may be cut: nobody wants to wait for a drain behind Ctrl-C.
            ["Drain__Timeout"] = "00:00:05",
            // Many processes on a few cores: a thread that spins while it waits for work takes the time of one that has some.
            ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0",
        };

        // What stands in a .env file is not in our own environment and has to be handed on.
        foreach (var (name, value) in options.Settings)
        {
            environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        // The aliases that would say the same once more, under a name that means something else to a service.
        environment["PORT"] = null;
        return environment;
    }

    void Credentials(Dictionary<string, string?> environment, VendorChoice choice, bool holds)
    {
        foreach (var setting in choice.Vendor.Settings)
        {
            foreach (var alias in setting.Aliases)
            {
                environment[alias] = null;
            }

            environment[setting.Variable] = !holds ? null
                : choice.Simulated ? setting.Simulated
                : choice.Given.GetValueOrDefault(setting.Variable);
        }

        foreach (var (key, scheme, path) in choice.Simulated && holds ? choice.Vendor.BaseUrls : [])
        {
            environment[Variable(key)] = ports.Url(choice.Vendor.Name, scheme) + path;
        }
    }

    Dictionary<string, string?> Override(Dictionary<string, string?> environment, string project)
    {
        foreach (var (name, value) in options.Environment.GetValueOrDefault("*", none).Concat(options.Environment.GetValueOrDefault(project, none)))
        {
            environment[name] = value;
        }

        return environment;
    }

    /// <summary>A simulated model must not guess about real tickets: without a real one there is none, and the operator gets what is missing.</summary>
    public static bool ModelIsOff(IReadOnlyList<VendorChoice> vendors) =>
        vendors.Single(choice => choice.Vendor.Name == "OpenAI").Simulated && !vendors.Single(choice => choice.Vendor.Name == "Freshdesk").Simulated;

    VendorChoice Vendor(string name) => vendors.Single(choice => choice.Vendor.Name == name);

    static string Variable(string key) => key.Replace(":", "__", StringComparison.Ordinal);

    static readonly IReadOnlyDictionary<string, string> none = new Dictionary<string, string>();
}
