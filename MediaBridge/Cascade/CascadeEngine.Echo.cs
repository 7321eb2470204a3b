using CityMonitor.MediaBridge.Speech;

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

        var text = transcript.Text;
        var rest = Echo.Behind(text, speech.Recent);
        if (rest.Length < text.Length)
        {
            LineEchoes(text[..^rest.Length]);
            // A word that the vendor has not made up its mind about may yet become one of ours.
            rest = transcript.IsFinal || !speech.Talking || Words.Of(rest).Count > 2 || Echo.HoldsAnswer(rest) ? rest : "";
        }
        else if (transcript.IsFinal ? Echo.IsShort(text, lastEcho, speech.Recent) : Echo.MayBegin(text, speech.Recent))
        {
            rest = "";
        }

        if (rest.Length == 0 && transcript.IsFinal)
        {
            lastEcho = text;
            CascadeTelemetry.Interruptions.Add(1, BridgeTelemetry.Tag("kind", "echo"));
            soundPending = callerSpeaks;
            events.NothingSaid(this);
        }

        return transcript with { Text = rest };
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
