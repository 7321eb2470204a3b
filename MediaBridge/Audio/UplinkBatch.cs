using System.Buffers;

namespace CityMonitor.MediaBridge.Audio;

/// <summary>
/// Collects the phone's 20 ms frames into the messages that go to the vendor: fewer, larger messages are what saves processor time
/// (each is a system call). A message is full at 80 ms and leaves early when the caller pauses.
/// </summary>
sealed class UplinkBatch(int fullBytes = UplinkBatch.FullBytes) : IDisposable
{
    public const int FullBytes = 80 * MuLaw.BytesPerMillisecond;

    // Frames may come larger than 20 ms; one such frame is sent whole.
    readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(4 * FullBytes);
    int length;
    bool disposed;

    /// <summary>Adds a frame; the result is what to send now, valid until the next call, or empty.</summary>
    public ReadOnlySpan<byte> Add(ReadOnlySpan<byte> frame, bool flush, out ReadOnlySpan<byte> rest)
    {
        rest = default;
        var room = Math.Min(frame.Length, buffer.Length - length);
        frame[..room].CopyTo(buffer.AsSpan(length));
        length += room;
        if (room < frame.Length)
        {
            // An oversized frame: what did not fit follows in a message of its own.
            rest = frame[room..];
            return Take();
        }

        return length >= fullBytes || flush ? Take() : default;
    }

    /// <summary>Everything collected so far.</summary>
    public ReadOnlySpan<byte> Take()
    {
        var all = buffer.AsSpan(0, length);
        length = 0;
        return all;
    }

    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
