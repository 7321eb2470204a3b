using CityMonitor.TelephonyApi.Twilio;

namespace CityMonitor.TelephonyApi.Webhooks;

/// <summary>What Twilio's own voice says where no speech engine does.</summary>
static class Phrases
{
    public const int KeypadRounds = 3;

    public const string Moment = "One moment.";
    public const string KeypadQuestion = "Press 1 to accept. Press 2 to decline. Press 9 to hear it again.";
    public const string Accepted = "Thank you. You have accepted. Goodbye.";
    public const string Declined = "Thank you. You have declined; we will call somebody else. Goodbye.";
    public const string Settled = "Thank you. The incident has been settled in the meantime; nothing more is needed. Goodbye.";
    public const string NotAChoice = "Sorry, that is not one of the choices.";
    public const string NoAnswer = "We have not had your answer. We will call again. Goodbye.";
    public const string Sorry = "Sorry, City Monitor cannot continue this call. We will call you again. Goodbye.";
    public const string NoPlace =
        "You have reached City Monitor. Nobody can speak with you right now; somebody will call you back. In an emergency, hang up and dial your emergency number. Goodbye.";
    public const string SorryInbound =
        "You have reached City Monitor. We are sorry, your call cannot be taken right now. In an emergency, hang up and dial your emergency number; otherwise please call again. Goodbye.";
    public const string Transferred = "Thank you for calling. Goodbye.";

    public static Twiml OneMoment(string url, string? language = null) =>
        new Twiml().Say(Moment, language).Pause(1).Redirect(url);
}
