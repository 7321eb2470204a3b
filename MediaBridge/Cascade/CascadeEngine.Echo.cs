using CityMonitor.MediaBridge.Speech;
using CityMonitor.MediaBridge.Turns;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>A line that carries our own words back: they neither stop the agent nor make a turn.</summary>
sealed partial class CascadeEngine
{
    /// <summary>A line that echoes does so within this.</summary>
    const double EchoWithinMs = 1000;

    /// <summary>The line has carried three words of ours back: from then on a sound alone stops nothing.</summary>
    bool lineEchoes;

    /// <summary>The sound of now, or the last one, began while we spoke and stopped nothing: its words tell what it was.</summary>
    bool underOurVoice;

    /// <summary>Words of ours, all of them, in a sound that began under our voice and goes on behind it: an echo, or a caller who says them after us.</summary>
    string doubted = "";

    /// <summary>What an echo lags behind, and some.</summary>
    const double EchoTailMs = 600;

    /// <summary>Our detector still hears a sound that has been over for so long.</summary>
    const double DetectorIsLateMs = 300;

    /// <summary>The last echo, with which one or two further words may go on.</summary>
    string lastEcho = "";

    bool BeginsUnderOurVoice()
    {
        var speech = events.AgentSpeech;
        return speech.Talking || (lineEchoes && speech.QuietMs < EchoWithinMs);
    }

    /// <summary>What the caller has said of it.</summary>
    Transcript WithoutEcho(Transcript transcript)
    {
        var speech = events.AgentSpeech;
        if (transcript.Text.Length == 0 || (!speech.Talking && !cleared && !underOurVoice))
        {
            return transcript;
        }

        var text = doubted.Length == 0 ? transcript.Text : $"{doubted} {transcript.Text}";
        var rest = Echo.Behind(text, speech.Recent);
        var begins = rest.Length < text.Length;
        if (!begins && (transcript.IsFinal ? Echo.IsShort(text, lastEcho, speech.Recent) : Echo.MayBegin(text, speech.Recent)))
        {
            rest = "";
        }

        if (rest.Length == 0 && MayBeRepeated(speech) && (callerSpeaks || OutlastsOurVoice(speech)))
        {
            var theirs = OutlastsOurVoice(speech);
            doubted = !transcript.IsFinal ? doubted : theirs ? "" : text;
            return transcript with { Text = theirs ? text : "" };
        }

        if (begins)
        {
            LineEchoes(text[..^rest.Length]);
            // A word that the vendor has not made up its mind about may yet become one of ours.
            rest = transcript.IsFinal || !speech.Talking || Words.Of(rest).Count > 2 || Echo.HoldsAnswer(rest) ? rest : "";
        }

        if (transcript.IsFinal)
        {
            doubted = "";
            if (rest.Length == 0)
            {
                IsEcho(text);
            }
        }

        return transcript with { Text = rest };
    }

    /// <summary>Our voice is over, or was cut off, on a line that has not echoed: a caller may well say our words after us, "I can take this incident".</summary>
    bool MayBeRepeated(AgentSpeech speech) => !lineEchoes && speech.QuietMs > 0;

    /// <summary>An echo ends soon behind what it repeats.</summary>
    bool OutlastsOurVoice(AgentSpeech speech)
    {
        var now = events.NowMs;
        var lastSound = callerSpeaks ? now - DetectorIsLateMs : silentSince;
        return lastSound - (now - speech.QuietMs) > EchoTailMs;
    }

    /// <summary>The sound is over, and with it the doubt.</summary>
    void SettleDoubt()
    {
        var text = doubted;
        doubted = "";
        if (text.Length > 0 && OutlastsOurVoice(events.AgentSpeech))
        {
            taker.Heard(new Transcript(text, IsFinal: true, SpeechEnd.None), events.NowMs);
        }
        else if (text.Length > 0)
        {
            LineEchoes(text);
            IsEcho(text);
        }
    }

    void IsEcho(string text)
    {
        lastEcho = text;
        CascadeTelemetry.Interruptions.Add(1, BridgeTelemetry.Tag("kind", "echo"));
        soundPending = callerSpeaks;
        events.NothingSaid(this);
    }

    void LineEchoes(string echo)
    {
        lastEcho = echo;
        if (!lineEchoes)
        {
            lineEchoes = true;
            CascadeLog.Echo(log);
        }

        SetMouth();
    }
}
