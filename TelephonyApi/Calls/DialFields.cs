using CityMonitor.Messaging.State;

namespace CityMonitor.TelephonyApi.Calls;

/// <summary>The fields of cm:call:{id} that are TelephonyApi's own, beside the shared ones in CallFields.</summary>
static class DialFields
{
    public const string To = CallFields.To;
    public const string Priority = "dial.priority";
    public const string Ring = "dial.ring";
    public const string Max = "dial.max";

    /// <summary>Present for a call that came in.</summary>
    public const string Inbound = "dial.inbound";

    /// <summary>traceparent of the PlaceCall.</summary>
    public const string Trace = "dial.trace";

    /// <summary>When it was queued, and when it was taken for dialling (Unix ms, by Redis' clock).</summary>
    public const string QueuedAt = "dial.at";
    public const string Since = "dial.since";
    public const string Score = "dial.score";
    public const string NotBefore = "dial.notBefore";

    /// <summary>Times taken for dialling.</summary>
    public const string Tries = "dial.tries";

    /// <summary>Why it is to be ended (EndCall); set as soon as that is asked, whatever the state.</summary>
    public const string Cancel = "dial.cancel";

    /// <summary>How far the call has come: the rank of Twilio's status; never goes back.</summary>
    public const string Progress = "dial.progress";
    public const string Sequence = "dial.seq";
    public const string End = "dial.end";
    public const string EndCode = "dial.code";
    public const string EndDetail = CallFields.EndDetail;
    public const string AnsweredBy = "dial.answeredBy";

    /// <summary>Stream answers given; the stream number at the last one; how many in a row brought no stream.</summary>
    public const string Answers = "dial.answers";
    public const string AnswerStream = "dial.answerStream";
    public const string Fruitless = "dial.fruitless";

    /// <summary>The bridge that the last stream answer named.</summary>
    public const string AnswerBridge = "dial.answerBridge";

    /// <summary>The last stream answer whose end Twilio asked about, and the last one that we moved on ourselves.</summary>
    public const string Continued = "dial.continued";
    public const string Moved = "dial.moved";
    public const string MovedAt = "dial.movedAt";

    /// <summary>The digit that was accepted in keypad mode.</summary>
    public const string Keypad = "dial.keypad";
}

static class DialStates
{
    public const string Queued = "queued";
    public const string Dialling = "dialling";
    public const string Placed = "placed";
    public const string Ended = "ended";
}
