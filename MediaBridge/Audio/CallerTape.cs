using System.Buffers;

namespace CityMonitor.MediaBridge.Audio;

/// <summary>The last eight seconds of the caller, so that an utterance that a vendor missed can be played to the next one.</summary>
sealed class CallerTape : IDisposable
{
    public const int Capacity = 65536;

    readonly byte[] ring = ArrayPool<byte>.Shared.Rent(Capacity);
    bool disposed;

    /// <summary>Bytes recorded since the start: the position of the next byte.</summary>
    public long Position { get; private set; }

    public void Add(ReadOnlySpan<byte> frame)
    {
        if (frame.Length > Capacity)
        {
            Position += frame.Length - Capacity;
            frame = frame[^Capacity..];
        }

        var at = (int)(Position % Capacity);
        var first = Math.Min(frame.Length, Capacity - at);
        frame[..first].CopyTo(ring.AsSpan(at));
        frame[first..].CopyTo(ring);
        Position += frame.Length;
    }

    /// <summary>Copies from <paramref name="from"/> (or the oldest byte still there) and moves it on; 0 at the end.</summary>
    public int Read(ref long from, Span<byte> target)
    {
        from = Math.Max(from, Math.Max(0, Position - Capacity));
        var count = (int)Math.Min(target.Length, Position - from);
        if (count <= 0)
        {
            return 0;
        }

        var at = (int)(from % Capacity);
        var first = Math.Min(count, Capacity - at);
        ring.AsSpan(at, first).CopyTo(target);
        ring.AsSpan(0, count - first).CopyTo(target[first..]);
        from += count;
        return count;
    }

    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            ArrayPool<byte>.Shared.Return(ring);
        }
    }
}
