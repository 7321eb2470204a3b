using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Phones;

/// <summary>An answering machine: greeting, beep, then it records (the phone's record is the recording).</summary>
sealed class VoicemailMind(VoicemailScript script) : IPhoneMind
{
    const int BeepMs = 400;

    bool greeted;
    int recordingFromMs;

    public void Think(PhoneOnCall phone)
    {
        if (!greeted)
        {
            greeted = true;
            phone.Say(script.Greeting);
            if (script.Beep)
            {
                phone.Sound(Beep());
            }
        }
        else if (phone.IsSpeaking)
        {
            recordingFromMs = phone.NowMs;
        }
        else if (phone.NowMs - recordingFromMs >= script.MaxRecording.TotalMilliseconds)
        {
            phone.HangUp("the recording is full");
        }
        else if (phone.QuietFor >= script.HangUpAfterSilence)
        {
            phone.HangUp("nothing more to record");
        }
    }

    public static byte[] Beep()
    {
        var beep = new byte[BeepMs * MuLaw.BytesPerMillisecond];
        for (var i = 0; i < beep.Length; i++)
        {
            beep[i] = MuLaw.Encode((short)(8000 * Math.Sin(2 * Math.PI * 1000 * i / MuLaw.SampleRate)));
        }

        return beep;
    }
}

/// <summary>Call screening: a machine asks who calls, listens, and then the person comes on the line or does not.</summary>
sealed class ScreeningMind(PhoneScript script) : IPhoneMind
{
    static readonly TimeSpan ExplanationEnds = TimeSpan.FromSeconds(1.5);

    bool prompted;
    bool explained;
    int explainedMs;
    PersonMind? person;

    public void Think(PhoneOnCall phone)
    {
        if (person is not null)
        {
            person.Think(phone);
        }
        else if (!prompted)
        {
            prompted = true;
            phone.Say(script.Screening.Prompt);
        }
        else if (phone.IsSpeaking)
        {
            phone.ForgetWhatWasHeard();
        }
        else if (!explained)
        {
            explained = phone.HeardSinceLastLine.Trim().Length > 0 && phone.OtherSilentFor >= ExplanationEnds;
            explainedMs = phone.NowMs;
            if (phone.QuietFor >= TimeSpan.FromSeconds(15))
            {
                phone.HangUp("nobody answered the screening");
            }
        }
        else if (phone.NowMs - explainedMs >= script.Screening.ConnectAfter.TotalMilliseconds)
        {
            if (!script.Screening.Connect)
            {
                phone.HangUp("the call was screened out");
                return;
            }

            phone.ForgetWhatWasHeard();
            person = new PersonMind(script, phone.NowMs);
        }
    }
}
