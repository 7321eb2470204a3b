using System.Globalization;
using System.Text.Json.Serialization;

namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>A call as Twilio tells it, for example {"sid":"CA...","status":"queued","to":"+12025550123","date_created":"Tue, 10 Aug 2010 08:02:17 +0000"}.</summary>
sealed record CallResource(
    string Sid,
    string? Status,
    string? To,
    string? From,
    string? Direction,
    string? Duration,
    string? AnsweredBy,
    string? DateCreated)
{
    public DateTimeOffset? CreatedAt => TwilioDate.Parse(DateCreated);

    public int? Seconds => int.TryParse(Duration, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;
}

sealed record CallList(IReadOnlyList<CallResource>? Calls, string? NextPageUri);

sealed record MessageResource(string Sid, string? Status, int? ErrorCode, string? ErrorMessage);

/// <summary>For example {"code":21211,"message":"...","more_info":"...","status":400}.</summary>
sealed record ErrorResource(int? Code, string? Message, int? Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CallResource))]
[JsonSerializable(typeof(CallList))]
[JsonSerializable(typeof(MessageResource))]
[JsonSerializable(typeof(ErrorResource))]
sealed partial class TwilioJson : JsonSerializerContext;

static class TwilioDate
{
    /// <summary>RFC 2822 as Twilio writes it: Tue, 10 Aug 2010 08:02:17 +0000.</summary>
    public static DateTimeOffset? Parse(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
}
