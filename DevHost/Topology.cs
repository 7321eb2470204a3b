namespace CityMonitor.Hosting;

/// <summary>One of our processes.</summary>
/// <param name="Project">The project, and the name on its log lines: AgentWorker.</param>
/// <param name="Resource">Its name as a resource of the Aspire app model and in telemetry: agent-worker.</param>
/// <param name="Port">Its default local HTTP port.</param>
/// <param name="External">Reached from outside: webhooks or media.</param>
/// <param name="Holds">The vendors whose credentials it alone gets.</param>
sealed record ServiceSpec(string Project, string Resource, int Port, bool External, params string[] Holds);

/// <summary>One setting of a vendor.</summary>
/// <param name="Key">Canonical configuration key, for example Twilio:AuthToken.</param>
/// <param name="Simulated">Its value while the Simulator serves the vendor; null where it is then left alone.</param>
/// <param name="Secret">Never shown.</param>
/// <param name="Description">What it is and where to find it, for whoever has to fill it in.</param>
/// <param name="Aliases">Environment names of the five source systems that mean the same.</param>
sealed record SettingSpec(string Key, string? Simulated, bool Secret, string Description, params string[] Aliases)
{
    /// <summary>Without any of its credentials a vendor is simulated; with some but not all of what is required nothing starts.</summary>
    public bool Credential { get; init; } = true;

    public bool Required { get; init; } = true;

    /// <summary>The key as an environment variable: Twilio__AuthToken.</summary>
    public string Variable => Key.Replace(":", "__", StringComparison.Ordinal);

    /// <summary>The key as the name of an Aspire parameter: twilio-auth-token.</summary>
    public string Parameter => string.Join('-', Key.Split(':').Select(Kebab));

    // A capital begins a word unless it stands between capitals: ApiKey is api-key, OpenAI is open-ai.
    static string Kebab(string name) => string.Concat(name.Select((c, i) =>
        i > 0 && char.IsUpper(c) && !char.IsUpper(name[i - 1]) ? $"-{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}

/// <param name="Port">The Simulator's default port for this vendor.</param>
/// <param name="BaseUrls">Keys that point at the Simulator's port while it serves the vendor, with the URL's scheme and path.</param>
sealed record VendorSpec(string Name, string Does, int Port, IReadOnlyList<SettingSpec> Settings, IReadOnlyList<(string Key, string Scheme, string Path)> BaseUrls)
{
    /// <summary>The vendor that this one is a spare for: without credentials it is simulated only where that one is too, and else left out.</summary>
    public string? SpareFor { get; init; }
}

/// <summary>
/// The names of resources, ports and keys that the Aspire AppHost and the DevHost share. Both compile this file, so what runs under
/// one is what runs under the other.
/// </summary>
static class Topology
{
    public const string Redis = "redis";
    public const int RedisPort = 6390;
    public const string RedisKey = "ConnectionStrings:redis";
    public const string PublicTelephony = "PublicUrls:Telephony";
    public const string PublicMedia = "PublicUrls:Media";
    public const string TranscriptsKey = "Transcripts:Directory";
    public const string WebhookSecret = "Freshdesk:WebhookSecret";

    /// <summary>Who is phoned about what callers report; a phone of scenarios/phones while phones are simulated.</summary>
    public const string OnDutyKey = "Reception:Responder";
    public const string SimulatedOnDuty = "+12025550182";

    /// <summary>Where a Freshdesk automation tells TelephonyApi about a new or changed ticket.</summary>
    public const string FreshdeskWebhookPath = "/freshdesk/ticket";

    /// <summary>What the owner of a Twilio number types into its console: settings of the Simulator, and paths of TelephonyApi.</summary>
    public static IReadOnlyList<(string Name, string Path)> NumberWebhooks { get; } =
        [("VoiceUrl", "/twilio/incoming"), ("VoiceFallbackUrl", "/twilio/fallback"), ("StatusUrl", "/twilio/status"), ("MessageUrl", "/twilio/message")];

    public const string Live = "/health";
    public const string Ready = "/ready";

    /// <summary>AOF, fsync each second; nothing is ever evicted: what is in Redis is the state of live calls.</summary>
    public static IReadOnlyList<string> RedisArguments { get; } =
        ["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--save", ""];

    public static ServiceSpec IncidentPoller { get; } = new("IncidentPoller", "incident-poller", 5101, External: false, "Freshdesk");
    public static ServiceSpec AgentWorker { get; } = new("AgentWorker", "agent-worker", 5102, External: false, "OpenAI");
    public static ServiceSpec TelephonyApi { get; } = new("TelephonyApi", "telephony-api", 5000, External: true, "Twilio");
    public static ServiceSpec MediaBridge { get; } = new("MediaBridge", "media-bridge", 8080, External: true, "Deepgram", "ElevenLabs");

    public static IReadOnlyList<ServiceSpec> Services { get; } = [IncidentPoller, AgentWorker, TelephonyApi, MediaBridge];

    /// <summary>Every vendor without credentials, and every phone.</summary>
    public static ServiceSpec Simulator { get; } = new("Simulator", "simulator", 5090, External: false);

    public static IReadOnlyList<VendorSpec> Vendors { get; } =
    [
        new("Twilio", "phone calls, WhatsApp and SMS", 5091,
        [
            new("Twilio:AccountSid", "AC00000000000000000000000000000001", Secret: false, "Twilio account SID, `AC` and 32 hex digits: console.twilio.com, Account Info", "TWILIO_ACCOUNT_SID"),
            new("Twilio:AuthToken", "simulator", Secret: true, "Twilio auth token: console.twilio.com, Account Info", "TWILIO_AUTH_TOKEN"),
            new("Twilio:PhoneNumber", "+12025550100", Secret: false, "The Twilio number that calls go out from, E.164, for example +12025550100", "TWILIO_PHONE_NUMBER") { Credential = false },
            new("Twilio:WhatsAppFrom", "+12025550100", Secret: false, "The WhatsApp sender, E.164; without it evidence goes by SMS", "TWILIO_WHATSAPP_FROM") { Credential = false, Required = false },
            new("Twilio:WhatsAppTemplateSid", "HX00000000000000000000000000000001", Secret: false, "The approved WhatsApp template (`HX...`) for a first message; without it evidence goes by SMS to whom never wrote") { Credential = false, Required = false },
        ],
        [("Twilio:BaseUrl", "http", "")]),
        new("Deepgram", "speech and conversation", 5092,
            [new("Deepgram:ApiKey", "simulator", Secret: true, "Deepgram API key: console.deepgram.com, API Keys", "DEEPGRAM_API_KEY")],
            [("Deepgram:BaseUrl", "http", ""), ("Deepgram:AgentBaseUrl", "ws", "")]),
        new("Freshdesk", "incident tickets", 5093,
        [
            new("Freshdesk:Domain", "simulator.freshdesk.com", Secret: false, "Freshdesk domain, for example city.freshdesk.com", "FRESHDESK_DOMAIN") { Credential = false },
            new("Freshdesk:ApiKey", "simulator", Secret: true, "Freshdesk API key: Profile settings, View API key", "FRESHDESK_API_KEY", "API_KEY"),
        ],
        [("Freshdesk:BaseUrl", "http", "")]),
        new("OpenAI", "the model: conversations, and ticket fields that the parser missed", 5094,
            [new("OpenAI:ApiKey", "simulator", Secret: true, "OpenAI API key: platform.openai.com, API keys", "OPENAI_API_KEY")],
            [("OpenAI:BaseUrl", "http", "/v1")]),
        // Sockets of speech are at the same addresses as its requests, with ws for http.
        new("ElevenLabs", "a second voice and ear", 5095,
            [new("ElevenLabs:ApiKey", "simulator", Secret: true, "ElevenLabs API key: elevenlabs.io, Developers, API Keys; without it Deepgram alone speaks", "ELEVENLABS_API_KEY", "ELEVEN_LABS_API_KEY") { Required = false }],
            [("ElevenLabs:BaseUrl", "http", "")]) { SpareFor = "Deepgram" },
    ];
}
