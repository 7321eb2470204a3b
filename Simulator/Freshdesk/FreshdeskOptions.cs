using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>How the simulated Freshdesk account behaves. Section <c>Simulator:Freshdesk</c>.</summary>
sealed class FreshdeskOptions
{
    public const string Section = "Simulator:Freshdesk";

    /// <summary>The only key that is let in, as the user name of HTTP Basic. Default <c>simulator</c>.</summary>
    public string ApiKey { get; set; } = "simulator";

    /// <summary>Where the evidence images are reachable. Default: 127.0.0.1 and the port that Freshdesk is simulated on.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Where the automation rule posts on ticket creation and update. Empty: no rule is set up.</summary>
    public string? WebhookUrl { get; set; }

    /// <summary>The secret that the rule sends in the header <c>X-City-Monitor-Key</c>.</summary>
    public string? WebhookSecret { get; set; }

    /// <summary>Waits between the deliveries of a webhook that was not answered with 2xx. Default 5, 30 and 60 minutes.</summary>
    public TimeSpan[]? WebhookRetries { get; set; }

    /// <summary>Requests a minute for the whole account. Default 700, the Enterprise plan.</summary>
    public int RequestsPerMinute { get; set; } = 700;

    public int CreatesPerMinute { get; set; } = 280;

    public int UpdatesPerMinute { get; set; } = 280;

    public int ListsPerMinute { get; set; } = 200;

    /// <summary>Custom text fields that the account has besides the usual ones, for example <c>cf_district</c>.</summary>
    public string[] ExtraFields { get; set; } = [];

    /// <summary>Fields that must be filled before a ticket may be resolved or closed, for example <c>cf_outcome</c>.</summary>
    public string[] RequiredForClosure { get; set; } = [];
}

sealed class FreshdeskOptionsValidator : IValidateOptions<FreshdeskOptions>
{
    public ValidateOptionsResult Validate(string? name, FreshdeskOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (string.IsNullOrEmpty(options.ApiKey))
        {
            result.AddError("Simulator:Freshdesk:ApiKey must not be empty, for example 'simulator'.");
        }

        Url(nameof(options.PublicUrl), options.PublicUrl, "http://127.0.0.1:5093");
        Url(nameof(options.WebhookUrl), options.WebhookUrl, "http://127.0.0.1:5000/freshdesk/ticket");
        Limit(nameof(options.RequestsPerMinute), options.RequestsPerMinute, 700);
        Limit(nameof(options.CreatesPerMinute), options.CreatesPerMinute, 280);
        Limit(nameof(options.UpdatesPerMinute), options.UpdatesPerMinute, 280);
        Limit(nameof(options.ListsPerMinute), options.ListsPerMinute, 200);
        return result.Build();

        void Url(string key, string? value, string example)
        {
            if (!string.IsNullOrEmpty(value) && (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")))
            {
                result.AddError($"Simulator:Freshdesk:{key} must be an absolute http or https URL, for example '{example}'; it is '{value}'.");
            }
        }

        void Limit(string key, int value, int example)
        {
            if (value is < 1 or > 100_000)
            {
                result.AddError($"Simulator:Freshdesk:{key} must be 1 to 100000, for example {example}; it is {value}.");
            }
        }
    }
}
