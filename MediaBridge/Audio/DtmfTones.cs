namespace CityMonitor.MediaBridge.Audio;

/// <summary>Keys of a phone as sound, for machines on the other side: a media stream has no other way to press one.</summary>
static class DtmfTones
{
    const int ToneMs = 120, GapMs = 80;

    /// <summary>Of one tone; two of them stay below full scale.</summary>
    const double Amplitude = 9000;

    const string Keypad = "123A456B789C*0#D";

    static readonly int[] low = [697, 770, 852, 941], high = [1209, 1336, 1477, 1633];

    /// <summary>Mu-law at 8 kHz; what is no key is left out.</summary>
    public static byte[] Of(string keys)
    {
        using var audio = new MemoryStream();
        foreach (var key in keys.Where(key => Keypad.Contains(key, StringComparison.Ordinal)))
        {
            var at = Keypad.IndexOf(key, StringComparison.Ordinal);
            for (var i = 0; i < ToneMs * MuLaw.BytesPerMillisecond; i++)
            {
                var seconds = i / (double)MuLaw.BytesPerSecond;
                audio.WriteByte(MuLaw.Encode((short)(Amplitude * (Math.Sin(2 * Math.PI * low[at / 4] * seconds) + Math.Sin(2 * Math.PI * high[at % 4] * seconds)))));
            }

            audio.Write([.. Enumerable.Repeat(MuLaw.Silence, GapMs * MuLaw.BytesPerMillisecond)]);
        }

        return audio.ToArray();
    }
}
