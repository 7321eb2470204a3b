using System.Text.RegularExpressions;
using System.Threading.Channels;

namespace CityMonitor.Simulator.Speech;

/// <summary>
/// A vendor's voice: speaks texts one after the other, in chunks, the first after a while and the others faster than real time, until it
/// is stopped. Thread-safe.
/// </summary>
/// <param name="speed">How much faster than real time audio comes; from 1000 on there is no wait between chunks at all.</param>
/// <param name="firstByte">How long the first audio of a text takes.</param>
/// <param name="chunk">Length of a chunk; default 80 ms.</param>
sealed partial class PacedVoice(double speed, TimeSpan firstByte, TimeProvider clock, TimeSpan? chunk = null)
{
    readonly int chunkBytes = (int)(chunk ?? TimeSpan.FromMilliseconds(80)).TotalMilliseconds * MuLaw.BytesPerMillisecond;
    const double NoWait = 1000;

    readonly record struct Item(int Generation, long At, byte[]? Audio, Action<ReadOnlyMemory<byte>>? Sink, Action? Then);

    readonly Channel<Item> items = Channel.CreateBounded<Item>(new BoundedChannelOptions(4096) { SingleReader = true });
    readonly Lock gate = new();
    int generation;

    /// <summary>A text as it is spoken: line breaks and runs of spaces are no sounds.</summary>
    public static string Spoken(string text) => Spaces().Replace(text, " ").Trim();

    /// <summary>Speaks a text behind what is still to be said.</summary>
    /// <param name="sink">Gets each chunk; nothing after <see cref="Stop"/>.</param>
    public void Say(string text, Action<ReadOnlyMemory<byte>> sink)
    {
        if (text.Length > 0)
        {
            Put(ToneCode.Encode(text), sink, null);
        }
    }

    /// <summary>Runs when everything before it has been sent; never when it was stopped before.</summary>
    public void Then(Action action) => Put(null, null, action);

    /// <summary>Forgets all that is to be said. When this returns no chunk comes any more.</summary>
    public void Stop()
    {
        lock (gate)
        {
            generation++;
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        await foreach (var item in items.Reader.ReadAllAsync(cancellation))
        {
            if (item.Audio is null)
            {
                Do(item, item.Then!);
                continue;
            }

            var audio = item.Audio;
            await WaitAsync(firstByte - clock.GetElapsedTime(item.At), cancellation);
            var begin = clock.GetTimestamp();
            for (var at = 0; at < audio.Length; at += chunkBytes)
            {
                if (speed < NoWait)
                {
                    await WaitAsync(MuLaw.DurationOf(at) / speed - clock.GetElapsedTime(begin), cancellation);
                }

                var piece = audio.AsMemory(at, Math.Min(chunkBytes, audio.Length - at));
                if (!Do(item, () => item.Sink!(piece)))
                {
                    break;
                }
            }
        }
    }

    void Put(byte[]? audio, Action<ReadOnlyMemory<byte>>? sink, Action? then)
    {
        lock (gate)
        {
            // Full only for a client that asks for thousands of texts and does not wait for any.
            items.Writer.TryWrite(new Item(generation, clock.GetTimestamp(), audio, sink, then));
        }
    }

    bool Do(Item item, Action action)
    {
        lock (gate)
        {
            if (item.Generation != generation)
            {
                return false;
            }

            action();
            return true;
        }
    }

    Task WaitAsync(TimeSpan wait, CancellationToken cancellation) =>
        wait > TimeSpan.FromMilliseconds(1) ? Task.Delay(wait, clock, cancellation) : Task.CompletedTask;

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
