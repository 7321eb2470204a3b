using CityMonitor.Hosting;
using CityMonitor.Messaging.State;

namespace CityMonitor.DevHost.Tests;

public sealed class TranscriptTests
{
    [Fact]
    public void Whole_turns_agree_word_for_word() => Assert.Null(Transcript.Compare([Said("Hello, Dana."), Said("Goodbye.")], PlainText.Words("hello dana goodbye")));

    [Fact]
    public void A_word_that_was_not_heard_is_told_with_its_place()
    {
        var problem = Transcript.Compare([Said("Hello, Officer Dana."), Said("Goodbye.")], PlainText.Words("hello dana goodbye"));
        Assert.Contains("it heard \"hello dana goodbye\" where \"hello officer dana\" is written", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_word_that_nobody_said_is_no_agreement() =>
        Assert.NotNull(Transcript.Compare([Said("Hello."), Said("Goodbye.")], PlainText.Words("hello there goodbye")));

    [Theory]
    [InlineData("this is the safe this is again")]
    [InlineData("this is the safe city auth this is again")]
    [InlineData("this is th this is again")]
    public void An_interrupted_turn_may_be_off_by_a_word_or_so(string heard) =>
        Assert.Null(Transcript.Compare([Said("This is the safe", interrupted: true), Said("This is again")], PlainText.Words(heard)));

    [Fact]
    public void A_phone_that_heard_much_more_than_is_written_does_not_agree() =>
        Assert.NotNull(Transcript.Compare([Said("Hello.")], PlainText.Words("hello and here are five more")));

    [Fact]
    public void Silence_proves_nothing() => Assert.NotNull(Transcript.Compare([], []));

    static Turn Said(string text, bool interrupted = false) => new(DateTimeOffset.UnixEpoch, Speaker.Agent, text, interrupted);
}
