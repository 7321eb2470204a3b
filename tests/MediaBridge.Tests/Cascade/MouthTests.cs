using System.Text;
using CityMonitor.MediaBridge.Cascade;
using CityMonitor.MediaBridge.Speech;
using Microsoft.Extensions.Logging.Abstractions;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>Pieces in, audio out: order, holding back, and a second voice that goes on for the first. One byte of these voices is one letter.</summary>
public sealed class MouthTests
{
    [Fact]
    public async Task Pieces_are_uttered_in_order_and_the_end_is_told()
    {
        await using var scene = new MouthScene(new LetterVoice("a"));
        scene.Do(mouth => mouth.Speak("One two."));
        scene.Do(mouth => mouth.Speak("Three."));
        await scene.UtteredAsync("[One two.]One two.[Three.]Three.");
        scene.Do(mouth => mouth.AnswerComplete());
        await scene.UtteredAsync("[One two.]One two.[Three.]Three.<end>");
    }

    [Fact]
    public async Task A_closed_mouth_has_everything_ready_and_says_nothing()
    {
        var voice = new LetterVoice("a");
        await using var scene = new MouthScene(voice);
        scene.Do(mouth => mouth.Closed = true);
        scene.Do(mouth => mouth.Speak("One."));
        scene.Do(mouth => mouth.Speak("Two."));
        scene.Do(mouth => mouth.AnswerComplete());
        await Eventually.TrueAsync(() => voice.Spoken.Count == 2, "both are synthesised");
        Assert.Equal("", scene.Uttered);
        Assert.Equal("One. Two.", scene.Get(mouth => mouth.Unspoken));
        scene.Do(mouth => mouth.Closed = false);
        await scene.UtteredAsync("[One.]One.[Two.]Two.<end>");
    }

    [Fact]
    public async Task A_mouth_that_closes_in_mid_word_says_the_piece_to_its_end_and_begins_no_other()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var scene = new MouthScene(new LetterVoice("a") { WaitsAfter = (6, go.Task) });
        scene.Do(mouth => mouth.Speak("One two."));
        scene.Do(mouth => mouth.Speak("Three."));
        scene.Do(mouth => mouth.AnswerComplete());
        await scene.UtteredAsync("[One two.]One tw");
        scene.Do(mouth => mouth.Closed = true);
        go.SetResult();
        await scene.UtteredAsync("[One two.]One two.");
        Assert.Equal("Three.", scene.Get(mouth => mouth.Unspoken));
        scene.Do(mouth => mouth.Closed = false);
        await scene.UtteredAsync("[One two.]One two.[Three.]Three.<end>");
    }

    [Fact]
    public async Task What_is_dropped_is_never_heard_and_what_comes_then_is()
    {
        await using var scene = new MouthScene(new LetterVoice("a"));
        scene.Do(mouth => mouth.Closed = true);
        scene.Do(mouth => mouth.Speak("Never."));
        scene.Do(mouth => mouth.Drop());
        scene.Do(mouth => mouth.Closed = false);
        scene.Do(mouth => mouth.Say("Now.", first: false));
        await scene.UtteredAsync("[Now.]Now.<end>");
    }

    [Fact]
    public async Task What_was_cut_off_at_the_phone_comes_before_what_waits()
    {
        var voice = new LetterVoice("a") { StopsAfter = 4, Hangs = true };
        await using var scene = new MouthScene(voice);
        scene.Do(mouth => mouth.Speak("One two."));
        scene.Do(mouth => mouth.Speak("Three."));
        await scene.UtteredAsync("[One two.]One ");
        voice.StopsAfter = int.MaxValue;
        scene.Do(mouth =>
        {
            mouth.Cut();
            mouth.Closed = true;
            mouth.Say("One two.", first: true);
            mouth.Closed = false;
        });
        await scene.UtteredAsync("[One two.]One [One two.]One two.[Three.]Three.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_voice_goes_on_from_the_first_word_that_was_not_said(bool hangs)
    {
        // 60 ms a letter, as the mouth assumes of a voice it does not know: "There is a " and the beginning of "fire".
        var first = new LetterVoice("a", 480) { StopsAfter = 12, Hangs = hangs };
        var second = new LetterVoice("b", 480);
        await using var scene = new MouthScene(300, first, second);
        scene.Do(mouth => mouth.Speak("There is a fire at the harbour."));
        await Eventually.TrueAsync(() => second.Spoken.Count == 1, "the second voice speaks");
        Assert.Equal("fire at the harbour.", second.Spoken[0]);
        scene.Do(mouth => mouth.Speak("Two."));
        await Eventually.TrueAsync(() => second.Spoken.Count == 2, "the first voice rests");
        Assert.Single(first.Spoken);
    }

    [Fact]
    public async Task A_voice_that_ends_without_a_sound_has_not_spoken()
    {
        await using var scene = new MouthScene(new LetterVoice("a", bytesPerLetter: 0), new LetterVoice("b"));
        scene.Do(mouth => mouth.Speak("One two."));
        scene.Do(mouth => mouth.AnswerComplete());
        await scene.UtteredAsync("[One two.]One two.<end>");
    }

    [Fact]
    public async Task Where_no_voice_speaks_that_is_told_and_the_words_are_kept()
    {
        await using var scene = new MouthScene(300, new LetterVoice("a") { StopsAfter = 0 }, new LetterVoice("b") { StopsAfter = 0, Hangs = true });
        scene.Do(mouth => mouth.Speak("One."));
        await scene.UtteredAsync("<failed>");
        Assert.Equal("One.", scene.Get(mouth => mouth.Unspoken));
    }

    [Theory]
    [InlineData(0, "There is a fire.")]
    [InlineData(480 * 5, "is a fire.")]
    [InlineData(480 * 6, "is a fire.")]
    [InlineData(480 * 40, "")]
    public void What_the_audio_covers_is_not_said_again(long bytes, string rest) => Assert.Equal(rest, Voices.NotCovered("There is a fire.", bytes, 480));

    sealed class MouthScene : IMouthEvents, IAsyncDisposable
    {
        readonly Lock gate = new();
        readonly StringBuilder uttered = new();
        readonly Mouth mouth;

        public MouthScene(params ITextToSpeech[] voices) : this(10_000, voices)
        {
        }

        public MouthScene(int patienceMs, params ITextToSpeech[] voices)
        {
            mouth = new Mouth(voices, new CascadeOptions { FirstAudioMs = patienceMs, StallMs = patienceMs }, this, gate, TimeProvider.System, NullLogger.Instance);
            mouth.Start();
        }

        public string Uttered
        {
            get
            {
                lock (gate)
                {
                    return uttered.ToString();
                }
            }
        }

        public void Do(Action<Mouth> what)
        {
            lock (gate)
            {
                what(mouth);
            }
        }

        public T Get<T>(Func<Mouth, T> what)
        {
            lock (gate)
            {
                return what(mouth);
            }
        }

        public Task UtteredAsync(string text) => Eventually.TrueAsync(() => Uttered == text, $"'{text}' is uttered, not '{Uttered}'");

        public void PieceBegins(string text) => uttered.Append('[').Append(text).Append(']');

        public void PieceAudio(ReadOnlySpan<byte> mulaw) => uttered.Append(Encoding.ASCII.GetString(mulaw));

        public void AllSaid() => uttered.Append("<end>");

        public void MouthFailed(string reason) => uttered.Append("<failed>");

        public ValueTask DisposeAsync() => mouth.DisposeAsync();
    }

    /// <summary>Says the letters themselves, each so many times; may break off or hang after some.</summary>
    sealed class LetterVoice(string name, int bytesPerLetter = 1) : ITextToSpeech
    {
        public string Name => name;

        public List<string> Spoken { get; } = [];

        public int StopsAfter { get; set; } = int.MaxValue;

        public bool Hangs { get; set; }

        /// <summary>Behind so many letters of its first text it waits for that.</summary>
        public (int Letters, Task For) WaitsAfter { get; init; } = (int.MaxValue, Task.CompletedTask);

        public void Warm()
        {
            // Always is.
        }

        public async Task SpeakAsync(string text, AudioSink sink, CancellationToken ct)
        {
            await Task.Yield();
            foreach (var (at, letter) in text.Take(StopsAfter).Index())
            {
                await (at == WaitsAfter.Letters ? WaitsAfter.For : Task.CompletedTask);
                ct.ThrowIfCancellationRequested();
                sink(Enumerable.Repeat((byte)letter, bytesPerLetter).ToArray());
            }

            Spoken.Add(text);
            if (text.Length > StopsAfter)
            {
                await (Hangs ? Task.Delay(Timeout.Infinite, ct) : Task.FromException(new SpeechFailedException("by the test")));
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
