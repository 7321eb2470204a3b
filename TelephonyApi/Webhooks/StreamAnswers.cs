using System.Security.Cryptography;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.TelephonyApi.Calls;
using CityMonitor.TelephonyApi.Twilio;
using Microsoft.Extensions.Options;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <param name="Fruitless">How many answers before this one brought no stream.</param>
readonly record struct StreamAnswer(Twiml Twiml, int Fruitless);

/// <summary>Writes the TwiML that takes a call to a bridge, and mints the token that its stream spends there.</summary>
sealed class StreamAnswers(DialStore store, RedisClient redis, BridgeChooser bridges, PublicUrls urls, IOptions<TwilioOptions> twilio, ILogger<StreamAnswers> log)
{
    /// <summary>Twilio's limit for TwiML that comes with the request to dial.</summary>
    const int LongestInline = 4000;

    /// <summary>An answer to a live call is used at once.</summary>
    static readonly TimeSpan tokenLife = TimeSpan.FromSeconds(60);

    /// <summary>For a call that has been answered.</summary>
    public async Task<StreamAnswer> ToAsync(CallId call, BridgeInfo bridge, string? language, CancellationToken ct)
    {
        var (answer, fruitless) = await store.AnswerAsync(call, bridge.Id, ct);
        var twiml = fruitless > 0 ? new Twiml().Say(Phrases.Moment, language) : new Twiml();
        return new(await WriteAsync(twiml, call, bridge, answer, tokenLife, ct), fruitless);
    }

    /// <summary>
    /// For a call about to be dialled: with it Twilio need not ask when it is answered. Null where no bridge has a place now; then the
    /// answer decides.
    /// </summary>
    public async Task<string?> AtDialAsync(CallId call, TimeSpan ring, CancellationToken ct)
    {
        if (await bridges.SpreadAsync(ct) is not { } bridge)
        {
            return null;
        }

        var (answer, _) = await store.AnswerAsync(call, bridge.Id, ct);
        var twiml = (await WriteAsync(new Twiml(), call, bridge, answer, ring + tokenLife, ct)).ToString();
        return twiml.Length <= LongestInline ? twiml : null;
    }

    async Task<Twiml> WriteAsync(Twiml twiml, CallId call, BridgeInfo bridge, long answer, TimeSpan life, CancellationToken ct)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var signatures = TwilioSignature.OfHandshake(twilio.Value.AuthToken, bridge.Url);
        var json = JsonSerializer.SerializeToUtf8Bytes(new StreamToken(call, signatures), StateJson.Default.StreamToken);
        await redis.SendAsync(["SET", Keys.StreamToken(token), json, "EX", (long)life.TotalSeconds], ct);
        WebhookLog.Streaming(log, call, bridge.Id, answer);
        return twiml.ConnectStream(bridge.Url, urls.StreamStatus(call, answer), token).Redirect(urls.Continue(call, answer));
    }
}
