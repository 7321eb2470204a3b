using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>How the simulated Freshdesk account behaves. Section <c>Simulator:Freshdesk</c>.</summary>
sealed class FreshdeskOptions
{
    public const string Section = "Simulator:Freshdesk";

    /// <summary>The only key that is let in, as the user name of HTTP Basic. Default <c>simulator</c>.</summary>
    [Required(ErrorMessage = "Simulator:Freshdesk:ApiKey must not be empty, for example 'simulator'.")]
    public string ApiKey { get; set; } = "simulator";

    /// <summary>Where the evidence images are reachable. Default: 127.0.0.1 and the port that Freshdesk is simulated on.</summary>
    [Url(ErrorMessage = "Simulator:Freshdesk:PublicUrl must be an absolute URL, for example 'http://127.0.0.1:5093'.")]
    public string? PublicUrl { get; set; }

    /// <summary>Where the automation rule posts on ticket creation and update. Empty: no rule is set up.</summary>
    [Url(ErrorMessage = "Simulator:Freshdesk:WebhookUrl must be an absolute URL, for example 'http://127.0.0.1:5000/freshdesk/ticket'.")]
    public string? WebhookUrl { get; set; }

    /// <summary>The secret that the rule sends in the header <c>X-City-Monitor-Key</c>.</summary>
    public string? WebhookSecret { get; set; }

    /// <summary>Waits between the deliveries of a webhook that was not answered with 2xx.</summary>
    public TimeSpan[] WebhookRetries { get; set; } =
        [TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(60)];

    /// <summary>Requests a minute for the whole account. Default 700, the Enterprise plan.</summary>
    [Range(1, 100_000, ErrorMessage = "Simulator:Freshdesk:RequestsPerMinute must be 1 to 100000, for example 700.")]
    public int RequestsPerMinute { get; set; } = 700;

    [Range(1, 100_000, ErrorMessage = "Simulator:Freshdesk:CreatesPerMinute must be 1 to 100000, for example 280.")]
    public int CreatesPerMinute { get; set; } = 280;

    [Range(1, 100_000, ErrorMessage = "Simulator:Freshdesk:UpdatesPerMinute must be 1 to 100000, for example 280.")]
    public int UpdatesPerMinute { get; set; } = 280;

    [Range(1, 100_000, ErrorMessage = "Simulator:Freshdesk:ListsPerMinute must be 1 to 100000, for example 200.")]
    public int ListsPerMinute { get; set; } = 200;

    /// <summary>Custom text fields that the account has besides the usual ones, for example <c>cf_district</c>.</summary>
    public string[] ExtraFields { get; set; } = [];

    /// <summary>Fields that must be filled before a ticket may be resolved or closed, for example <c>cf_outcome</c>.</summary>
    public string[] RequiredForClosure { get; set; } = [];
}

[OptionsValidator]
sealed partial class FreshdeskOptionsValidator : IValidateOptions<FreshdeskOptions>;
