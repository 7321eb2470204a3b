using CityMonitor.Messaging.Contracts;
using CityMonitor.ServiceDefaults;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>Section Reception: calls that come in.</summary>
sealed class ReceptionOptions : ICheckedOptions
{
    public const string Section = "Reception";

    /// <summary>Flow of a call that comes in: a file name in Flows:Directory without .yaml.</summary>
    public string Flow { get; set; } = "inbound-reception";

    /// <summary>Who is phoned about an incident that a caller reports, E.164. Not set: the ticket waits for an operator to name somebody.</summary>
    public string? Responder { get; set; }

    /// <summary>The person to whom callers may be put through, E.164. Not set: a message is taken instead.</summary>
    public string? TransferTo { get; set; }

    /// <summary>Wait after the call's end for what was still being thought and written; default 5 s.</summary>
    public TimeSpan OutcomeWait { get; set; } = TimeSpan.FromSeconds(5);

    public PhoneNumber? ResponderNumber => Number(Responder);

    public PhoneNumber? TransferNumber => Number(TransferTo);

    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Flow) || Flow.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            yield return "Reception:Flow must be a flow's name (letters, digits, '-', '_'), for example inbound-reception.";
        }

        foreach (var (name, value) in new[] { (nameof(Responder), Responder), (nameof(TransferTo), TransferTo) })
        {
            if (!string.IsNullOrWhiteSpace(value) && Number(value) is null)
            {
                yield return $"Reception:{name} must be {PhoneNumber.Rule}; found '{value}'.";
            }
        }

        if (OutcomeWait <= TimeSpan.Zero || OutcomeWait > TimeSpan.FromMinutes(5))
        {
            yield return "Reception:OutcomeWait must be more than 0 and at most 5 minutes, for example 00:00:05.";
        }
    }

    static PhoneNumber? Number(string? text) => PhoneNumber.TryParse(text, out var number) ? number : null;
}
