using System.Globalization;
using System.Text.Json;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>
/// The filter language of <c>/search/tickets</c>. Sample:
/// <c>"(status:2 OR status:3) AND priority:4 AND cf_zone:'North' AND updated_at:>'2026-01-31'"</c>
/// where <c>:&gt;</c> means not less than and <c>:&lt;</c> not more than.
/// </summary>
sealed class SearchQuery
{
    static readonly string[] PlainFields =
        ["agent_id", "group_id", "priority", "status", "tag", "type", "due_by", "fr_due_by", "created_at", "updated_at"];

    readonly string text;
    readonly FieldCatalog fields;
    int at;

    SearchQuery(string text, FieldCatalog fields)
    {
        this.text = text;
        this.fields = fields;
    }

    /// <summary>Reads the value of <c>query=</c>, double quotes included. False with the reason when Freshdesk would not take it.</summary>
    public static bool TryRead(string? query, FieldCatalog fields, out Func<Ticket, bool> matches, out string error)
    {
        matches = _ => false;
        error = "";
        if (query is null || query.Length < 2 || query[0] != '"' || query[^1] != '"')
        {
            error = "Given query is invalid. The query should be wrapped in double quotes.";
            return false;
        }

        var inner = query[1..^1];
        if (inner.Length > 512)
        {
            error = "Has more than 512 characters";
            return false;
        }

        try
        {
            var reader = new SearchQuery(inner, fields);
            matches = reader.Either();
            reader.SkipSpaces();
            return reader.at == inner.Length ? true : throw new FormatException($"Unexpected '{inner[reader.at..]}'");
        }
        catch (FormatException e)
        {
            error = $"Given query is invalid. {e.Message}";
            return false;
        }
    }

    Func<Ticket, bool> Either()
    {
        var left = Both();
        while (Word("OR"))
        {
            Func<Ticket, bool> before = left, right = Both();
            left = t => before(t) || right(t);
        }

        return left;
    }

    Func<Ticket, bool> Both()
    {
        var left = One();
        while (Word("AND"))
        {
            Func<Ticket, bool> before = left, right = One();
            left = t => before(t) && right(t);
        }

        return left;
    }

    Func<Ticket, bool> One()
    {
        SkipSpaces();
        if (at < text.Length && text[at] == '(')
        {
            at++;
            var inner = Either();
            SkipSpaces();
            if (at == text.Length || text[at++] != ')')
            {
                throw new FormatException("A parenthesis is not closed");
            }

            return inner;
        }

        var colon = text.IndexOf(':', at);
        if (colon < 0)
        {
            throw new FormatException("A condition has the form field:value");
        }

        var field = text[at..colon].Trim();
        if (!PlainFields.Contains(field) && !fields.Custom.ContainsKey(field))
        {
            throw new FormatException($"'{field}' is not a field that can be searched");
        }

        at = colon + 1;
        var operation = at < text.Length && text[at] is '>' or '<' ? text[at++] : '=';
        return Condition(field, operation, Value());
    }

    string? Value()
    {
        SkipSpaces();
        if (at < text.Length && text[at] == '\'')
        {
            var end = text.IndexOf('\'', at + 1);
            if (end < 0)
            {
                throw new FormatException("A quote is not closed");
            }

            var quoted = text[(at + 1)..end];
            at = end + 1;
            return quoted;
        }

        var start = at;
        while (at < text.Length && text[at] is not (' ' or ')' or '('))
        {
            at++;
        }

        var bare = text[start..at];
        return bare.Length == 0 ? throw new FormatException("A value is missing") : bare == "null" ? null : bare;
    }

    static Func<Ticket, bool> Condition(string field, char operation, string? wanted) => field switch
    {
        "tag" => t => t.Tags.Contains(wanted ?? ""),
        "created_at" or "updated_at" or "due_by" or "fr_due_by" => Day(field, operation, wanted),
        _ => t => Compare(Actual(t, field), operation, wanted),
    };

    // Dates are compared by day, in UTC.
    static Func<Ticket, bool> Day(string field, char operation, string? wanted)
    {
        DateOnly day = default;
        if (wanted is not null && !DateOnly.TryParseExact(wanted, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day))
        {
            throw new FormatException($"'{wanted}' is not a date; the form is 'YYYY-MM-DD'");
        }

        return t =>
        {
            DateTimeOffset? value = field switch
            {
                "created_at" => t.CreatedAt,
                "updated_at" => t.UpdatedAt,
                "due_by" => t.DueBy,
                _ => t.FirstResponseDueBy,
            };
            return value is not { } given ? wanted is null : wanted is not null && Fits(DateOnly.FromDateTime(given.UtcDateTime).CompareTo(day), operation);
        };
    }

    static string? Actual(Ticket t, string field) => field switch
    {
        "agent_id" => t.ResponderId?.ToString(CultureInfo.InvariantCulture),
        "group_id" => t.GroupId?.ToString(CultureInfo.InvariantCulture),
        "priority" => t.Priority.ToString(CultureInfo.InvariantCulture),
        "status" => t.Status.ToString(CultureInfo.InvariantCulture),
        "type" => t.Type,
        _ => t.CustomFields.TryGetValue(field, out var value) && value.ValueKind != JsonValueKind.Null
            ? value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetRawText() : value.ToString()
            : null,
    };

    static bool Compare(string? actual, char operation, string? wanted)
    {
        if (actual is null || wanted is null)
        {
            return actual is null && wanted is null;
        }

        return decimal.TryParse(actual, CultureInfo.InvariantCulture, out var a) && decimal.TryParse(wanted, CultureInfo.InvariantCulture, out var w)
            ? Fits(a.CompareTo(w), operation)
            : operation == '=' && string.Equals(actual, wanted, StringComparison.OrdinalIgnoreCase);
    }

    static bool Fits(int order, char operation) => operation switch { '>' => order >= 0, '<' => order <= 0, _ => order == 0 };

    bool Word(string word)
    {
        SkipSpaces();
        if (!text.AsSpan(at).StartsWith(word, StringComparison.Ordinal))
        {
            return false;
        }

        at += word.Length;
        return true;
    }

    void SkipSpaces()
    {
        while (at < text.Length && text[at] == ' ')
        {
            at++;
        }
    }
}
