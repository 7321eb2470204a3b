using CityMonitor.Messaging.Contracts;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>Twilio's call statuses on one scale. Callbacks may come late, twice or not at all; a call only ever rises on it.</summary>
static class CallStatus
{
    public const int Queued = 1;
    public const int Ringing = 2;
    public const int Answered = 3;
    public const int Terminal = 9;

    /// <summary>0 for a status that is not known: it is counted and otherwise ignored.</summary>
    public static int RankOf(string? status) => status switch
    {
        "queued" or "initiated" => Queued,
        "ringing" => Ringing,
        "in-progress" or "answered" => Answered,
        _ => EndOf(status) is null ? 0 : Terminal,
    };

    public static CallEnd? EndOf(string? status) => status switch
    {
        "completed" => CallEnd.Completed,
        "busy" => CallEnd.Busy,
        "no-answer" => CallEnd.NoAnswer,
        "failed" => CallEnd.Failed,
        "canceled" => CallEnd.Canceled,
        _ => null,
    };

    public static AnsweredByKind AnsweredByOf(string? answeredBy) => answeredBy switch
    {
        "human" => AnsweredByKind.Human,
        "machine_start" => AnsweredByKind.MachineStart,
        "fax" => AnsweredByKind.Fax,
        { } text when text.StartsWith("machine_end", StringComparison.Ordinal) => AnsweredByKind.MachineEnd,
        _ => AnsweredByKind.Unknown,
    };
}
