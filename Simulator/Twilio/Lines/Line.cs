using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Twilio.Lines;

/// <summary>What a phone is connected to at the moment: an announcement, a media stream, a conference.</summary>
interface ILineSide
{
    /// <summary>Takes 20 ms from the phone and fills 20 ms for it. <paramref name="toPhone"/> arrives filled with silence. Called on
    /// the pacer's thread: must not block.</summary>
    void Exchange(ReadOnlySpan<byte> fromPhone, Span<byte> toPhone);
}

/// <summary>Listens to both directions without taking part, as a one-way stream does.</summary>
interface ILineTap
{
    void Tap(ReadOnlySpan<byte> fromPhone, ReadOnlySpan<byte> toPhone);
}

/// <summary>The line between the network and one phone, moved on by the pacer every 20 ms.</summary>
sealed class Line(PhoneOnCall phone)
{
    readonly Lock gate = new();
    volatile ILineSide side = NothingThere.Instance;
    volatile ILineTap[] taps = [];
    bool closed;

    public PhoneOnCall Phone { get; } = phone;

    /// <summary>Takes the keys that the phone presses. Called on the pacer's thread.</summary>
    public Action<char>? KeyPressed { get; set; }

    /// <summary>Something on the line threw; the line is dead. Called on the pacer's thread.</summary>
    public Action<Exception>? Broken { get; set; }

    /// <summary>Connects the phone to <paramref name="newSide"/> until the result is disposed; silence comes after that.</summary>
    public IDisposable Connect(ILineSide newSide)
    {
        side = newSide;
        return new Connection(this, newSide);
    }

    public void AddTap(ILineTap tap) => taps = [.. taps, tap];

    public void RemoveTap(ILineTap tap) => taps = [.. taps.Where(other => other != tap)];

    /// <summary>The call is over: no frame moves from now on, and the phone closes its books.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Phone.End();
        }
    }

    public void Tick()
    {
        lock (gate)
        {
            if (!closed)
            {
                Move();
            }
        }
    }

    void Move()
    {
        Span<byte> fromPhone = stackalloc byte[PhoneOnCall.FrameBytes];
        Span<byte> toPhone = stackalloc byte[PhoneOnCall.FrameBytes];
        toPhone.Fill(MuLaw.Silence);
        Phone.Speak(fromPhone);
        side.Exchange(fromPhone, toPhone);
        foreach (var tap in taps)
        {
            tap.Tap(fromPhone, toPhone);
        }

        Phone.Hear(toPhone);
    }

    sealed class Connection(Line line, ILineSide own) : IDisposable
    {
        public void Dispose()
        {
            // Only its own: a newer connection may have taken the place.
            if (ReferenceEquals(line.side, own))
            {
                line.side = NothingThere.Instance;
            }
        }
    }

    sealed class NothingThere : ILineSide
    {
        public static readonly NothingThere Instance = new();

        public void Exchange(ReadOnlySpan<byte> fromPhone, Span<byte> toPhone)
        {
        }
    }
}

/// <summary>Plays audio to the phone once, and says when the last byte has been played.</summary>
sealed class Announcement(byte[] audio) : ILineSide
{
    readonly TaskCompletionSource played = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int position;

    public Task Played => played.Task;

    public void Exchange(ReadOnlySpan<byte> fromPhone, Span<byte> toPhone)
    {
        var count = Math.Min(toPhone.Length, audio.Length - position);
        audio.AsSpan(position, count).CopyTo(toPhone);
        position += count;
        if (position >= audio.Length)
        {
            played.TrySetResult();
        }
    }
}
