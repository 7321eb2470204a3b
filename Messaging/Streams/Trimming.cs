namespace CityMonitor.Messaging.Streams;

/// <summary>How long streams may get; docs/keys.md says the same.</summary>
static class Trimming
{
    /// <summary>Entries of cm:audit, about.</summary>
    public const int AuditLength = 100_000;

    /// <summary>Entries of one cm:speech:{bridge}, about.</summary>
    public const int SpeechLength = 10_000;

    /// <summary>cm:speech:{bridge} outlives its last write by an hour: longer than any call lasts without a word.</summary>
    public const int SpeechMilliseconds = 3_600_000;

    /// <summary>Entries of cm:dead are kept this long.</summary>
    public static readonly TimeSpan DeadAge = TimeSpan.FromDays(30);
}
