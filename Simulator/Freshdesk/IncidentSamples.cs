using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Control;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>What the camera network saw: the facts of a sample ticket. Whatever is null is left out of the ticket.</summary>
sealed record CameraIncident
{
    public string? ResponderPhone { get; init; }
    public string? IncidentType { get; init; } = "Vehicle collision";
    public string? Address { get; init; } = "Harbour Road and 5th Street";
    public string? Camera { get; init; } = "CAM-0412";
    public double? Confidence { get; init; } = 0.95;
    public int Images { get; init; } = 2;
    public int Priority { get; init; } = 4;
    public string Description { get; init; } = "Two cars collided at the crossing. One lane is blocked and one person is lying beside a car.";
}

/// <summary>Files incident tickets as camera networks do: with custom fields, or with the six-line subject.</summary>
sealed class IncidentSamples(TicketStore store, VendorPorts ports, IOptions<FreshdeskOptions> options)
{
    static readonly Contact Camera = new(8001, "Camera AI", "camera-ai@example.com", null);

    /// <summary>A ticket whose facts are in the custom fields <c>cf_*</c>.</summary>
    public Ticket WithCustomFields(CameraIncident incident)
    {
        var now = store.Now;
        var given = new Dictionary<string, JsonNode?>
        {
            ["cf_responder_phone"] = incident.ResponderPhone,
            ["cf_incident_type"] = incident.IncidentType,
            ["cf_address"] = incident.Address,
            ["cf_camera_id"] = incident.Camera,
            ["cf_confidence"] = incident.Confidence,
            ["cf_detected_at"] = Json.Time(now),
            ["cf_evidence_urls"] = incident.Images == 0 ? null : string.Join('\n', Images(incident)),
        };
        var fields = given.Where(f => f.Value is not null)
            .ToImmutableSortedDictionary(f => f.Key, f => JsonElement.Parse(f.Value!.ToJsonString()));
        return store.Create(Camera, t => t with
        {
            Subject = $"{incident.IncidentType ?? "Incident"} at {incident.Address ?? "an unknown place"}",
            Description = $"<div>{System.Net.WebUtility.HtmlEncode(incident.Description)}</div>",
            Priority = incident.Priority,
            Type = "Incident",
            Tags = ["camera-ai"],
            CustomFields = fields,
        });
    }

    /// <summary>
    /// A ticket whose facts are six numbered lines in its subject, the phone without its plus:
    /// <code>
    /// 1. Incident Type: Vehicle collision
    /// 2. Address: Harbour Road and 5th Street
    /// 3. Phone: 12025550123
    /// 4. Confidence Score: 95%
    /// 5. Image URL: "http://127.0.0.1:5093/evidence/CAM-0412-1.jpg"
    /// 6. Incident Time: 2026-03-01 09:15:00
    /// </code>
    /// </summary>
    public Ticket WithSubjectLines(CameraIncident incident)
    {
        var lines = new[]
        {
            Line(1, "Incident Type", incident.IncidentType),
            Line(2, "Address", incident.Address),
            Line(3, "Phone", incident.ResponderPhone?.TrimStart('+')),
            Line(4, "Confidence Score", incident.Confidence is { } confidence ? string.Create(CultureInfo.InvariantCulture, $"{confidence * 100:0}%") : null),
            Line(5, "Image URL", incident.Images == 0 ? null : $"\"{Images(incident).First()}\""),
            Line(6, "Incident Time", store.Now.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
        };
        return store.Create(Camera, t => t with
        {
            Subject = string.Join('\n', lines.Where(l => l is not null)),
            Description = $"<div>{System.Net.WebUtility.HtmlEncode(incident.Description)}</div>",
            Priority = incident.Priority,
            Tags = ["camera-ai"],
        });
    }

    string BaseUrl => (options.Value.PublicUrl ?? $"http://127.0.0.1:{ports.Freshdesk}").TrimEnd('/');

    IEnumerable<string> Images(CameraIncident incident) =>
        Enumerable.Range(1, incident.Images).Select(n => $"{BaseUrl}/evidence/{incident.Camera ?? "CAM-0000"}-{n}.jpg");

    static string? Line(int number, string label, string? value) => value is null ? null : $"{number}. {label}: {value}";
}
