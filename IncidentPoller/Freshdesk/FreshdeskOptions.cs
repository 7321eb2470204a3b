using System.Text.RegularExpressions;
using CityMonitor.IncidentPoller.Parsing;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>Section Freshdesk. Domain, ApiKey and BaseUrl are read by the vendor endpoint.</summary>
sealed partial class FreshdeskOptions : ICheckedOptions
{
    /// <summary>Time from one look for changed tickets to the next; default 30 s. An automation webhook needs no waiting.</summary>
    public TimeSpan PollingInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Every open ticket is reported again this often; default 10 min. What a lost Redis costs at most, beyond one poll.</summary>
    public TimeSpan RepublishInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Country code of national numbers in tickets, for example +1. Not set: a national number is a problem, never guessed.</summary>
    public string? DefaultCountryCode { get; set; }

    /// <summary>Zone of times that are written without one; default UTC, for example Asia/Karachi.</summary>
    public string TimeZone { get; set; } = "UTC";

    /// <summary>Hosts whose evidence links are used though they are not public, separated by commas, for example nas.city.example:8443.</summary>
    public string? EvidenceHosts { get; set; }

    public TicketFieldNames Fields { get; set; } = new();

    public IEnumerable<string> Problems()
    {
        if (PollingInterval < TimeSpan.FromMilliseconds(100) || PollingInterval > TimeSpan.FromHours(1))
        {
            yield return $"Freshdesk:PollingInterval must be from 00:00:00.1 to 01:00:00, for example 00:00:30; found '{PollingInterval}'.";
        }

        if (RepublishInterval < TimeSpan.FromSeconds(1) || RepublishInterval > TimeSpan.FromHours(24))
        {
            yield return $"Freshdesk:RepublishInterval must be from 00:00:01 to 1.00:00:00, for example 00:10:00; found '{RepublishInterval}'.";
        }

        if (!string.IsNullOrWhiteSpace(DefaultCountryCode) && !CountryCode.IsMatch(DefaultCountryCode))
        {
            yield return $"Freshdesk:DefaultCountryCode must be '+' and 1 to 3 digits, for example +1; found '{DefaultCountryCode}'.";
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _))
        {
            yield return $"Freshdesk:TimeZone must be an IANA zone that this machine knows, for example Asia/Karachi; found '{TimeZone}'.";
        }

        foreach (var problem in Fields.Problems())
        {
            yield return problem;
        }
    }

    public ParsingOptions ForParsing(VendorEndpoint freshdesk)
    {
        var trusted = new HashSet<string>(
            (EvidenceHosts ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), StringComparer.OrdinalIgnoreCase);
        if (freshdesk.Simulated)
        {
            trusted.Add(freshdesk.BaseUrl.Authority); // the Simulator serves its evidence itself, on this machine
            trusted.Add($"localhost:{freshdesk.BaseUrl.Port}");
        }

        var code = string.IsNullOrWhiteSpace(DefaultCountryCode) ? null : DefaultCountryCode.TrimStart('+');
        return new ParsingOptions(Fields, code, TimeZoneInfo.FindSystemTimeZoneById(TimeZone), trusted);
    }

    [GeneratedRegex(@"^\+?[1-9]\d{0,2}$")]
    static partial Regex CountryCode { get; }
}

/// <summary>Internal names of the account's custom fields (GET /api/v2/ticket_fields shows them). Several names: separated by commas, the first filled one counts.</summary>
sealed class TicketFieldNames
{
    public string ResponderPhone { get; set; } = "cf_responder_phone,cf_phone";
    public string IncidentType { get; set; } = "cf_incident_type";
    public string Address { get; set; } = "cf_address,cf_location";
    public string Confidence { get; set; } = "cf_confidence";
    public string EvidenceUrls { get; set; } = "cf_evidence_urls,cf_evidence_url";
    public string CameraId { get; set; } = "cf_camera_id";
    public string DetectedAt { get; set; } = "cf_detected_at";

    internal IEnumerable<(TicketField Field, string[] Names)> ByField =>
    [
        (TicketField.ResponderPhone, Split(ResponderPhone)),
        (TicketField.IncidentType, Split(IncidentType)),
        (TicketField.Address, Split(Address)),
        (TicketField.Confidence, Split(Confidence)),
        (TicketField.EvidenceUrls, Split(EvidenceUrls)),
        (TicketField.CameraId, Split(CameraId)),
        (TicketField.DetectedAt, Split(DetectedAt)),
    ];

    /// <summary>Where a value is written: the first of the field's names.</summary>
    internal string? NameOf(TicketField field) => ByField.First(entry => entry.Field == field).Names.FirstOrDefault();

    internal IEnumerable<string> Names => ByField.SelectMany(entry => entry.Names);

    internal IEnumerable<string> Problems() =>
        from field in ByField
        where field.Names.Length == 0
        select $"Freshdesk:Fields:{field.Field} must name a custom field, for example cf_address.";

    static string[] Split(string names) => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
