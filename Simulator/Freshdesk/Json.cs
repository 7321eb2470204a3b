using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>Freshdesk's JSON shapes. Blank fields are present as null, never left out.</summary>
static class Json
{
    /// <summary>Sample: <c>2026-03-01T09:15:00Z</c>.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string? Time(DateTimeOffset? at) => at is { } given ? Time(given) : null;

    public static JsonNode? Node(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : JsonNode.Parse(value.GetRawText());

    static JsonArray Strings(ImmutableArray<string> values) => [.. values.Select(v => (JsonNode?)JsonValue.Create(v))];

    public static JsonObject Show(Ticket t, FieldCatalog fields, TicketIncludes include, bool full)
    {
        var shown = new JsonObject
        {
            ["cc_emails"] = Strings(t.CcEmails), ["fwd_emails"] = new JsonArray(), ["reply_cc_emails"] = Strings(t.CcEmails),
            ["ticket_cc_emails"] = Strings(t.CcEmails), ["fr_escalated"] = false, ["spam"] = t.Spam, ["email_config_id"] = null,
            ["group_id"] = t.GroupId, ["priority"] = t.Priority, ["requester_id"] = t.Requester.Id, ["responder_id"] = t.ResponderId,
            ["source"] = t.Source, ["company_id"] = t.CompanyId, ["status"] = t.Status, ["subject"] = t.Subject,
            ["association_type"] = null, ["support_email"] = null, ["to_emails"] = null, ["product_id"] = null, ["id"] = t.Id,
            ["type"] = t.Type, ["due_by"] = Time(t.DueBy), ["fr_due_by"] = Time(t.FirstResponseDueBy), ["is_escalated"] = false,
            ["custom_fields"] = fields.Show(t), ["created_at"] = Time(t.CreatedAt), ["updated_at"] = Time(t.UpdatedAt),
            ["associated_tickets_count"] = null, ["tags"] = Strings(t.Tags), ["source_additional_info"] = null,
        };
        if (t.Deleted)
        {
            shown["deleted"] = true;
        }

        if (full || include.HasFlag(TicketIncludes.Description))
        {
            shown["description"] = t.Description;
            shown["description_text"] = t.DescriptionText;
        }

        if (full)
        {
            shown["attachments"] = new JsonArray();
        }

        if (include.HasFlag(TicketIncludes.Requester))
        {
            shown["requester"] = new JsonObject
            {
                ["id"] = t.Requester.Id, ["name"] = t.Requester.Name, ["email"] = t.Requester.Email,
                ["mobile"] = t.Requester.Mobile, ["phone"] = t.Requester.Phone,
            };
        }

        if (include.HasFlag(TicketIncludes.Stats))
        {
            shown["stats"] = new JsonObject
            {
                ["agent_responded_at"] = null, ["requester_responded_at"] = null, ["first_responded_at"] = null,
                ["status_updated_at"] = Time(t.StatusUpdatedAt), ["reopened_at"] = Time(t.ReopenedAt), ["resolved_at"] = Time(t.ResolvedAt),
                ["closed_at"] = Time(t.ClosedAt), ["pending_since"] = Time(t.PendingSince),
            };
        }

        if (include.HasFlag(TicketIncludes.Company))
        {
            shown["company"] = new JsonObject();
        }

        if (include.HasFlag(TicketIncludes.Conversations))
        {
            shown["conversations"] = new JsonArray([.. t.Conversations.Take(10).Select(Show)]);
        }

        return shown;
    }

    public static JsonObject Show(Conversation c) => new()
    {
        ["body"] = c.Body, ["body_text"] = Ticket.PlainText(c.Body), ["id"] = c.Id, ["incoming"] = c.Incoming, ["private"] = c.Private,
        ["user_id"] = c.UserId, ["support_email"] = null, ["source"] = c.Source, ["category"] = c.Source == 2 ? 2 : 3,
        ["ticket_id"] = c.TicketId, ["to_emails"] = Strings(c.NotifiedTo), ["from_email"] = null, ["cc_emails"] = new JsonArray(),
        ["bcc_emails"] = null, ["created_at"] = Time(c.CreatedAt), ["updated_at"] = Time(c.UpdatedAt), ["last_edited_at"] = null,
        ["last_edited_user_id"] = null, ["attachments"] = new JsonArray(), ["source_additional_info"] = null,
    };

    public static JsonObject Show(Contact c, DateTimeOffset at) => new()
    {
        ["active"] = false, ["address"] = null, ["company_id"] = null, ["description"] = null, ["email"] = c.Email, ["id"] = c.Id,
        ["job_title"] = null, ["language"] = "en", ["mobile"] = c.Mobile, ["name"] = c.Name, ["phone"] = c.Phone, ["time_zone"] = "UTC",
        ["twitter_id"] = null, ["custom_fields"] = new JsonObject(), ["tags"] = new JsonArray(), ["created_at"] = Time(at), ["updated_at"] = Time(at),
    };

    public static JsonObject ShowAgent(Contact agent, DateTimeOffset at) => new()
    {
        ["available"] = true, ["occasional"] = false, ["id"] = agent.Id, ["ticket_scope"] = 1, ["created_at"] = Time(at),
        ["updated_at"] = Time(at), ["last_active_at"] = Time(at), ["available_since"] = null, ["type"] = "support_agent",
        ["contact"] = new JsonObject
        {
            ["active"] = true, ["email"] = agent.Email, ["job_title"] = null, ["language"] = "en", ["last_login_at"] = null,
            ["mobile"] = null, ["name"] = agent.Name, ["phone"] = null, ["time_zone"] = "UTC", ["created_at"] = Time(at), ["updated_at"] = Time(at),
        },
        ["signature"] = null,
    };
}

[Flags]
enum TicketIncludes { None = 0, Description = 1, Stats = 2, Requester = 4, Company = 8, Conversations = 16 }
