using System.Threading.Channels;
using CityMonitor.Simulator.Sockets;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>Speaks sentences one after the other, in chunks, faster than real time as the real one does, until it is stopped.</summary>
sealed class AgentVoice(VendorSocket socket, DeepgramOptions options, TimeProvider clock)
{
    static readonly TimeSpan Chunk = TimeSpan.FromMilliseconds(80);

    readonly record struct Sentence(int Turn, string Text, TimeSpan Thought);

    readonly Channel<Sentence> sentences = Channel.CreateBounded<Sentence>(256);
    readonly Lock gate = new();
    int turn, waiting;
    bool started;

    /// <summary>Told when everything that was to be said has been sent. Not told after a stop.</summary>
    public required Action WentQuiet { get; init; }

    /// <summary>Told of each sentence when its audio begins.</summary>
    public required Action<string> Said { get; init; }

    public bool IsSpeaking
    {
        get
        {
            lock (gate)
            {
                return waiting > 0;
            }
        }
    }

    public void Say(string text, TimeSpan thought)
    {
        lock (gate)
        {
            foreach (var sentence in Sentences.Split(text))
            {
                if (sentences.Writer.TryWrite(new Sentence(turn, sentence, thought)))
                {
                    waiting++;
                }
            }
        }
    }

    /// <summary>Stops at once: no chunk is sent after this returns. Tells whether there was anything to stop.</summary>
    public bool Stop()
    {
        lock (gate)
        {
            turn++;
            var wasSpeaking = waiting > 0;
            waiting = 0;
            started = false;
            return wasSpeaking;
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        await foreach (var sentence in sentences.Reader.ReadAllAsync(cancellation))
        {
            if (!Begin(sentence))
            {
                continue;
            }

            var audio = ToneCode.Encode(sentence.Text);
            var chunk = (int)Chunk.TotalMilliseconds * MuLaw.BytesPerMillisecond;
            var begin = clock.GetTimestamp();
            for (var at = 0; at < audio.Length; at += chunk)
            {
                var due = MuLaw.DurationOf(at) / options.AudioSpeed - clock.GetElapsedTime(begin);
                if (due > TimeSpan.FromMilliseconds(1))
                {
                    await Task.Delay(due, clock, cancellation);
                }

                lock (gate)
                {
                    if (sentence.Turn != turn)
                    {
                        break;
                    }

                    socket.SendAudio(audio.AsMemory(at, Math.Min(chunk, audio.Length - at)));
                }
            }

            End(sentence);
        }
    }

    bool Begin(Sentence sentence)
    {
        lock (gate)
        {
            if (sentence.Turn != turn)
            {
                return false;
            }

            Said(sentence.Text);
            if (!started)
            {
                started = true;
                var speech = TimeSpan.FromMilliseconds(90);
                socket.Send(AgentMessages.LatencyReport("ttt_text_latency", sentence.Thought));
                socket.Send(AgentMessages.LatencyReport("tts_latency", speech));
                socket.Send(AgentMessages.LatencyReport("total_latency", sentence.Thought + speech));
                socket.Send(AgentMessages.AgentStartedSpeaking(sentence.Thought + speech, speech, sentence.Thought));
            }

            return true;
        }
    }

    void End(Sentence sentence)
    {
        lock (gate)
        {
            if (sentence.Turn != turn || --waiting > 0)
            {
                return;
            }

            started = false;
            socket.Send(AgentMessages.AgentAudioDone);
        }

        WentQuiet();
    }
}
