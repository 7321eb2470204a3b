using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

abstract record HeardEvent
{
    public sealed record Started : HeardEvent;

    /// <summary>A short pause: the turn may be over.</summary>
    public sealed record Paused(string Text) : HeardEvent;

    /// <summary>It was not: the caller goes on.</summary>
    public sealed record Resumed : HeardEvent;

    public sealed record Ended(string Text) : HeardEvent;
}

/// <summary>Finds the caller's turns in the audio. Time is the audio's own, so audio may come faster or slower than real time.</summary>
sealed class AgentEar(DeepgramOptions options)
{
    // 20 ms: silences are measured to that, however large the frames are.
    const int SliceBytes = 160;

    readonly ToneDecoder decoder = new(options.EndOfTurn);
    bool speaking, paused;
    long startedAt, endAt;

    /// <summary>Bytes heard so far.</summary>
    public long Samples => decoder.Samples;

    /// <summary>The turn that was under way at <paramref name="samples"/> ends with the next frame, whatever is still being said. From any thread.</summary>
    public void EndTurn(long samples) => Volatile.Write(ref endAt, samples);

    /// <summary>Hears a frame and tells what happened in it. Nothing is allocated unless something did.</summary>
    public void Hear(ReadOnlySpan<byte> mulaw, List<HeardEvent> happened)
    {
        while (!mulaw.IsEmpty)
        {
            var slice = mulaw[..Math.Min(SliceBytes, mulaw.Length)];
            mulaw = mulaw[slice.Length..];
            decoder.Feed(slice);
            Notice(happened);
        }
    }

    void Notice(List<HeardEvent> happened)
    {
        if (speaking && (Volatile.Read(ref endAt) >= startedAt || decoder.UtteranceEnded))
        {
            speaking = paused = false;
            decoder.Take();
            happened.Add(new HeardEvent.Ended(decoder.TakeUtterance()));
        }
        else if (decoder.HasEnergy && !speaking)
        {
            speaking = true;
            startedAt = decoder.Samples;
            happened.Add(new HeardEvent.Started());
        }
        else if (decoder.HasEnergy && paused)
        {
            paused = false;
            happened.Add(new HeardEvent.Resumed());
        }
        else if (speaking && !paused && !decoder.HasEnergy && decoder.SilenceFor >= options.EagerEndOfTurn)
        {
            paused = true;
            happened.Add(new HeardEvent.Paused(decoder.Utterance));
        }
    }
}
