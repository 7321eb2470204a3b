namespace CityMonitor.Simulator.Twilio;

/// <summary>What becomes of a call whose media socket breaks off without a close: Twilio does not document it.</summary>
enum SocketLoss
{
    NextVerb,
    EndCall,

    /// <summary>The line stays open and silent until somebody updates the call.</summary>
    Hang,
}

/// <summary>What happens to status callbacks on their way.</summary>
enum CallbackDelivery
{
    Normal,
    Duplicate,

    /// <summary>Each callback overtakes the one before it.</summary>
    OutOfOrder,
    Missing,

    /// <summary>Signed with another token.</summary>
    Forged,

    /// <summary>All in their order, <see cref="TwilioSettings.CallbacksLateSeconds"/> behind their time.</summary>
    Late,
}

/// <summary>
/// The simulated account. Configuration section <c>Simulator:Twilio</c>; what can change while it runs is changed with
/// <c>PUT /settings/twilio</c> on the control port.
/// </summary>
sealed class TwilioSettings
{
    public string AccountSid { get; set; } = "AC00000000000000000000000000000001";

    public string AuthToken { get; set; } = "simulator";

    /// <summary>Outbound calls that leave the queue each second; Twilio's default is 1.</summary>
    public double CallsPerSecond { get; set; } = 1;

    public SocketLoss SocketLoss { get; set; } = SocketLoss.NextVerb;

    public CallbackDelivery StatusCallbacks { get; set; } = CallbackDelivery.Normal;

    /// <summary>For <see cref="CallbackDelivery.Late"/>.</summary>
    public double CallbacksLateSeconds { get; set; } = 20;

    /// <summary>Audio that an application may send ahead of the play head; what is beyond it is dropped with a stream error.</summary>
    public int PlaybackBufferSeconds { get; set; } = 300;

    /// <summary>Senders that the account owns; empty: any. Others are refused with 21210 or 21606.</summary>
    public List<string> OwnNumbers { get; set; } = [];

    /// <summary>How long a WhatsApp window stays open after the person's last message.</summary>
    public double WhatsAppWindowHours { get; set; } = 24;

    public string? Problem() => this switch
    {
        { CallsPerSecond: <= 0 or > 1000 } => "Simulator:Twilio:CallsPerSecond must be above 0 and at most 1000, for example 1",
        { CallbacksLateSeconds: < 0 or > 600 } => "Simulator:Twilio:CallbacksLateSeconds must be from 0 to 600, for example 20",
        { PlaybackBufferSeconds: < 1 or > 3600 } => "Simulator:Twilio:PlaybackBufferSeconds must be from 1 to 3600, for example 300",
        { WhatsAppWindowHours: <= 0 } => "Simulator:Twilio:WhatsAppWindowHours must be above 0, for example 24",
        _ when AccountSid.Length != 34 || !AccountSid.StartsWith("AC", StringComparison.Ordinal) =>
            "Simulator:Twilio:AccountSid must be AC and 32 hex digits, for example AC00000000000000000000000000000001",
        _ when AuthToken.Length == 0 => "Simulator:Twilio:AuthToken must not be empty, for example simulator",
        _ => null,
    };
}
