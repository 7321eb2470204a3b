using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Tests.Harness;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.MediaBridge.Tests.Audio;

public sealed class DtmfTonesTests(SharedRedis redis)
{
    static readonly int[] s_low = [697, 770, 852, 941], s_high = [1209, 1336, 1477, 1633];

    [Fact]
    public void Every_key_is_its_two_tones_and_nothing_else()
    {
        const string Keys = "123A456B789C*0#D";
        Assert.Equal(Keys, Read(DtmfTones.Of(Keys)));
        Assert.Empty(DtmfTones.Of("x y"));
    }

    [Fact]
    public async Task A_menu_on_the_other_side_hears_the_keys_that_the_worker_presses()
    {
        await using var scene = await Cascade.Scene.StartAsync(redis, _ => null);
        await scene.GreetedAsync();
        var before = scene.Phone.Messages.Count;
        scene.Bridge.Tell(new PressKeys(scene.Call, "0#"));
        await Eventually.TrueAsync(() => Read(Media(scene.Phone, before)) == "0#", "the keys are heard");
        await scene.QuietAsync();
    }

    static byte[] Media(TestPhone phone, int from)
    {
        lock (phone.Messages)
        {
            return [.. phone.Messages.ToArray().Skip(from).Where(message => (string?)message["event"] == "media").SelectMany(message => Convert.FromBase64String((string)message["media"]!["payload"]!))];
        }
    }

    /// <summary>As a telephone exchange hears it: in each 20 ms the strongest tone of either group, if both are strong.</summary>
    static string Read(byte[] mulaw)
    {
        var heard = "";
        var last = '\0';
        foreach (var frame in mulaw.Chunk(160).Where(frame => frame.Length == 160))
        {
            var key = Key(frame);
            if (key != '\0' && key != last)
            {
                heard += key;
            }

            last = key;
        }

        return heard;
    }

    static char Key(byte[] frame)
    {
        var samples = frame.Select(value => (double)MuLaw.Decode(value)).ToArray();
        double[] low = [.. s_low.Select(tone => Power(samples, tone))], high = [.. s_high.Select(tone => Power(samples, tone))];
        if (low.Max() < 1e5 || high.Max() < 1e5 || samples.Average(sample => sample * sample) < 1e6)
        {
            return '\0';
        }

        return "123A456B789C*0#D"[(Array.IndexOf(low, low.Max()) * 4) + Array.IndexOf(high, high.Max())];
    }

    static double Power(double[] samples, int tone)
    {
        var (real, imaginary) = (0.0, 0.0);
        for (var i = 0; i < samples.Length; i++)
        {
            real += samples[i] * Math.Cos(2 * Math.PI * tone * i / 8000);
            imaginary += samples[i] * Math.Sin(2 * Math.PI * tone * i / 8000);
        }

        return ((real * real) + (imaginary * imaginary)) / samples.Length / samples.Length;
    }
}
