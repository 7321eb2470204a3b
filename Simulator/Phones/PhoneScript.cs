using YamlDotNet.Serialization;

namespace CityMonitor.Simulator.Phones;

/// <summary>What happens when a phone is called.</summary>
enum PickUp
{
    /// <summary>A person answers.</summary>
    Person,
    Voicemail,

    /// <summary>A machine asks who is calling; then a person comes on the line, or does not.</summary>
    Screening,
    Busy,
    NoAnswer,

    /// <summary>The network cannot reach the number.</summary>
    Failed,
}

/// <summary>
/// How one simulated phone behaves, as written in <c>scenarios/phones/*.yaml</c>. Durations read like <c>2s</c>, <c>400ms</c> or
/// <c>1.5</c> (seconds).
/// </summary>
sealed class PhoneScript
{
    /// <summary>E.164, for example +12025550123; <c>"*"</c> is every number that has no script of its own.</summary>
    public string Number { get; set; } = "";

    public string? Name { get; set; }

    public string? Description { get; set; }

    public PickUp WhenCalled { get; set; } = PickUp.Person;

    /// <summary>How long it rings before it is answered (or found busy).</summary>
    public TimeSpan AnswerAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A second call while one is up finds the line busy.</summary>
    public bool OneCallAtATime { get; set; }

    /// <summary>Said on answering. Empty: nothing.</summary>
    public string? Greeting { get; set; }

    public TimeSpan GreetingAfter { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long the other side must be quiet before this person takes it to have finished.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMilliseconds(700);

    public List<PhoneLine> Lines { get; set; } = [];

    /// <summary>Hangs up this long after answering, whatever is going on.</summary>
    public TimeSpan? HangUpAfter { get; set; }

    /// <summary>Hangs up after this much silence on the line, counted from the last thing that either side said.</summary>
    public TimeSpan? HangUpAfterSilence { get; set; }

    public VoicemailScript Voicemail { get; set; } = new();

    public ScreeningScript Screening { get; set; } = new();

    public MessagingScript Messaging { get; set; } = new();

    /// <summary>The verdict of answering machine detection; absent: what fits <see cref="WhenCalled"/>.</summary>
    public string? AnsweredBy { get; set; }

    public TimeSpan AnsweredByAfter { get; set; } = TimeSpan.FromSeconds(2.5);
}

/// <summary>One thing that the person may say or do, and the cue for it.</summary>
sealed class PhoneLine
{
    /// <summary>Regular expression on everything heard since this person's last line; case does not matter. Absent: anything.</summary>
    public string? On { get; set; }

    /// <summary>The cue is silence instead: nobody has spoken for this long.</summary>
    public TimeSpan? OnSilence { get; set; }

    /// <summary>The cue is time instead: this long after answering.</summary>
    public TimeSpan? At { get; set; }

    /// <summary>Does not wait for the other side to finish: acts as soon as this many characters were heard since the last line and
    /// <see cref="On"/> matches.</summary>
    public int? InterruptAfter { get; set; }

    public string? Say { get; set; }

    /// <summary>Keys to press, for example <c>1</c> or <c>12#</c>; <c>w</c> waits half a second.</summary>
    public string? Press { get; set; }

    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How often this line can be used; 0 is any number of times.</summary>
    public int Times { get; set; } = 1;

    /// <summary>Answers several questions at once: every further line that matches and is marked so too is said in the same breath.</summary>
    public bool Combine { get; set; }

    /// <summary>Hangs up when the line has been said.</summary>
    public bool HangUp { get; set; }

    /// <summary>Hangs up in the middle of the own line, after this many characters of it.</summary>
    public int? HangUpMidSentence { get; set; }
}

sealed class VoicemailScript
{
    public string Greeting { get; set; } = "You have reached the voicemail of this number. Please leave a message after the tone.";

    public bool Beep { get; set; } = true;

    /// <summary>The machine hangs up after this much silence behind the beep.</summary>
    public TimeSpan HangUpAfterSilence { get; set; } = TimeSpan.FromSeconds(10);

    public TimeSpan MaxRecording { get; set; } = TimeSpan.FromSeconds(120);
}

sealed class ScreeningScript
{
    public string Prompt { get; set; } =
        "The person you are calling cannot be reached directly. Please say your name and why you are calling, and I will see if they are available.";

    /// <summary>How long after the caller's explanation the person comes on the line.</summary>
    public TimeSpan ConnectAfter { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>False: the person refuses and the line is closed instead.</summary>
    public bool Connect { get; set; } = true;
}

/// <summary>How messages to this phone fare.</summary>
sealed class MessagingScript
{
    [YamlMember(Alias = "has_whatsapp", ApplyNamingConventions = false)]
    public bool HasWhatsApp { get; set; } = true;

    /// <summary>The 24 hour window is open from the start, as when the person has written before.</summary>
    [YamlMember(Alias = "whatsapp_window_open", ApplyNamingConventions = false)]
    public bool WhatsAppWindowOpen { get; set; }

    public bool OptedOut { get; set; }

    /// <summary>Media in WhatsApp messages is rejected (63019).</summary>
    public bool RejectsMedia { get; set; }

    /// <summary>After <c>sent</c> comes <c>undelivered</c> with this error code, for example 30003.</summary>
    public int? UndeliveredWith { get; set; }

    /// <summary>Every message fails at once with this error code.</summary>
    public int? FailsWith { get; set; }

    public TimeSpan SentAfter { get; set; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan DeliveredAfter { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>WhatsApp only; absent: never read.</summary>
    public TimeSpan? ReadAfter { get; set; }

    /// <summary>What the person writes back on the same channel. The first that matches is taken.</summary>
    public List<MessageReply> Replies { get; set; } = [];
}

/// <summary>A written answer, which also opens the WhatsApp window.</summary>
sealed class MessageReply
{
    /// <summary>Regular expression on the text (or the template's variables). Absent: anything.</summary>
    public string? On { get; set; }

    public string Say { get; set; } = "";

    public TimeSpan After { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often; 0 is any number of times.</summary>
    public int Times { get; set; } = 1;
}
