namespace CityMonitor.MediaBridge.Twilio;

/// <summary>What a message of Twilio's media stream is, or what is wrong with it.</summary>
enum FrameKind
{
    /// <summary>Not one JSON object, or a field of the wrong kind.</summary>
    BadJson,

    /// <summary>JSON, with an event we do not know: ignored and counted, since Twilio may add some.</summary>
    Unknown,

    /// <summary>Well-formed, but of another stream.</summary>
    ForeignStream,

    /// <summary>A media frame whose payload is no base64.</summary>
    BadPayload,

    Connected,
    Start,
    Media,
    Dtmf,
    Mark,
    Stop,
}

/// <summary>One parsed message. Spans are offsets into the message's own buffer, so nothing is allocated.</summary>
struct TwilioFrame
{
    public FrameKind Kind;

    /// <summary>Media: the decoded mu-law, in place in the message's buffer.</summary>
    public int PayloadStart;
    public int PayloadLength;

    /// <summary>Mark: its name.</summary>
    public int NameStart;
    public int NameLength;

    /// <summary>Dtmf: 0-9, *, #, A-D; otherwise '\0'.</summary>
    public char Digit;
}

/// <summary>The start message: who is calling and with which token. Read once per stream.</summary>
/// <param name="Encoding">audio/x-mulaw.</param>
sealed record StreamStart(string StreamSid, string CallSid, string Encoding, int SampleRate, IReadOnlyDictionary<string, string> Parameters)
{
    public string? Token => Parameters.GetValueOrDefault("token");
}
