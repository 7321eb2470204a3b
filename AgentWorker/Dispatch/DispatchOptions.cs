using CityMonitor.ServiceDefaults;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Section Dispatch: how calls are attempted and followed up.</summary>
sealed class DispatchOptions : ICheckedOptions
{
    public const string Section = "Dispatch";

    /// <summary>Who is calling, as it is spoken; default Safe City Authority.</summary>
    public string Authority { get; set; } = "Safe City Authority";

    /// <summary>Flow of an incident's call: a file name in Flows:Directory without .yaml.</summary>
    public string Flow { get; set; } = "incident-dispatch";

    /// <summary>Calls before a responder counts as unreachable; default 3.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>Wait before the second, third, ... attempt; the last one repeats. Null: 30 s, then 120 s.</summary>
    public IReadOnlyList<TimeSpan>? RetryDelays { get; set; }

    /// <summary>Wait before calling again somebody who hung up without an answer, or lost the line; default 10 s.</summary>
    public TimeSpan HungUpDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a responder may ask to be called back before it counts as an attempt; default 2.</summary>
    public int CallBacks { get; set; } = 2;

    /// <summary>How long a phone may ring; default 60 s.</summary>
    public int RingSeconds { get; set; } = 60;

    /// <summary>Longest wait for the machine detection's verdict before the incident is told; default 4 s after the answer.</summary>
    public TimeSpan VerdictWait { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>From the end of an answering machine's words to the call-back text, where Twilio does not tell of the beep; default 2 s.</summary>
    public TimeSpan BeepWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Wait for the stream's end after the call's end, so that a yes in the last second counts; default 5 s.</summary>
    public TimeSpan OutcomeWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A call without any news for this long is looked into; default 3 min.</summary>
    public TimeSpan NoNewsWait { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Tickets of one event within this time make one call; default 10 min.</summary>
    public TimeSpan DuplicateWindow { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How often a duplicate looks how its primary fares; default 1 min.</summary>
    public TimeSpan DuplicateCheck { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>After the ETA, the wait before the responder is asked whether they have arrived; default 5 min.</summary>
    public TimeSpan EtaGrace { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Wait before that question where no ETA was given; default 30 min.</summary>
    public TimeSpan NoEtaCheck { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Wait for the answer to that question before the operator is told; default 10 min.</summary>
    public TimeSpan EtaReplyWait { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>After the arrival, the wait before the operator is asked about a ticket that is still open; default 12 h.</summary>
    public TimeSpan OpenTicketCheck { get; set; } = TimeSpan.FromHours(12);

    /// <summary>A message that Twilio has not taken after this long is the operator's; default 5 min.</summary>
    public TimeSpan MessageWait { get; set; } = TimeSpan.FromMinutes(5);

    public IReadOnlyList<TimeSpan> Delays => RetryDelays is { Count: > 0 } ? RetryDelays : [TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(120)];

    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Authority))
        {
            yield return "Dispatch:Authority must say who is calling, for example Safe City Authority.";
        }

        if (string.IsNullOrWhiteSpace(Flow) || Flow.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            yield return "Dispatch:Flow must be a flow's name (letters, digits, '-', '_'), for example incident-dispatch.";
        }

        if (Attempts is < 1 or > 10)
        {
            yield return "Dispatch:Attempts must be 1 to 10, for example 3.";
        }

        if (CallBacks is < 0 or > 10)
        {
            yield return "Dispatch:CallBacks must be 0 to 10, for example 2.";
        }

        if (RingSeconds is < 5 or > 600)
        {
            yield return "Dispatch:RingSeconds must be 5 to 600, for example 60.";
        }

        foreach (var (delay, index) in Delays.Select((d, i) => (d, i)))
        {
            if (delay < TimeSpan.Zero || delay > TimeSpan.FromHours(24))
            {
                yield return $"Dispatch:RetryDelays:{index} must be 0 to 24 hours, for example 00:00:30.";
            }
        }

        foreach (var (name, value, example) in Waits())
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(7))
            {
                yield return $"Dispatch:{name} must be more than 0 and at most 7 days, for example {example}.";
            }
        }
    }

    IEnumerable<(string Name, TimeSpan Value, string Example)> Waits() =>
    [
        (nameof(HungUpDelay), HungUpDelay, "00:00:10"),
        (nameof(VerdictWait), VerdictWait, "00:00:04"),
        (nameof(BeepWait), BeepWait, "00:00:02"),
        (nameof(OutcomeWait), OutcomeWait, "00:00:05"),
        (nameof(NoNewsWait), NoNewsWait, "00:03:00"),
        (nameof(DuplicateWindow), DuplicateWindow, "00:10:00"),
        (nameof(DuplicateCheck), DuplicateCheck, "00:01:00"),
        (nameof(EtaGrace), EtaGrace, "00:05:00"),
        (nameof(NoEtaCheck), NoEtaCheck, "00:30:00"),
        (nameof(EtaReplyWait), EtaReplyWait, "00:10:00"),
        (nameof(OpenTicketCheck), OpenTicketCheck, "12:00:00"),
        (nameof(MessageWait), MessageWait, "00:05:00"),
    ];
}
