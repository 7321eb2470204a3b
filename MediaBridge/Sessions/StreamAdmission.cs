using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CityMonitor.MediaBridge.Directory;
using CityMonitor.MediaBridge.Twilio;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using Microsoft.Extensions.Options;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// Who may carry audio: a stream whose start spends a token that TelephonyApi has minted for a known call, from a handshake that Twilio
/// has signed. A token is spent once (GETDEL), so a second socket with the same one is refused.
/// </summary>
sealed class StreamAdmission(RedisClient redis, CallStore calls, Rehearsal rehearsal, IOptions<BridgeOptions> options)
{
    const int LongestToken = 200;

    /// <returns>The session, or why the stream is refused: one word for the metric and the close frame.</returns>
    public async Task<(CallSession? Session, string Refusal)> AdmitAsync(StreamStart start, string? signature, CancellationToken ct)
    {
        if (start.Token is not { Length: > 0 and <= LongestToken } token)
        {
            return (null, "token-missing");
        }

        var spent = await redis.SendAsync(["GETDEL", Keys.StreamToken(token)], ct);
        if (spent.IsNull || Read(spent.Bytes) is not { } stands)
        {
            return (null, token == rehearsal.Token ? Rehearsal.Refusal : "token-unknown");
        }

        if (!SignatureMatches(stands.Signatures, signature))
        {
            return (null, "signature");
        }

        // A token that leaked does not work on the stream of another phone call.
        if ((await redis.SendAsync(["HGET", Keys.Call(stands.Call), CallFields.Sid], ct)).Text is { Length: > 0 } sid && sid != start.CallSid)
        {
            return (null, "call-sid");
        }

        return await calls.ReadSessionAsync(stands.Call, ct) is { } session ? (session, "") : (null, "call-unknown");
    }

    static StreamToken? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json.Span, StateJson.Default.StreamToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    bool SignatureMatches(IReadOnlyList<string> expected, string? given)
    {
        if (expected.Count == 0)
        {
            return true;
        }

        if (string.IsNullOrEmpty(given))
        {
            return !options.Value.RequireSignature;
        }

        var bytes = Encoding.UTF8.GetBytes(given);
        var matches = false;
        foreach (var one in expected)
        {
            // No early exit: the time taken says nothing.
            matches |= CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), bytes);
        }

        return matches;
    }
}
