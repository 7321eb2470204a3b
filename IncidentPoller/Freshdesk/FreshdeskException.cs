namespace CityMonitor.IncidentPoller.Freshdesk;

/// <summary>Why Freshdesk did not do what it was asked.</summary>
enum FreshdeskFailure
{
    /// <summary>No answer, 5xx, or something that is not Freshdesk's JSON: an outage; later it works.</summary>
    Unavailable,

    /// <summary>429: later it works; <see cref="FreshdeskException.RetryAfter"/> says when.</summary>
    RateLimited,

    /// <summary>401 or 403: the key or its rights; works once somebody has mended it.</summary>
    Unauthorized,

    /// <summary>404: no such ticket, or it is archived.</summary>
    NotFound,

    /// <summary>405: the ticket is deleted or spam.</summary>
    Gone,

    /// <summary>Any other 4xx: the request itself; the same request never works.</summary>
    Rejected,
}

/// <param name="mayHaveArrived">False where the request certainly had no effect.</param>
sealed class FreshdeskException(FreshdeskFailure failure, string message, Exception? inner = null, bool mayHaveArrived = false) : Exception(message, inner)
{
    public FreshdeskFailure Failure { get; } = failure;
    public bool MayHaveArrived { get; } = mayHaveArrived;
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What a 400 says about the fields.</summary>
    public IReadOnlyList<FreshdeskFieldError> Errors { get; init; } = [];

    /// <summary>Passes by itself or by somebody's doing, so the same request is worth another try.</summary>
    public bool IsOutage => Failure is FreshdeskFailure.Unavailable or FreshdeskFailure.RateLimited or FreshdeskFailure.Unauthorized;
}
