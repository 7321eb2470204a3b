using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>The kinds of values that fields take, each with what is said of a wrong one.</summary>
sealed partial class TicketInput
{
    void Text(string name, JsonElement value, Func<Ticket, string, Ticket> apply)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            errors.Add(FieldError.WrongType(name, value, "String"));
            return;
        }

        var text = value.GetString()!;
        if (text.Length == 0)
        {
            errors.Add(new(name, "It should not be blank as this is a mandatory field", "invalid_value"));
        }
        else if (name == "subject" && text.Length > 255)
        {
            errors.Add(new(name, $"Has {text.Length} characters, it can have maximum of 255 characters", "invalid_value"));
        }

        Then(t => apply(t, text));
    }

    void Choice(string name, JsonElement value, IEnumerable<int> allowed, Func<Ticket, int, Ticket> apply)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var number))
        {
            errors.Add(FieldError.WrongType(name, value, "Integer"));
        }
        else if (!allowed.Contains(number))
        {
            errors.Add(FieldError.NotOneOf(name, allowed));
        }
        else
        {
            Then(t => apply(t, number));
        }
    }

    void Type(string name, JsonElement value)
    {
        if (value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
        {
            errors.Add(FieldError.WrongType(name, value, "String"));
            return;
        }

        var type = value.ValueKind == JsonValueKind.Null ? null : value.GetString();
        Then(t => t with { Type = type });
    }

    void Id(string name, JsonElement value, Func<Ticket, long?, Ticket> apply)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            Then(t => apply(t, null));
        }
        else if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var id))
        {
            errors.Add(FieldError.WrongType(name, value, "Positive Integer"));
        }
        else
        {
            Then(t => apply(t, id));
        }
    }

    void Strings(string name, JsonElement value, Func<Ticket, ImmutableArray<string>, Ticket> apply)
    {
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String))
        {
            errors.Add(FieldError.WrongType(name, value, "Array"));
            return;
        }

        ImmutableArray<string> all = [.. value.EnumerateArray().Select(e => e.GetString()!)];
        Then(t => apply(t, all));
    }

    void Time(string name, JsonElement value, Func<Ticket, DateTimeOffset?, Ticket> apply)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            Then(t => apply(t, null));
        }
        else if (value.ValueKind != JsonValueKind.String
            || !DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            errors.Add(new(name, "It should be in the 'combined date and time ISO8601' format", "invalid_date"));
        }
        else
        {
            Then(t => apply(t, at));
        }
    }

    void Custom(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.Add(FieldError.WrongType(name, value, "key/value pair"));
            return;
        }

        foreach (var given in value.EnumerateObject())
        {
            if (!fields.Custom.TryGetValue(given.Name, out var field))
            {
                errors.Add(FieldError.Unexpected(given.Name));
            }
            else if (FieldCatalog.Check(field, given.Value) is { } wrong)
            {
                errors.Add(wrong);
            }
            else
            {
                // The document that the element points into is disposed after the request.
                var kept = given.Value.Clone();
                Then(t => t with { CustomFields = t.CustomFields.SetItem(given.Name, kept) });
            }
        }
    }
}
