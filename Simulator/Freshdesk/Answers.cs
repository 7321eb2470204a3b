using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>One entry of a "Validation failed" answer.</summary>
sealed record FieldError(string Field, string Message, string Code)
{
    public static FieldError WrongType(string field, JsonElement value, string wanted) => new(
        field, $"Value set is of type {Name(value)}.It should be a/an {wanted}", "datatype_mismatch");

    public static FieldError NotOneOf<T>(string field, IEnumerable<T> allowed) => new(
        field, $"It should be one of these values: '{string.Join(",", allowed)}'", "invalid_value");

    public static FieldError Missing(string field) => new(field, "It should not be blank as this is a mandatory field", "missing_field");

    public static FieldError Unexpected(string field) => new(field, "Unexpected/invalid field in request", "invalid_field");

    static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "String",
        JsonValueKind.Number => value.TryGetInt64(out _) ? "Integer" : "Float",
        JsonValueKind.True or JsonValueKind.False => "Boolean",
        JsonValueKind.Array => "Array",
        JsonValueKind.Null => "Null",
        _ => "Hash",
    };
}

/// <summary>The answers that Freshdesk gives, with its bodies.</summary>
static class Answers
{
    public static IResult Ok(JsonNode body) => Json(200, body);

    public static IResult Json(int status, JsonNode body) =>
        Results.Text(body.ToJsonString(), "application/json; charset=utf-8", statusCode: status);

    public static IResult Invalid(ImmutableArray<FieldError> errors) => Json(400, new JsonObject
    {
        ["description"] = "Validation failed",
        ["errors"] = new JsonArray([.. errors.Select(e => new JsonObject { ["field"] = e.Field, ["message"] = e.Message, ["code"] = e.Code })]),
    });

    public static IResult Invalid(string field, string message, string code = "invalid_value") => Invalid([new FieldError(field, message, code)]);

    public static IResult InvalidJson() => Refused(400, "invalid_json", "Request body has invalid json format. Please modify the request and try again.");

    public static IResult NotLoggedIn() => Refused(401, "invalid_credentials", "You have to be logged in to perform this action.");

    public static IResult NotAcceptable() => Results.StatusCode(406);

    public static IResult UnsupportedType() =>
        Refused(415, "invalid_content_type", "Content-Type header is set incorrectly. It should be application/json.");

    public static IResult NotFound() => Results.StatusCode(404);

    /// <summary>A verb that this resource does not take, or not in its state: a deleted ticket cannot be updated.</summary>
    public static IResult NotAllowed(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return Json(405, new JsonObject { ["message"] = $"{context.Request.Method} method is not allowed. It should be one of these method(s): {allowed}" });
    }

    public static IResult TooMany() => Json(429, new JsonObject { ["message"] = "You have exceeded the limit of requests per minute" });

    static IResult Refused(int status, string code, string message) =>
        Json(status, new JsonObject { ["code"] = code, ["message"] = message });
}
