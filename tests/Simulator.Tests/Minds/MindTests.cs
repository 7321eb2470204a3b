using CityMonitor.Simulator.Minds;

namespace CityMonitor.Simulator.Tests.Minds;

public sealed class MindTests
{
    [Fact]
    public void Every_mind_that_is_shipped_can_be_read() =>
        _ = new MindLibrary(Path.Combine(AppContext.BaseDirectory, "scenarios", "minds"));

    [Theory]
    [InlineData("name: x", "needs a name and rules")]
    [InlineData("name: x\nrules: [{ match: '(' }]", "is not a regular expression")]
    [InlineData("name: x\nrules: [{ do: [{ part: gone }] }]", "there is no part 'gone'")]
    [InlineData("name: x\nrules: [{ do: [{ say: hi, call: it }] }]", "exactly one of")]
    [InlineData("name: x\nrules: [{ whenever: now }]", "line 2")]
    public void A_mistake_in_a_mind_is_named(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidOperationException>(() => MindLibrary.Read(yaml, "x.yaml")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_mind_that_is_set_for_all_sessions_but_does_not_exist_stops_the_start()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => RunningSimulator.StartAsync(("Simulator:Deepgram:Mind", "nobody")));
        Assert.Contains("There is no mind 'nobody'; there are ", error.Message, StringComparison.Ordinal);
        Assert.Contains("inbound-reception, incident-dispatch", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("two zero two, five five five, zero one four two", "+12025550142")]
    [InlineData("It's two oh two, triple five, oh one forty two", "+12025550142")]
    [InlineData("plus one 202 555 0142", "+12025550142")]
    [InlineData("+1 202 555 0142", "+12025550142")]
    [InlineData("202 555 0141, sorry, 202 555 0142", "+12025550142")]
    [InlineData("two oh two double five five oh one four two", "+12025550142")]
    [InlineData("Oh, it is 202 555 0142.", "+12025550142")]
    [InlineData("plus four four, seven seven double zero, nine double zero, one two three", "+447700900123")]
    [InlineData("555 0142", null)]
    [InlineData("I have no idea", null)]
    public void Phone_numbers_are_understood_as_they_are_said(string said, string? number) => Assert.Equal(number, SpokenNumbers.Phone(said));

    [Theory]
    [InlineData("about ten minutes", 10)]
    [InlineData("ten... no, twenty minutes", 20)]
    [InlineData("10 to 15 minutes", 15)]
    [InlineData("half an hour", 30)]
    [InlineData("an hour and a half", 90)]
    [InlineData("an hour", 60)]
    [InlineData("one hour twenty", 80)]
    [InlineData("two hours", 120)]
    [InlineData("twenty five minutes", 25)]
    [InlineData("I'm already there", 0)]
    [InlineData("In fifteen. Actually make that five.", 5)]
    [InlineData("soon", null)]
    public void Times_of_arrival_are_understood_as_they_are_said(string said, int? minutes) => Assert.Equal(minutes, SpokenNumbers.Minutes(said));
}
