using System.Globalization;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Twilio.Calls;

/// <summary>A call as the REST API shows it: every field a string or null.</summary>
static class CallJson
{
    static readonly string[] SubResources =
        ["events", "notifications", "payments", "recordings", "siprec", "streams", "transcriptions", "user_defined_message_subscriptions", "user_defined_messages"];

    public static JsonNode Write(Call call)
    {
        var uri = $"/2010-04-01/Accounts/{call.AccountSid}/Calls/{call.Sid}";
        return new JsonObject
        {
            ["sid"] = call.Sid,
            ["date_created"] = TwilioTime.Rfc2822(call.Created),
            ["date_updated"] = TwilioTime.Rfc2822(call.Updated),
            ["parent_call_sid"] = call.ParentSid,
            ["account_sid"] = call.AccountSid,
            ["to"] = call.To,
            ["to_formatted"] = Format(call.To),
            ["from"] = call.From,
            ["from_formatted"] = Format(call.From),
            ["phone_number_sid"] = "PN" + call.AccountSid[2..],
            ["status"] = call.Status,
            ["start_time"] = call.Started is { } started ? TwilioTime.Rfc2822(started) : null,
            ["end_time"] = call.Ended is { } ended ? TwilioTime.Rfc2822(ended) : null,
            ["duration"] = call.DurationSeconds?.ToString(CultureInfo.InvariantCulture),
            ["price"] = null,
            ["price_unit"] = "USD",
            ["direction"] = call.Direction,
            ["answered_by"] = call.AnsweredBy,
            ["api_version"] = "2010-04-01",
            ["forwarded_from"] = null,
            ["group_sid"] = null,
            ["caller_name"] = null,
            ["queue_time"] = ((int)call.QueueTime.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
            ["trunk_sid"] = null,
            ["annotation"] = null,
            ["uri"] = uri + ".json",
            ["subresource_uris"] = new JsonObject(SubResources.Select(name => KeyValuePair.Create(name, (JsonNode?)$"{uri}/{Pascal(name)}.json"))),
        };
    }

    /// <summary><c>(202) 555-0123</c> for numbers of North America; others as they are.</summary>
    static string Format(string number) =>
        number.Length == 12 && number.StartsWith("+1", StringComparison.Ordinal) ? $"({number[2..5]}) {number[5..8]}-{number[8..]}" : number;

    static string Pascal(string name) =>
        string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
