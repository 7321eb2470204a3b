using System.Buffers;

namespace CityMonitor.MediaBridge.Audio;

/// <summary>
/// The caller's utterance, so that one that a vendor missed can be played to the next: its last eight seconds, in a ring of two that grows
/// only for somebody who speaks longer without a break. Every call holds one.
/// </summary>
sealed class CallerTape : IDisposable
{
    public const int Capacity = 65536;
    const int Usual = 16384;

    byte[] ring = ArrayPool<byte>.Shared.Rent(Usual);
    int size = Usual;
    bool disposed;

    /// <summary>Bytes recorded since the start: the position of the next byte.</summary>
    public long Position { get; private set; }

    /// <param name="keepFrom">Where the utterance begins that is not to be overwritten, as far as <see cref="Capacity"/> allows; -1 for none.</param>
    public void Add(ReadOnlySpan<byte> frame, long keepFrom)
    {
        while (keepFrom >= 0 && Position + frame.Length - keepFrom > size && size < Capacity)
        {
            Grow();
        }

        if (frame.Length > size)
        {
            Position += frame.Length - size;
            frame = frame[^size..];
        }

        var at = (int)(Position % size);
        var first = Math.Min(frame.Length, size - at);
        frame[..first].CopyTo(ring.AsSpan(at));
        frame[first..].CopyTo(ring);
        Position += frame.Length;
    }

    /// <summary>Copies from <paramref name="from"/> (or the oldest byte still there) and moves it on; 0 at the end.</summary>
    public int Read(ref long from, Span<byte> target)
    {
        from = Math.Max(from, Math.Max(0, Position - size));
        var count = (int)Math.Min(target.Length, Position - from);
        if (count <= 0)
        {
            return 0;
        }

        var at = (int)(from % size);
        var first = Math.Min(count, size - at);
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

    void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(size * 2);
        var from = Math.Max(0, Position - size);
        while (from < Position)
        {
            var at = (int)(from % (size * 2));
            var chunk = larger.AsSpan(at, Math.Min(size, (size * 2) - at));
            Read(ref from, chunk);
        }

        ArrayPool<byte>.Shared.Return(ring);
        (ring, size) = (larger, size * 2);
    }
}
