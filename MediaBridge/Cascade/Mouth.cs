using System.Buffers;
using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Speech;

namespace CityMonitor.MediaBridge.Cascade;

/// <summary>What the mouth utters; under the gate.</summary>
interface IMouthEvents
{
    /// <summary>The audio of this piece begins.</summary>
    void PieceBegins(string text);

    void PieceAudio(ReadOnlySpan<byte> mulaw);

    /// <summary>All that there was to say has been handed over.</summary>
    void AllSaid();

    /// <summary>No voice could speak.</summary>
    void MouthFailed(string reason);
}

/// <summary>
/// One call's mouth: pieces in, audio out, in order. Synthesis runs ahead while the mouth is closed (the turn is not certain yet, or the
/// caller makes a sound); then what is ready comes out at once. A piece that has begun to come out goes on whatever happens, or is cut: a
/// pause in it would be one inside a word. A voice that refuses, stalls or breaks off is followed by the next one from
/// the first word that the audio so far does not cover.
/// </summary>
sealed class Mouth(IReadOnlyList<ITextToSpeech> inOrder, CascadeOptions options, IMouthEvents events, Lock gate, TimeProvider clock, ILogger log) : IAsyncDisposable
{
    /// <summary>Ahead of a closed mouth: 30 s.</summary>
    const int MostHeldBytes = 240_000;

    readonly LinkedList<Piece> line = new();
    readonly SemaphoreSlim work = new(0);
    readonly CancellationTokenSource stop = new();
    readonly Voices voices = new(inOrder, gate, clock);
    Task speaking = Task.CompletedTask;
    bool closed;
    bool answerOpen;

    sealed class Piece(string text)
    {
        public string Text { get; } = text;

        public bool Started { get; set; }

        /// <summary>Its audio has begun to come out.</summary>
        public bool Begun { get; set; }

        /// <summary>All its audio is there.</summary>
        public bool Whole { get; set; }

        public bool Dropped => Stop.IsCancellationRequested;

        public ArrayBufferWriter<byte>? Held { get; set; }

        public CancellationTokenSource Stop { get; } = new();

        /// <summary>Not at once: whoever waits for it would go on here, under the gate.</summary>
        public void Drop() => _ = Stop.CancelAsync();
    }

    public void Start() => speaking = SpeakAllAsync();

    /// <summary>No piece begins to come out; opened again, what is ready comes out at once.</summary>
    public bool Closed
    {
        get => closed;
        set
        {
            if (closed == value)
            {
                return;
            }

            closed = value;
            if (!closed)
            {
                LetOut();
                work.Release(); // synthesis may have waited for room
            }
        }
    }

    /// <summary>There are pieces that have not been handed over whole.</summary>
    public bool HasWords => line.Count > 0;

    public string Unspoken => string.Join(' ', line.Where(piece => !piece.Begun).Select(piece => piece.Text));

    public void Warm() => voices.Warm();

    /// <summary>A piece of an answer that has not come to its end.</summary>
    public void Speak(string text)
    {
        answerOpen = true;
        Add(text, first: false);
    }

    /// <summary>Words of our own, complete as they are.</summary>
    /// <param name="first">Before all that waits.</param>
    public void Say(string text, bool first) => Add(text, first);

    public void AnswerComplete()
    {
        answerOpen = false;
        if (line.Count == 0)
        {
            events.AllSaid();
        }
    }

    /// <summary>The phone was cleared: the piece that was coming out is gone from there, and does not go on.</summary>
    public void Cut()
    {
        if (line.First is { Value: { Begun: true } piece })
        {
            piece.Drop();
            line.RemoveFirst();
        }
    }

    public void Drop()
    {
        answerOpen = false;
        foreach (var piece in line)
        {
            piece.Drop();
        }

        line.Clear();
    }

    void Add(string text, bool first)
    {
        if (text.Length == 0)
        {
            return;
        }

        var piece = new Piece(text);
        if (first)
        {
            line.AddFirst(piece);
        }
        else
        {
            line.AddLast(piece);
        }

        work.Release();
    }

    /// <summary>Under the gate: audio of a piece, or its end.</summary>
    void OnAudio(Piece piece, ReadOnlySpan<byte> audio)
    {
        lock (gate)
        {
            if (piece.Dropped)
            {
                return;
            }

            if (MayComeOut(piece) && ReferenceEquals(line.First?.Value, piece))
            {
                Utter(piece, audio);
            }
            else
            {
                (piece.Held ??= new ArrayBufferWriter<byte>(8192)).Write(audio);
            }
        }
    }

    bool MayComeOut(Piece piece) => !closed || piece.Begun;

    void Utter(Piece piece, ReadOnlySpan<byte> audio)
    {
        if (!piece.Begun)
        {
            piece.Begun = true;
            events.PieceBegins(piece.Text);
        }

        if (!audio.IsEmpty)
        {
            events.PieceAudio(audio);
        }
    }

    void LetOut()
    {
        while (line.First?.Value is { } piece && MayComeOut(piece))
        {
            if (piece.Held is { WrittenCount: > 0 } held)
            {
                piece.Held = null;
                Utter(piece, held.WrittenSpan);
            }

            if (!piece.Whole || !ReferenceEquals(line.First?.Value, piece))
            {
                return;
            }

            line.RemoveFirst();
            if (line.Count == 0 && !answerOpen)
            {
                events.AllSaid();
            }
        }
    }

    async Task SpeakAllAsync()
    {
        try
        {
            while (true)
            {
                await work.WaitAsync(stop.Token);
                while (Next() is { } piece)
                {
                    await SpeakAsync(piece);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The engine is over.
        }
#pragma warning disable CA1031 // A fault of ours: a mouth that is silent for ever would look like one that has nothing to say.
        catch (Exception error)
#pragma warning restore CA1031
        {
            CascadeLog.Broken(log, error);
            lock (gate)
            {
                events.MouthFailed("broken");
            }
        }
    }

    /// <summary>Between two voices in mid-sentence, as long as between two words: else the last and the first one are heard as one.</summary>
    static readonly byte[] Seam = [.. Enumerable.Repeat(MuLaw.Silence, 120 * MuLaw.BytesPerMillisecond)];

    Piece? Next()
    {
        lock (gate)
        {
            if (closed && line.Sum(piece => piece.Held?.WrittenCount ?? 0) > MostHeldBytes)
            {
                return null;
            }

            var next = line.FirstOrDefault(piece => !piece.Started);
            if (next is not null)
            {
                next.Started = true;
            }

            return next;
        }
    }

    async Task SpeakAsync(Piece piece)
    {
        var rest = piece.Text;
        var reason = "";
        foreach (var voice in voices.Fit())
        {
            var bytes = 0L;
            using var watch = new CancellationTokenSource(TimeSpan.FromMilliseconds(options.FirstAudioMs), clock);
            using var dropped = piece.Stop.Token.Register(static state => ((CancellationTokenSource)state!).Cancel(), watch);
            using var over = stop.Token.Register(static state => ((CancellationTokenSource)state!).Cancel(), watch);
            var began = clock.GetTimestamp();
            try
            {
                await voice.SpeakAsync(
                    rest,
                    audio =>
                    {
                        if (bytes == 0)
                        {
                            CascadeTelemetry.VoiceFirstAudio.Record(clock.GetElapsedTime(began).TotalSeconds, BridgeTelemetry.Tag("voice", voice.Name));
                        }

                        bytes += audio.Length;
                        watch.CancelAfter(options.StallMs);
                        OnAudio(piece, audio);
                    },
                    watch.Token);
                if (bytes > 0 || !rest.Any(char.IsLetterOrDigit))
                {
                    voices.Learn(voice, rest, bytes);
                    Spoken(piece);
                    return;
                }

                reason = "it ended without audio";
            }
            catch (OperationCanceledException) when (piece.Dropped || stop.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException)
            {
                reason = bytes == 0 ? "no audio in time" : "stalled";
            }
            catch (SpeechFailedException error)
            {
                reason = error.Message;
            }

            voices.Failed(voice);
            CascadeLog.VoiceFailed(log, voice.Name, reason);
            BridgeTelemetry.VendorErrors.Add(1, BridgeTelemetry.Tag("gen_ai.provider.name", voice.Name), BridgeTelemetry.Tag("error.type", bytes == 0 ? "no-voice" : "voice-broke"));
            rest = voices.NotCovered(voice, rest, bytes);
            if (rest.Length == 0)
            {
                Spoken(piece);
                return;
            }

            if (bytes > 0)
            {
                OnAudio(piece, Seam);
            }
        }

        lock (gate)
        {
            if (!piece.Dropped)
            {
                events.MouthFailed(reason);
            }
        }
    }

    void Spoken(Piece piece)
    {
        lock (gate)
        {
            piece.Whole = true;
            LetOut();
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            Drop();
        }

        await stop.CancelAsync();
        await speaking;
        await voices.DisposeAsync();
        stop.Dispose();
        work.Dispose();
    }
}
