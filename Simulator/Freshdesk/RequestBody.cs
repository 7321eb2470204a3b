using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>Reads a request body as one JSON object, from JSON or from a multipart form.</summary>
static class RequestBody
{
    /// <summary>Null when it is not a JSON object.</summary>
    public static async Task<JsonElement?> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.HasFormContentType)
        {
            return FromForm(await request.ReadFormAsync(cancellation));
        }

        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, cancellationToken: cancellation);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Forms name arrays `tags[]` and custom fields `custom_fields[cf_zone]`; numbers arrive as text.
    static JsonElement FromForm(IFormCollection form)
    {
        var body = new JsonObject();
        foreach (var (key, values) in form)
        {
            if (key.EndsWith("[]", StringComparison.Ordinal))
            {
                body[key[..^2]] = new JsonArray([.. values.Select(v => JsonValue.Create(v))]);
            }
            else if (key.StartsWith("custom_fields[", StringComparison.Ordinal))
            {
                var custom = (JsonObject)(body["custom_fields"] ??= new JsonObject());
                custom[key["custom_fields[".Length..].TrimEnd(']')] = values.ToString();
            }
            else
            {
                body[key] = long.TryParse(values.ToString(), out var number) && key is not ("subject" or "description" or "body" or "phone")
                    ? number
                    : bool.TryParse(values.ToString(), out var flag) ? flag : values.ToString();
            }
        }

        return JsonElement.Parse(body.ToJsonString());
    }
}
