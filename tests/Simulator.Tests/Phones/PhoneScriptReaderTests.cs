using CityMonitor.Simulator.Phones;

namespace CityMonitor.Simulator.Tests.Phones;

public sealed class PhoneScriptReaderTests
{
    [Fact]
    public void A_script_is_read_with_durations_in_every_unit()
    {
        var script = PhoneScriptReader.Read("""
            number: "+12025550123"
            name: Dana
            when_called: no-answer
            answer_after: 1500ms
            hang_up_after: 2m
            patience: 0.5
            messaging: { has_whatsapp: false, read_after: 3s }
            lines:
              - on: "name"
                say: Dana
                combine: true
            """);
        Assert.Equal((PickUp.NoAnswer, 1.5, 0.5), (script.WhenCalled, script.AnswerAfter.TotalSeconds, script.Patience.TotalSeconds));
        Assert.Equal(TimeSpan.FromMinutes(2), script.HangUpAfter);
        Assert.False(script.Messaging.HasWhatsApp);
        Assert.Equal(TimeSpan.FromSeconds(3), script.Messaging.ReadAfter);
        Assert.Equal(("name", "Dana", true, 1), (script.Lines[0].On, script.Lines[0].Say, script.Lines[0].Combine, script.Lines[0].Times));
    }

    [Fact]
    public void Json_is_read_too_and_the_number_of_the_address_counts()
    {
        var script = PhoneScriptReader.Read("""{"answer_after": "100ms", "greeting": "Hi", "lines": [{"on": "x", "say": "y"}]}""", "+12025550177");
        Assert.Equal(("+12025550177", "Hi", "y"), (script.Number, script.Greeting, script.Lines[0].Say));
    }

    [Theory]
    [InlineData("number: 12025550123", "E.164")]
    [InlineData("{number: '+12025550123', lines: [{on: '('}]}", "regular expression")]
    [InlineData("{number: '+12025550123', lines: [{press: '1x'}]}", "press")]
    [InlineData("{number: '+12025550123', answer_after: soon}", "duration")]
    [InlineData("{number: '+12025550123', when_called: asleep}", "voicemail")]
    [InlineData("{number: '+12025550123', colour: red}", "colour")]
    [InlineData("{number: '+12025550123'", "Line")]
    public void What_is_wrong_in_a_script_is_named(string yaml, string mentions) =>
        Assert.Contains(mentions, Assert.Throws<PhoneScriptException>(() => PhoneScriptReader.Read(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_phone_that_is_shipped_can_be_read_and_has_a_fictional_number()
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "scenarios", "phones"), "*.yaml");
        var scripts = files.Select(file => PhoneScriptReader.Read(File.ReadAllText(file))).ToList();
        Assert.True(scripts.Count >= 12);
        Assert.Equal(scripts.Count, scripts.Select(script => script.Number).Distinct().Count());
        Assert.All(scripts, script => Assert.True(script.Number == "*" || script.Number.StartsWith("+120255501", StringComparison.Ordinal)));
    }
}
