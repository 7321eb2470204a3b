namespace CityMonitor.MediaBridge.Playback;

/// <summary>What can be done to the phone's play-out buffer, which is at Twilio. Nothing here waits.</summary>
interface IPhoneLine
{
    /// <summary>Appends audio (raw mu-law, 8 kHz) to the buffer. False when the line takes no more: the audio is dropped.</summary>
    bool Audio(ReadOnlySpan<byte> mulaw);

    /// <summary>Queues a mark behind the audio; it comes back when the phone has played up to it.</summary>
    bool Mark(int generation, int number);

    /// <summary>Empties the buffer and overtakes whatever has not left yet.</summary>
    void Clear();

    /// <summary>Calls back, on any thread, once the next message has left for the phone. Only the newest request counts.</summary>
    void WhenNextLeaves(Action left)
    {
    }
}
