using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Messages;

/// <summary>A message's hash (cm:message:{id}) as it is now: itself, and its parts p0, p1, ... as Twilio has them.</summary>
sealed class MessageState(Dictionary<string, RespValue> fields)
{
    public const string IncidentField = "incident";
    public const string StatusField = "status";
    public const string PartsField = "parts";
    public const string TemplateField = "template";
    public const string AttemptsField = "attempts";
    public const string AtField = "at";
    public const string NoteField = "note";

    /// <summary>The links that are withheld, one to a line; absent before they were looked at.</summary>
    public const string ScreenedField = "screened";

    public bool Exists => fields.ContainsKey(IncidentField);

    public string? this[string field] => fields.GetValueOrDefault(field)?.Text is { Length: > 0 } text ? text : null;

    public long Number(string field, long absent = 0) =>
        long.TryParse(this[field], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : absent;

    public IncidentId Incident => IncidentId.Parse(this[IncidentField]!);

    /// <summary>-1 before anything was told.</summary>
    public int Told => (int)Number(StatusField, -1);

    public int Parts => (int)Number(PartsField);

    public bool? Template => this[TemplateField] is { } template ? template == "1" : null;

    public string? Sid(int part) => this[$"p{part}.sid"];

    public DeliveryStatus StatusOf(int part) => (DeliveryStatus)Number($"p{part}.status");

    /// <summary>One failed part fails the message; else it is as far as its slowest part.</summary>
    public DeliveryStatus Overall
    {
        get
        {
            var all = Enumerable.Range(0, Math.Max(1, Parts)).Select(StatusOf).ToList();
            return all.Contains(DeliveryStatus.Failed) ? DeliveryStatus.Failed : all.Min();
        }
    }

    /// <summary>The first failed part's code and words.</summary>
    public (int? Code, string? Detail) Failure
    {
        get
        {
            for (var part = 0; part < Math.Max(1, Parts); part++)
            {
                if (StatusOf(part) == DeliveryStatus.Failed)
                {
                    var code = Number($"p{part}.code");
                    var words = this[$"p{part}.detail"] ?? ErrorWords.Of(code > 0 ? (int)code : null, null);
                    return (code > 0 ? (int)code : null, Parts > 1 ? $"part {part + 1} of {Parts}: {words}" : words);
                }
            }

            return (null, null);
        }
    }
}
