using Microsoft.Extensions.Configuration;

namespace CityMonitor.ServiceDefaults.Tests;

public sealed class AliasTests
{
    public static TheoryData<string, string, string, string> Aliases => new()
    {
        { "TWILIO_ACCOUNT_SID", "AC1", "Twilio:AccountSid", "AC1" },
        { "TWILIO_AUTH_TOKEN", "secret", "Twilio:AuthToken", "secret" },
        { "TWILIO_PHONE_NUMBER", "+12025550100", "Twilio:PhoneNumber", "+12025550100" },
        { "TWILIO_WHATSAPP_FROM", "+12025550100", "Twilio:WhatsAppFrom", "+12025550100" },
        { "WEBHOOK_URL", "https://city.example.org/base/twilio/incoming", "PublicUrls:Telephony", "https://city.example.org/base" },
        { "PUBLIC_URL", "https://city.example.org/", "PublicUrls:Telephony", "https://city.example.org" },
        { "BASE_URL", "city.example.org", "PublicUrls:Telephony", "https://city.example.org" },
        { "WEBSOCKET_URL", "wss://media.example.org/media", "PublicUrls:Media", "wss://media.example.org/media" },
        { "DEEPGRAM_API_KEY", "k", "Deepgram:ApiKey", "k" },
        { "OPENAI_API_KEY", "k", "OpenAI:ApiKey", "k" },
        { "ELEVENLABS_API_KEY", "k", "ElevenLabs:ApiKey", "k" },
        { "ELEVEN_LABS_API_KEY", "k", "ElevenLabs:ApiKey", "k" },
        { "ELEVENLABS_API_KEY_GAL", "k", "ElevenLabs:ApiKey", "k" },
        { "ULTRAVOX_API_KEY", "k", "Ultravox:ApiKey", "k" },
        { "FRESHDESK_DOMAIN", "city", "Freshdesk:Domain", "city" },
        { "FRESHDESK_API_KEY", "k", "Freshdesk:ApiKey", "k" },
        { "API_KEY", "k", "Freshdesk:ApiKey", "k" },
        { "POLLING_INTERVAL", "45", "Freshdesk:PollingInterval", "00:00:45" },
        { "N8N_WEBHOOK_URL", "https://n8n.example.org/x", "N8n:WebhookUrl", "https://n8n.example.org/x" },
        { "GALTEA_API_KEY", "k", "Galtea:ApiKey", "k" },
        { "GALTEA_API_KEY_DEV", "k", "Galtea:ApiKey", "k" },
        { "PORT", "5050", "urls", "http://*:5050" },
    };

    [Theory]
    [MemberData(nameof(Aliases))]
    public void Every_alias_sets_its_canonical_key_and_never_overrides_it(string alias, string value, string key, string expected)
    {
        var service = alias switch { "PORT" => "TelephonyApi", _ => "IncidentPoller" };

        Assert.Equal(expected, Applied(service, (alias, value))[key]);
        Assert.Equal("canonical", Applied(service, (alias, value), (key, "canonical"))[key]);
    }

    [Fact]
    public void Every_alias_of_the_table_has_its_test() =>
        Assert.Equal(ConfigurationAliases.Table.Select(entry => entry.Alias).Order(), Aliases.Select(row => row.Data.Item1).Order());

    [Fact]
    public void The_configuration_page_lists_the_aliases_in_the_order_in_which_they_win()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CityMonitor.sln")))
        {
            folder = folder.Parent!;
        }

        var rows = File.ReadLines(Path.Combine(folder.FullName, "docs", "configuration.md")).SkipWhile(line => !line.StartsWith("## Names of the source systems", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')).Select(cells => (cells[1], cells[3]));

        Assert.Equal(ConfigurationAliases.Table.Select(entry => (entry.Alias, entry.Key)), rows);
    }

    [Theory]
    [InlineData("WEBHOOK_URL", "https://city.example.org/incoming")]
    [InlineData("WEBHOOK_URL", "city.example.org/twilio/incoming")]
    [InlineData("WEBSOCKET_URL", "https://media.example.org")]
    [InlineData("PUBLIC_URL", "wss://city.example.org")]
    [InlineData("POLLING_INTERVAL", "soon")]
    [InlineData("POLLING_INTERVAL", "0")]
    [InlineData("PORT", "99999")]
    public void A_wrong_alias_stops_the_start_and_names_rule_example_and_canonical_key(string alias, string value)
    {
        var error = Assert.Throws<StartupProblemException>(() => Applied("TelephonyApi", (alias, value)));

        var problem = Assert.Single(error.Problems);
        Assert.StartsWith(alias, problem, StringComparison.Ordinal);
        Assert.Contains("for example", problem, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", problem, StringComparison.Ordinal);
        Assert.Contains(ConfigurationAliases.Table.First(entry => entry.Alias == alias).Key, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_alias_does_not_matter_where_the_canonical_key_is_set() =>
        Assert.Equal("https://right.example.org", Applied("TelephonyApi", ("WEBHOOK_URL", "nonsense"), ("PublicUrls:Telephony", "https://right.example.org"))["PublicUrls:Telephony"]);

    [Fact]
    public void Port_and_api_key_mean_something_to_one_service_only()
    {
        Assert.Null(Applied("MediaBridge", ("PORT", "5000"))["urls"]);
        Assert.Null(Applied("TelephonyApi", ("API_KEY", "k"))["Freshdesk:ApiKey"]);
    }

    static ConfigurationManager Applied(string service, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        ConfigurationAliases.Apply(configuration, service);
        return configuration;
    }
}
