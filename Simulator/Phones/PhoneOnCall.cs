using System.Text;
using System.Text.Json.Nodes;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Phones;

/// <summary>Decides what the phone says and does, 50 times a second.</summary>
interface IPhoneMind
{
    void Think(PhoneOnCall phone);
}

/// <summary>
/// A phone that was answered: its ear, its mouth, its keys. Driven by the pacer, one frame of 20 ms at a time in each direction, so
/// its time is the audio's.
/// </summary>
sealed class PhoneOnCall
{
    public const int FrameBytes = 160;
    public const int FrameMs = 20;

    const int KeyIntervalMs = 250;

    readonly ToneDecoder ear = new();
    readonly PhoneMouth mouth;
    readonly Queue<char> keys = new();
    readonly StringBuilder sinceLastLine = new();
    readonly StringBuilder word = new();
    readonly IPhoneMind mind;
    readonly Timeline timeline;
    readonly string callSid;
    int keysDueMs;
    int quietMs;
    int longestQuietMs;
    int? ownLineEndedMs;
    int utterances = 1;
    bool hungUp;

    public PhoneOnCall(PhoneScript script, IPhoneMind mind, PhoneRecord record, Timeline timeline, string callSid)
    {
        Script = script;
        Record = record;
        this.mind = mind;
        this.timeline = timeline;
        this.callSid = callSid;
        mouth = new PhoneMouth(text => Report("phone.said", new JsonObject { ["text"] = text, ["atMs"] = NowMs }), SaidOne);
    }

    public PhoneScript Script { get; }

    public PhoneRecord Record { get; }

    /// <summary>Set once, before the first frame. Called on the pacer's thread; must not block.</summary>
    public Action<char>? KeyPressed { get; set; }

    public Action? HungUp { get; set; }

    /// <summary>Ms since the phone was answered.</summary>
    public int NowMs { get; private set; }

    public bool IsSpeaking => mouth.IsSpeaking;

    public bool IsBusyWithKeys => keys.Count > 0;

    public bool HearsSpeech => ear.IsSpeaking;

    public TimeSpan OtherSilentFor => ear.SilenceFor;

    /// <summary>How long neither side could be heard.</summary>
    public TimeSpan QuietFor => TimeSpan.FromMilliseconds(quietMs);

    public string HeardSinceLastLine => sinceLastLine.ToString();

    public int HeardLength => sinceLastLine.Length;

    public void ForgetWhatWasHeard() => sinceLastLine.Clear();

    public void Say(string text, int? hangUpAfterCharacters = null) => mouth.Say(text, hangUpAfterCharacters);

    /// <summary>Plays audio that is no speech, such as a voicemail's beep.</summary>
    public void Sound(byte[] mulaw) => mouth.Sound(mulaw);

    public void Press(string digits)
    {
        keysDueMs = Math.Max(keysDueMs, NowMs);
        foreach (var digit in digits)
        {
            keys.Enqueue(digit);
        }
    }

    public void HangUp(string why)
    {
        if (!hungUp)
        {
            hungUp = true;
            Report("phone.hung-up", new JsonObject { ["why"] = why });
            HungUp?.Invoke();
        }
    }

    /// <summary>Fills the next 20 ms that leave the phone.</summary>
    public void Speak(Span<byte> frame)
    {
        frame.Fill(MuLaw.Silence);
        if (!hungUp)
        {
            mouth.Fill(frame, NowMs);
        }
    }

    /// <summary>Takes the next 20 ms that arrive at the phone, and lets it think.</summary>
    public void Hear(ReadOnlySpan<byte> frame)
    {
        NowMs += FrameMs;
        if (hungUp)
        {
            return;
        }

        ear.Feed(frame);
        Listen(ear.Take());
        MeasureSilence();
        PressDueKey();
        mind.Think(this);
    }

    /// <summary>The line is dead: closes the books.</summary>
    public void End()
    {
        hungUp = true;
        FlushWord();
        Record.EndHeardUtterance();
        Record.Quality(ear.Garbled, ear.CutSymbols);
        if (mouth.CutOff(NowMs) is { } cutOff)
        {
            Record.Say(cutOff);
        }
    }

    void Listen(string text)
    {
        if (text.Length > 0)
        {
            sinceLastLine.Append(text);
            Record.Hear(text, NowMs);
            foreach (var character in text)
            {
                if (character == ' ')
                {
                    FlushWord();
                }

                word.Append(character);
            }
        }

        if (word.Length > 0 && ear.SilenceFor.TotalMilliseconds >= 200)
        {
            FlushWord();
        }

        if (ear.UtteranceEnded)
        {
            ear.TakeUtterance();
            Record.EndHeardUtterance();
            utterances++;
        }
    }

    void FlushWord()
    {
        if (word.Length > 0)
        {
            Report("phone.heard", new JsonObject { ["text"] = word.ToString(), ["atMs"] = NowMs, ["utterance"] = utterances });
            word.Clear();
        }
    }

    void MeasureSilence()
    {
        if (ear.HasEnergy && ownLineEndedMs is { } ended)
        {
            Record.ReplyAfter(NowMs - ended);
            ownLineEndedMs = null;
        }

        quietMs = ear.HasEnergy || IsSpeaking ? 0 : quietMs + FrameMs;
        if (quietMs > longestQuietMs)
        {
            longestQuietMs = quietMs;
            Record.Silence(quietMs);
        }
    }

    void PressDueKey()
    {
        if (keys.Count == 0 || NowMs < keysDueMs)
        {
            return;
        }

        var key = keys.Dequeue();
        keysDueMs = NowMs + (key == 'w' ? 2 * KeyIntervalMs : KeyIntervalMs);
        if (key != 'w')
        {
            Record.Press(key);
            Report("phone.pressed", new JsonObject { ["digit"] = key.ToString(), ["atMs"] = NowMs });
            KeyPressed?.Invoke(key);
        }
    }

    void SaidOne(Utterance line, bool thenHangUp)
    {
        Record.Say(line);
        ownLineEndedMs = line.ToMs;
        if (thenHangUp)
        {
            HangUp("in the middle of a sentence");
        }
    }

    void Report(string kind, JsonObject details)
    {
        details["phone"] = Script.Number;
        timeline.Add(kind, callSid, details);
    }
}
