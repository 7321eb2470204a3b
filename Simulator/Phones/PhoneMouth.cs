using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Phones;

/// <summary>What a phone is about to say, frame by frame.</summary>
/// <param name="began">Called with each text as it begins.</param>
/// <param name="ended">Called when it has been said, with whether the phone then hangs up.</param>
sealed class PhoneMouth(Action<string> began, Action<Utterance, bool> ended)
{
    readonly Queue<Speech> speeches = new();
    Speech? speech;
    int position;
    int startMs;

    public bool IsSpeaking => speech is not null || speeches.Count > 0;

    public void Say(string text, int? hangUpAfterCharacters)
    {
        var cut = hangUpAfterCharacters is { } count && count < text.Length;
        var spoken = cut ? text[..hangUpAfterCharacters!.Value] : text;
        speeches.Enqueue(new Speech(spoken, ToneCode.Encode(spoken), hangUpAfterCharacters is not null, cut));
    }

    public void Sound(byte[] mulaw) => speeches.Enqueue(new Speech("", mulaw, false, false));

    /// <summary>Fills the next 20 ms; <paramref name="frame"/> arrives filled with silence.</summary>
    public void Fill(Span<byte> frame, int nowMs)
    {
        if (speech is null && !BeginNext(nowMs))
        {
            return;
        }

        var count = Math.Min(frame.Length, speech!.Audio.Length - position);
        speech.Audio.AsSpan(position, count).CopyTo(frame);
        position += count;
        if (position < speech.Audio.Length)
        {
            return;
        }

        var said = speech;
        speech = null;
        if (said.Text.Length > 0)
        {
            ended(new Utterance(said.Text, startMs, nowMs + PhoneOnCall.FrameMs, said.Cut), said.ThenHangUp);
        }
    }

    /// <summary>What was being said when the line went dead.</summary>
    public Utterance? CutOff(int nowMs)
    {
        if (speech is not { Text.Length: > 0 } cutOff)
        {
            return null;
        }

        var share = (double)position / cutOff.Audio.Length;
        return new Utterance(cutOff.Text[..(int)(cutOff.Text.Length * share)], startMs, nowMs, Cut: true);
    }

    bool BeginNext(int nowMs)
    {
        if (!speeches.TryDequeue(out speech))
        {
            return false;
        }

        (position, startMs) = (0, nowMs);
        if (speech.Text.Length > 0)
        {
            began(speech.Text);
        }

        return true;
    }

    sealed record Speech(string Text, byte[] Audio, bool ThenHangUp, bool Cut);
}
