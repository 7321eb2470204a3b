using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Speech;

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
    public void Every_byte_survives_a_round_trip_but_negative_zero()
    {
        for (var value = 0; value < 256; value++)
        {
            Assert.Equal(value == 0x7F ? 0xFF : value, MuLaw.Encode(MuLaw.Decode((byte)value)));
        }
    }

    [Fact]
    public void The_error_is_never_more_than_half_a_step()
    {
        for (var sample = -32000; sample <= 32000; sample += 7)
        {
            Assert.InRange(Math.Abs(MuLaw.Decode(MuLaw.Encode((short)sample)) - sample), 0, Math.Max(4, (Math.Abs(sample) + 132) / 30));
        }
    }

    [Fact]
    public void The_extremes_are_clipped_and_not_wrapped()
    {
        Assert.Equal(32124, MuLaw.Decode(MuLaw.Encode(short.MaxValue)));
        Assert.Equal(-32124, MuLaw.Decode(MuLaw.Encode(short.MinValue)));
    }
}
