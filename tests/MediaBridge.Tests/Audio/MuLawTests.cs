using CityMonitor.MediaBridge.Audio;

namespace CityMonitor.MediaBridge.Tests.Audio;

public sealed class MuLawTests
{
    [Theory]
    [InlineData(0x00, -32124)]
    [InlineData(0x80, 32124)]
    [InlineData(0xFF, 0)]
    [InlineData(0x7F, 0)]
    [InlineData(0xF0, 120)]
    [InlineData(0xCE, 988)]
    public void Known_bytes_decode_to_the_values_of_the_standard(int value, int sample) => Assert.Equal(sample, MuLaw.Decode((byte)value));

    [Fact]
    public void Every_byte_but_negative_zero_survives_a_round_trip_and_the_extremes_are_clipped()
    {
        for (var value = 0; value < 256; value++)
        {
            Assert.Equal(value == 0x7F ? 0xFF : value, MuLaw.Encode(MuLaw.Decode((byte)value)));
        }

        Assert.Equal((32124, -32124), (MuLaw.Decode(MuLaw.Encode(short.MaxValue)), MuLaw.Decode(MuLaw.Encode(short.MinValue))));
    }
}
