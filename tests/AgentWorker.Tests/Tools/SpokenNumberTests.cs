using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.AgentWorker.Tools;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.AgentWorker.Tests.Tools;

public sealed class SpokenNumberTests
{
    [Theory]
    [InlineData("+12025550188", "+12025550123", "+12025550188")]
    [InlineData("+1 (202) 555-0188", "+12025550123", "+12025550188")]
    [InlineData("12025550188", "+12025550123", "+12025550188")]
    [InlineData("2025550188", "+12025550123", "+12025550188")]
    [InlineData("202.555.0188", "+12025550123", "+12025550188")]
    [InlineData("two zero two five five five zero one eight eight", "+12025550123", "+12025550188")]
    [InlineData("Two oh two, triple five, oh one double eight.", "+12025550123", "+12025550188")]
    [InlineData("it's plus one two oh two five five five oh one eighty-eight", "+12025550123", "+12025550188")]
    [InlineData("area code 202, then 555 01 88 please", "+12025550123", "+12025550188")]
    [InlineData("this number", "+12025550123", "+12025550123")]
    [InlineData("the same number, please", "+12025550123", "+12025550123")]
    [InlineData("The number you called.", "+12025550123", "+12025550123")]
    [InlineData("011 44 20 7946 0958", "+12025550123", "+442079460958")]
    [InlineData("00442079460958", "+442079460000", "+442079460958")]
    [InlineData("020 7946 0958", "+442079460000", "+442079460958")]
    [InlineData("0300 0000123", "+923000000100", "+923000000123")]
    [InlineData("06 000 00123", "+390600000100", "+390600000123")]
    public void Spoken_forms_become_a_number(string spoken, string dialled, string expected)
    {
        var number = SpokenNumber.Read(spoken, PhoneNumber.Parse(dialled), out var problem);

        Assert.Equal(expected, number?.Value);
        Assert.Equal("", problem);
    }

    [Theory]
    [InlineData("555 0188")]
    [InlineData("20255501")]
    [InlineData("202555018899")]
    [InlineData("call my office")]
    [InlineData("")]
    [InlineData("0300 0000123")]
    [InlineData("+1 202 555 0188 +1 202 555 0189")]
    [InlineData("+0300000012")]
    public void What_is_no_complete_number_is_refused_with_a_reason(string spoken)
    {
        Assert.Null(SpokenNumber.Read(spoken, PhoneNumber.Parse("+12025550123"), out var problem));
        Assert.NotEqual("", problem);
    }

    [Theory]
    [InlineData("+12025550123", "plus 1, 2 0 2, 5 5 5, 0 1 2 3")]
    [InlineData("+442079460958", "plus 4 4, 2 0 7, 9 4 6, 0 9 5 8")]
    public void A_number_is_read_back_in_groups_of_digits(string number, string spoken) =>
        Assert.Equal(spoken, Spoken.Digits(PhoneNumber.Parse(number)));
}
