using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Twilio;

static class TwilioJson
{
    // As the vendor writes it: a plus in a phone number is a plus.
    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IResult Result(JsonNode node, int status = 200) =>
        TypedResults.Text(node.ToJsonString(Plain), "application/json; charset=utf-8", System.Text.Encoding.UTF8, status);

    /// <summary>The list envelope: <paramref name="key"/> holds the page, beside it stand the paging fields.</summary>
    public static IResult Page<T>(HttpRequest request, string key, IReadOnlyList<T> all, Func<T, JsonNode> write)
    {
        var size = int.TryParse(request.Query["PageSize"], out var asked) ? Math.Clamp(asked, 1, 1000) : 50;
        var page = int.TryParse(request.Query["Page"], out var number) ? Math.Max(0, number) : 0;
        var start = page * size;
        var items = all.Skip(start).Take(size).Select(write).ToArray();
        var hasNext = all.Count > start + size;
        return Result(new JsonObject
        {
            [key] = new JsonArray(items),
            ["first_page_uri"] = PageUri(request, 0, size),
            ["next_page_uri"] = hasNext ? PageUri(request, page + 1, size) : null,
            ["previous_page_uri"] = page > 0 ? PageUri(request, page - 1, size) : null,
            ["page"] = page,
            ["page_size"] = size,
            ["start"] = start,
            ["end"] = items.Length == 0 ? start : start + items.Length - 1,
            ["uri"] = request.Path + request.QueryString.Value,
        });
    }

    static string PageUri(HttpRequest request, int page, int size)
    {
        var query = request.Query
            .Where(pair => pair.Key is not ("Page" or "PageSize" or "PageToken"))
            .SelectMany(pair => pair.Value.Select(value => KeyValuePair.Create(pair.Key, value)))
            .Append(KeyValuePair.Create<string, string?>("PageSize", $"{size}"))
            .Append(KeyValuePair.Create<string, string?>("Page", $"{page}"));
        return request.Path + QueryString.Create(query).Value;
    }
}
