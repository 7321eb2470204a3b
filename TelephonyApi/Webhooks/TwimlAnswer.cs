using CityMonitor.Messaging.Contracts;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>Runs a TwiML route so that Twilio always gets valid TwiML: what fails or waits too long is asked for again a moment later.</summary>
sealed class TwimlAnswer(RedisPatience patience, PublicUrls urls, ILogger<TwimlAnswer> log)
{
    /// <summary>Rounds of 'one moment' while Redis is down, about 3 s each, before the call is given up with an apology.</summary>
    const int MostRounds = 50;

    /// <param name="again">The path and query that asks the same once more, without the counter `redis`.</param>
    /// <param name="rings">The caller hears the ringing tone until we answer, so there is time; else they hear nothing.</param>
    public async Task<IResult> GiveAsync(TwilioRequest request, string again, Func<CancellationToken, Task<Twiml>> work, CancellationToken ct, bool rings = false)
    {
        Twiml? twiml = null;
        try
        {
            twiml = await (rings ? patience.TryAsync(work, ct) : patience.TryBrieflyAsync(work, ct));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            WebhookLog.Failed(log, error, again);
        }

        var round = request.Count("redis");
        twiml ??= round < MostRounds
            ? Phrases.OneMoment($"{urls.Same(again)}{(again.Contains('?', StringComparison.Ordinal) ? '&' : '?')}redis={round + 1}")
            : new Twiml().Say(request["Direction"] == "inbound" ? Phrases.SorryInbound : Phrases.Sorry).Hangup();
        return Results.Content(twiml.ToString(), "text/xml; charset=utf-8");
    }

    public static string Target(string route, CallId? call, params ReadOnlySpan<string> more)
    {
        var query = string.Join('&', (IEnumerable<string>)[.. call is { } id ? [$"call={id}"] : Array.Empty<string>(), .. more]);
        return query.Length > 0 ? $"/twilio/{route}?{query}" : $"/twilio/{route}";
    }
}
