using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.Freshdesk;

enum FieldKind { Text, Paragraph, Number, Decimal, Date, Checkbox, Dropdown }

sealed record CustomField(string Name, string Label, FieldKind Kind, params ImmutableArray<string> Choices);

/// <summary>The ticket form of the account: its statuses and custom fields, what they accept, and how <c>/ticket_fields</c> shows them.</summary>
sealed class FieldCatalog
{
    public static readonly ImmutableSortedDictionary<int, string> Statuses = new Dictionary<int, string>
    {
        [2] = "Open", [3] = "Pending", [4] = "Resolved", [5] = "Closed", [6] = "Waiting on Customer", [7] = "Waiting on Third Party",
    }.ToImmutableSortedDictionary();

    static readonly CustomField[] Usual =
    [
        new("cf_responder_phone", "Responder phone", FieldKind.Text),
        new("cf_responder_name", "Responder name", FieldKind.Text),
        new("cf_incident_type", "Incident type", FieldKind.Text),
        new("cf_address", "Address", FieldKind.Text),
        new("cf_zone", "Zone", FieldKind.Text),
        new("cf_camera_id", "Camera", FieldKind.Text),
        new("cf_confidence", "Confidence", FieldKind.Decimal),
        new("cf_detected_at", "Detected at", FieldKind.Text),
        new("cf_evidence_urls", "Evidence", FieldKind.Paragraph),
        new("cf_latitude", "Latitude", FieldKind.Decimal),
        new("cf_longitude", "Longitude", FieldKind.Decimal),
        new("cf_eta_minutes", "ETA in minutes", FieldKind.Number),
        new("cf_outcome", "Outcome", FieldKind.Text),
        new("cf_drill", "Drill", FieldKind.Checkbox),
        new("cf_review_on", "Review on", FieldKind.Date),
        new("cf_severity", "Severity", FieldKind.Dropdown, "Minor", "Major", "Critical"),
    ];

    public FieldCatalog(IOptions<FreshdeskOptions> options)
    {
        Custom = Usual.Concat(options.Value.ExtraFields.Select(name => new CustomField(name, name, FieldKind.Text)))
            .DistinctBy(f => f.Name).ToImmutableSortedDictionary(f => f.Name, f => f);
    }

    public ImmutableSortedDictionary<string, CustomField> Custom { get; }

    /// <summary>Null when the value suits the field, else what Freshdesk says of it.</summary>
    public static FieldError? Check(CustomField field, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return field.Kind switch
        {
            FieldKind.Text or FieldKind.Paragraph when value.ValueKind != JsonValueKind.String => FieldError.WrongType(field.Name, value, "String"),
            FieldKind.Text when value.GetString()!.Length > 255 =>
                new(field.Name, $"Has {value.GetString()!.Length} characters, it can have maximum of 255 characters", "invalid_value"),
            FieldKind.Number when value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out _) => FieldError.WrongType(field.Name, value, "Integer"),
            FieldKind.Decimal when value.ValueKind != JsonValueKind.Number => FieldError.WrongType(field.Name, value, "Number"),
            FieldKind.Checkbox when value.ValueKind is not (JsonValueKind.True or JsonValueKind.False) =>
                FieldError.WrongType(field.Name, value, "Boolean"),
            FieldKind.Date when value.ValueKind != JsonValueKind.String
                || !DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) =>
                new(field.Name, "It should be in the 'YYYY-MM-DD' format", "invalid_date"),
            FieldKind.Dropdown when value.ValueKind != JsonValueKind.String || !field.Choices.Contains(value.GetString()!) =>
                FieldError.NotOneOf(field.Name, field.Choices),
            _ => null,
        };
    }

    /// <summary>All custom fields of a ticket, those without a value as null: Freshdesk never leaves one out.</summary>
    public JsonObject Show(Ticket ticket)
    {
        var shown = new JsonObject();
        foreach (var name in Custom.Keys)
        {
            shown[name] = ticket.CustomFields.TryGetValue(name, out var value) ? Json.Node(value) : null;
        }

        return shown;
    }

    /// <summary>The body of <c>GET /ticket_fields</c>.</summary>
    public JsonArray Describe(DateTimeOffset at, string? type)
    {
        var all = new JsonArray();
        void Add(string name, string label, string kind, JsonNode? choices, bool isDefault)
        {
            if (type is not null && type != kind)
            {
                return;
            }

            all.Add(new JsonObject
            {
                ["id"] = 3000 + all.Count, ["name"] = name, ["label"] = label, ["description"] = null, ["position"] = all.Count + 1,
                ["required_for_closure"] = false, ["required_for_agents"] = isDefault, ["type"] = kind, ["default"] = isDefault,
                ["customers_can_edit"] = false, ["label_for_customers"] = label, ["required_for_customers"] = false,
                ["displayed_to_customers"] = isDefault, ["created_at"] = Json.Time(at), ["updated_at"] = Json.Time(at), ["choices"] = choices,
            });
        }

        Add("subject", "Subject", "default_subject", null, true);
        Add("description", "Description", "default_description", null, true);
        var statuses = new JsonObject();
        foreach (var (id, label) in Statuses)
        {
            statuses[id.ToString(CultureInfo.InvariantCulture)] = new JsonArray(label, label);
        }

        Add("status", "Status", "default_status", statuses, true);
        Add("priority", "Priority", "default_priority", new JsonObject { ["Low"] = 1, ["Medium"] = 2, ["High"] = 3, ["Urgent"] = 4 }, true);
        Add("source", "Source", "default_source", new JsonObject { ["Email"] = 1, ["Portal"] = 2, ["Phone"] = 3 }, true);
        Add("ticket_type", "Type", "default_ticket_type", new JsonArray("Question", "Incident", "Problem"), true);
        foreach (var field in Custom.Values)
        {
            var choices = field.Kind == FieldKind.Dropdown ? new JsonArray([.. field.Choices.Select(c => JsonValue.Create(c))]) : null;
            Add(field.Name, field.Label, $"custom_{field.Kind.ToString().ToLowerInvariant()}", choices, false);
        }

        return all;
    }
}
