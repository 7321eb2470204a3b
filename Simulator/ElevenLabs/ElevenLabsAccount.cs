using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace CityMonitor.Simulator.ElevenLabs;

/// <summary>Who may use the simulated ElevenLabs, what is left of the quota, and errors in its shape.</summary>
sealed class ElevenLabsAccount(IOptions<ElevenLabsOptions> options)
{
    int used;

    public int Used => Volatile.Read(ref used);

    public int Limit => options.Value.CharacterLimit;

    public bool Knows(string? key) =>
        key is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(options.Value.ApiKey));

    /// <summary>Counts what is to be spoken; false when the quota does not hold so much.</summary>
    public bool Spend(int characters)
    {
        if (Interlocked.Add(ref used, characters) <= Limit)
        {
            return true;
        }

        Interlocked.Add(ref used, -characters);
        return false;
    }

    /// <summary>Sample: <c>{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}</c>.</summary>
    public static IResult Refuse(int status, string code, string message) => Json(status, new JsonObject
    {
        ["detail"] = new JsonObject { ["status"] = code, ["message"] = message },
    });

    /// <summary>Sample: <c>{"detail":[{"loc":["body","text"],"msg":"field required","type":"value_error.missing"}]}</c>.</summary>
    public static IResult Invalid(string message, string type, params string[] where) => Json(422, new JsonObject
    {
        ["detail"] = new JsonArray(new JsonObject { ["loc"] = new JsonArray([.. where.Select(w => JsonValue.Create(w))]), ["msg"] = message, ["type"] = type }),
    });

    public static IResult Json(int status, JsonNode body) => Results.Text(body.ToJsonString(), "application/json", statusCode: status);
}
