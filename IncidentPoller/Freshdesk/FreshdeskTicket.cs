using System.Text.Json;
using System.Text.Json.Serialization;

namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>A ticket as GET /api/v2/tickets gives it; what is not used here is not read. Everything but the id may be null.</summary>
sealed record FreshdeskTicket
{
    public required long Id { get; init; }

    [JsonConverter(typeof(LooseText))]
    public string? Subject { get; init; }

    /// <summary>HTML; in lists only with include=description.</summary>
    [JsonConverter(typeof(LooseText))]
    public string? Description { get; init; }

    [JsonConverter(typeof(LooseText))]
    public string? DescriptionText { get; init; }

    /// <summary>2 Open, 3 Pending, 4 Resolved, 5 Closed, from 6 the account's own.</summary>
    [JsonConverter(typeof(LooseNumber))]
    public int? Status { get; init; }

    /// <summary>1 to 4; kept as it is written, because accounts and gateways write other things too.</summary>
    [JsonConverter(typeof(LooseText))]
    public string? Priority { get; init; }

    [JsonConverter(typeof(LooseFlag))]
    public bool Spam { get; init; }

    [JsonConverter(typeof(LooseFlag))]
    public bool Deleted { get; init; }

    [JsonConverter(typeof(LooseTime))]
    public DateTimeOffset? CreatedAt { get; init; }

    [JsonConverter(typeof(LooseTime))]
    public DateTimeOffset? UpdatedAt { get; init; }

    public JsonElement CustomFields { get; init; }

    [JsonPropertyName("tags")]
    public JsonElement RawTags { get; init; }

    [JsonIgnore]
    public IReadOnlyList<string> Tags => RawTags.ValueKind == JsonValueKind.Array
        ? [.. RawTags.EnumerateArray().Where(tag => tag.ValueKind == JsonValueKind.String).Select(tag => TextOf(tag)!)]
        : [];

    /// <summary>A custom field as text: a list one item to a line, null where it is not filled.</summary>
    static string? TextOf(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return text.GetRawText(); // half a surrogate pair
        }
    }

    public string? CustomText(string name)
    {
        if (CustomFields.ValueKind != JsonValueKind.Object || !CustomFields.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.Undefined => null,
            JsonValueKind.String => TextOf(value),
            JsonValueKind.Array => string.Join('\n', value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? TextOf(item) : item.GetRawText())),
            _ => value.GetRawText(),
        };
    }
}

/// <summary>A note or reply; only what is needed to find one of ours again.</summary>
sealed record FreshdeskConversation
{
    public long? Id { get; init; }

    [JsonConverter(typeof(LooseText))]
    public string? Body { get; init; }

    [JsonConverter(typeof(LooseText))]
    public string? BodyText { get; init; }
}

sealed record FreshdeskSearch
{
    public int? Total { get; init; }
    public IReadOnlyList<JsonElement>? Results { get; init; }
}

/// <summary>PUT /tickets/{id}. Custom fields hold text, numbers or true/false.</summary>
sealed record TicketUpdate(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, JsonElement>? CustomFields,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Tags = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Priority = null);

/// <summary>POST /tickets. The requester is a phone with a name, or, for somebody without a number, an id of our own.</summary>
/// <param name="Source">3 is phone.</param>
sealed record TicketBody(
    string Subject,
    string Description,
    int Status,
    int Priority,
    int Source,
    string Name,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Phone,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? UniqueExternalId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Tags,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string>? CustomFields);

sealed record NoteBody(string Body, bool Private);

/// <summary>400: {"description":"Validation failed","errors":[{"field":"cf_eta","message":"...","code":"invalid_field"}]}</summary>
sealed record FreshdeskErrors
{
    public string? Description { get; init; }
    public string? Message { get; init; }
    public string? Code { get; init; }
    public IReadOnlyList<FreshdeskFieldError>? Errors { get; init; }
}

sealed record FreshdeskFieldError
{
    public string? Field { get; init; }
    public string? Message { get; init; }
    public string? Code { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FreshdeskTicket))]
[JsonSerializable(typeof(List<JsonElement>))]
[JsonSerializable(typeof(List<FreshdeskConversation>))]
[JsonSerializable(typeof(FreshdeskSearch))]
[JsonSerializable(typeof(TicketUpdate))]
[JsonSerializable(typeof(NoteBody))]
[JsonSerializable(typeof(TicketBody))]
[JsonSerializable(typeof(FreshdeskErrors))]
sealed partial class FreshdeskJson : JsonSerializerContext;
