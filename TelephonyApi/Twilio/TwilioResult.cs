namespace CityMonitor.TelephonyApi.Twilio;

/// <summary>What is known of a request to Twilio. The difference between NotSent and Unknown is the difference between one call and two.</summary>
enum TwilioOutcome
{
    Ok,

    /// <summary>Twilio refused it (4xx): it was not done, and would be refused again.</summary>
    Refused,

    /// <summary>429: not processed, may be repeated later.</summary>
    Limited,

    /// <summary>No connection was made: not processed, may be repeated.</summary>
    NotSent,

    /// <summary>5xx, a broken connection or no answer in time: it may or may not have been done.</summary>
    Unknown,
}

/// <param name="Code">Twilio's own code, for example 21217; 0 where the answer had none.</param>
sealed record TwilioError(int Code, int Status, string Message);

/// <param name="ServerTime">Twilio's clock, from the Date header.</param>
/// <param name="RetryAfter">How long Twilio asks us to wait; null where it does not say.</param>
sealed record TwilioResult<T>(TwilioOutcome Outcome, T? Value = null, TwilioError? Error = null, DateTimeOffset? ServerTime = null, TimeSpan? RetryAfter = null)
    where T : class
{
    public bool Ok => Outcome == TwilioOutcome.Ok;

    /// <summary>Neither done nor refused: worth another attempt later.</summary>
    public bool Unreachable => Outcome is TwilioOutcome.Limited or TwilioOutcome.NotSent or TwilioOutcome.Unknown;

    public string Describe() => Error switch
    {
        null => $"Twilio: {Outcome}",
        { Status: 0 } error => error.Message,
        var error => ErrorWords.Of(error.Code, error.Status, error.Message),
    };
}
