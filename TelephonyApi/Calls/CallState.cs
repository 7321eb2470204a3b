using System.Globalization;
using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>A call's hash as it is now.</summary>
sealed class CallState(Dictionary<string, RespValue> fields)
{
    public bool Exists => fields.Count > 0;

    public string? Dial => this[CallFields.Dial];

    public bool Ended => Dial == DialStates.Ended;

    public string? Sid => this[CallFields.Sid];

    public string? To => this[DialFields.To];

    public string? Trace => this[DialFields.Trace];

    /// <summary>Why the conversation is over or the call is to end; null while it goes on.</summary>
    public string? Over => this[CallFields.End] ?? this[DialFields.Cancel] ?? this[DialFields.Keypad];

    /// <summary>It came in, and is about no incident.</summary>
    public bool IsReception => this[DialFields.Inbound] is not null && Session is not { Incident: not null };

    public bool Inbound => this[DialFields.Inbound] is not null;

    /// <summary>The agent has said that it puts the caller through to this person.</summary>
    public PhoneNumber? TransferTo => this[DialFields.Cancel] is null && this[CallFields.End] == CallFields.EndedByTransfer ? Session?.TransferTo : null;

    public bool KeypadMode => this[CallFields.Mode] == "keypad";

    /// <summary>The bridge of the last stream answer, where no stream came of it: not to be named again while there is another one.</summary>
    public string? FailedBridge =>
        this[DialFields.Answers, 0] > 0 && this[CallFields.Stream, 0] <= this[DialFields.AnswerStream, 0] ? this[DialFields.AnswerBridge] : null;

    public bool Machine => this[DialFields.AnsweredBy] is "MachineStart" or "MachineEnd" or "Fax";

    public long this[string field, long absent] =>
        long.TryParse(this[field], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : absent;

    /// <summary>Null where the field is absent or empty.</summary>
    public string? this[string field] => fields.GetValueOrDefault(field)?.Text is { Length: > 0 } text ? text : null;

    /// <summary>Null where it is absent or cannot be read; a call is then held by what the rest of its state says.</summary>
    public CallSession? Session
    {
        get
        {
            try
            {
                return this[CallFields.Session] is { } json ? JsonSerializer.Deserialize(json, StateJson.Default.CallSession) : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
