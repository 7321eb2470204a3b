namespace CityMonitor.Simulator.Faults;

/// <summary>The names under which faults are set.</summary>
static class FaultTarget
{
    public const string Twilio = "twilio";
    public const string DeepgramAgent = "deepgram-agent";
    public const string DeepgramSpeak = "deepgram-speak";
    public const string DeepgramListen = "deepgram-listen";
    public const string ElevenLabsSpeak = "elevenlabs-speak";
    public const string ElevenLabsListen = "elevenlabs-listen";
    public const string Freshdesk = "freshdesk";
    public const string OpenAI = "openai";

    public static IReadOnlyList<string> All { get; } = 
        [Twilio, DeepgramAgent, DeepgramSpeak, DeepgramListen, ElevenLabsSpeak, ElevenLabsListen, Freshdesk, OpenAI];
}

/// <summary>What is wrong with a vendor now. Everything is optional and may be combined; an empty fault is a healthy vendor.</summary>
sealed record Fault
{
    /// <summary>Each HTTP answer (and each handshake) comes this much later.</summary>
    public int? LatencyMs { get; init; }

    /// <summary>Share of requests that fail, 0 to 1. Absent with a <see cref="Status"/>: all of them.</summary>
    public double? ErrorRate { get; init; }

    /// <summary>HTTP status of a failing request, for example 500, 429, 401.</summary>
    public int? Status { get; init; }

    /// <summary>Body of a failing request; absent: an error as the vendor writes it, with the text "Simulated fault".</summary>
    public string? Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Seconds, sent as <c>Retry-After</c> with a failing request.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Only this many requests are affected, then the fault ends by itself. Absent: until it is cleared.</summary>
    public int? Next { get; init; }

    /// <summary>Only requests whose path matches this regular expression (and whose method, when it reads like <c>^POST /path</c>).</summary>
    public string? Match { get; init; }

    /// <summary>The connection is aborted before any answer, as near to refused as one port can be.</summary>
    public bool Refuse { get; init; }

    /// <summary>The request is carried out and the connection then aborted: the caller cannot know the outcome.</summary>
    public bool LoseAnswer { get; init; }

    /// <summary>The request is accepted and never answered.</summary>
    public bool Hang { get; init; }

    /// <summary><c>html</c>: a 200 with an HTML page. <c>json</c>: a 200 with broken JSON.</summary>
    public string? Garbage { get; init; }

    /// <summary>Sockets stay open and nothing is sent on them.</summary>
    public bool Mute { get; init; }

    /// <summary>Each message on a socket, and each piece of a streamed answer, comes this much later.</summary>
    public int? LateMs { get; init; }

    /// <summary>
    /// Rubbish on sockets (see <see cref="Rubbish"/>): <c>between</c> the messages, which come as they are, or <c>instead</c> of them.
    /// </summary>
    public string? Garble { get; init; }

    /// <summary>Sockets and streamed answers break off with the vendor's own error before the next thing that would be sent.</summary>
    public bool FailStreams { get; init; }

    /// <summary>Every socket or streamed answer that is open, or opens while the fault stands, is aborted after this many ms; 0 is now.</summary>
    public int? DropSocketsAfterMs { get; init; }

    /// <summary>What is wrong with this description, or null when nothing is.</summary>
    public string? Problem() => this switch
    {
        { LatencyMs: < 0 } => "latencyMs must be 0 or more, for example 800",
        { ErrorRate: < 0 or > 1 } => "errorRate must be between 0 and 1, for example 0.2",
        { Status: < 200 or > 599 } => "status must be an HTTP status, for example 503",
        { Next: < 1 } => "next must be 1 or more, for example 3",
        { RetryAfter: < 0 } => "retryAfter must be 0 or more seconds, for example 2",
        { LateMs: < 0 } => "lateMs must be 0 or more, for example 800",
        { DropSocketsAfterMs: < 0 } => "dropSocketsAfterMs must be 0 or more, for example 0 for now",
        { Garbage: not (null or "html" or "json") } => "garbage must be html or json",
        { Garble: not (null or "between" or "instead") } => "garble must be between or instead",
        { ErrorRate: not null, Status: null } => "errorRate needs a status, for example 500",
        _ => MatchProblem(),
    };

    string? MatchProblem()
    {
        try
        {
            _ = Match is null ? null : new System.Text.RegularExpressions.Regex(Match);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"match must be a regular expression, for example ^POST /v1: {e.Message}";
        }
    }
}
