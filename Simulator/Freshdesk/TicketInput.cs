using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>Reads the body of a ticket create or update: either errors in Freshdesk's words, or a change to apply.</summary>
sealed partial class TicketInput(FieldCatalog fields, ImmutableArray<string> requiredForClosure)
{
    readonly List<FieldError> errors = [];
    Func<Ticket, Ticket> change = t => t;

    public ImmutableArray<FieldError> Errors => [.. errors];
    public Func<Ticket, Ticket> Change => change;
    public string? Email { get; private set; }
    public string? Phone { get; private set; }
    public string? Name { get; private set; }
    public long? RequesterId { get; private set; }

    public void Read(JsonElement body, bool creating)
    {
        foreach (var property in body.EnumerateObject())
        {
            Read(property.Name, property.Value);
        }

        if (!creating)
        {
            return;
        }

        if (Email is null && Phone is null && RequesterId is null && !body.TryGetProperty("unique_external_id", out _))
        {
            errors.Add(new("requester_id", "One of the following fields must be provided: requester_id, phone, email, twitter_id, facebook_id", "missing_field"));
        }

        foreach (var needed in (string[])["subject", "description"])
        {
            if (!body.TryGetProperty(needed, out _))
            {
                errors.Add(FieldError.Missing(needed));
            }
        }
    }

    /// <summary>Fields that the account wants filled before this ticket may be resolved or closed.</summary>
    public void CheckClosure(Ticket before)
    {
        var after = change(before);
        if (after.Status is not (Ticket.Resolved or Ticket.Closed) || before.Status == after.Status)
        {
            return;
        }

        errors.AddRange(requiredForClosure
            .Where(name => !after.CustomFields.TryGetValue(name, out var value) || value.ValueKind == JsonValueKind.Null)
            .Select(FieldError.Missing));
    }

    void Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "subject":
                Text(name, value, (t, v) => t with { Subject = v });
                break;
            case "description":
                Text(name, value, (t, v) => t with { Description = v });
                break;
            case "status":
                Choice(name, value, FieldCatalog.Statuses.Keys, (t, v) => t with { Status = v });
                break;
            case "priority":
                Choice(name, value, [1, 2, 3, 4], (t, v) => t with { Priority = v });
                break;
            case "source":
                Choice(name, value, [1, 2, 3, 5, 6, 7, 8, 9, 10, 11], (t, v) => t with { Source = v });
                break;
            case "type":
                Type(name, value);
                break;
            case "responder_id":
                Id(name, value, (t, v) => t with { ResponderId = v });
                break;
            case "group_id":
                Id(name, value, (t, v) => t with { GroupId = v });
                break;
            case "company_id":
                Id(name, value, (t, v) => t with { CompanyId = v });
                break;
            case "requester_id":
                Id(name, value, (t, v) => t);
                RequesterId = value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var requester) ? requester : null;
                break;
            case "email":
                Text(name, value, (t, _) => t);
                Email = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
                if (Email is not null && !Email.Contains('@', StringComparison.Ordinal))
                {
                    errors.Add(new(name, "It should be in the 'valid email address' format", "invalid_value"));
                }

                break;
            case "phone":
                Text(name, value, (t, _) => t);
                Phone = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
                break;
            case "name":
                Text(name, value, (t, _) => t);
                Name = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
                break;
            case "tags":
                Strings(name, value, (t, v) => t with { Tags = v });
                break;
            case "cc_emails":
                Strings(name, value, (t, v) => t with { CcEmails = v });
                break;
            case "due_by":
                Time(name, value, (t, v) => t with { DueBy = v });
                break;
            case "fr_due_by":
                Time(name, value, (t, v) => t with { FirstResponseDueBy = v });
                break;
            case "custom_fields":
                Custom(name, value);
                break;
            case "product_id" or "email_config_id" or "parent_id" or "related_ticket_ids" or "internal_agent_id" or "internal_group_id"
                or "lookup_parameter" or "attachments" or "unique_external_id" or "twitter_id" or "facebook_id":
                break;
            default:
                errors.Add(FieldError.Unexpected(name));
                break;
        }
    }

    void Then(Func<Ticket, Ticket> next)
    {
        var before = change;
        change = t => next(before(t));
    }
}
