using CityMonitor.MediaBridge.Cascade;

namespace CityMonitor.MediaBridge.Tests.Cascade;

public sealed class EchoTests
{
    const string Said = "There is a fire at Main Street and the wind is strong. Thank you. Do you accept this incident, yes or no?";

    [Theory]
    [InlineData("Do you accept this incident, yes or no", "")]
    [InlineData("you accept the incident yes or no", "")]
    [InlineData("fire at Main Street", "")]
    [InlineData("the wind is strong", "")]
    [InlineData("Ther is a fire at Main Street", "")]
    [InlineData("yes", "yes")]
    [InlineData("yes I do accept this thing", "yes I do accept this thing")]
    [InlineData("no I am not there", "no I am not there")]
    [InlineData("No there is a fire at Main Street", "No there is a fire at Main Street")]
    [InlineData("There is a fire at Main Street. No, wait.", "No, wait.")]
    [InlineData("do you accept this incident yes or no Yes, I accept.", "Yes, I accept.")]
    public void An_echo_is_our_own_words_in_their_order_and_what_stands_behind_is_the_callers(string text, string callers) =>
        Assert.Equal(callers, Echo.Behind(text, Said));

    [Theory]
    [InlineData("There", "", true)]
    [InlineData("Thank you.", "", true)]
    [InlineData("is strong", "and the wind", true)]
    [InlineData("yes or", "accept this incident", true)]
    [InlineData("accept", "", false)]
    [InlineData("yes", "", false)]
    [InlineData("no", "and the wind", false)]
    [InlineData("Who", "", false)]
    public void One_or_two_words_are_an_echo_where_a_sentence_begins_with_them_or_an_echo_goes_on(string text, string before, bool echo) =>
        Assert.Equal(echo, Echo.IsShort(text, before, Said));
}
