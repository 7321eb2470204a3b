using CityMonitor.Simulator.Phones;
using CityMonitor.Simulator.Speech;

namespace CityMonitor.Simulator.Tests.Phones;

/// <summary>A phone, frame by frame, without a clock: its time is the audio's.</summary>
public sealed class PhoneOnCallTests
{
    [Fact]
    public void It_answers_what_it_is_asked_and_hangs_up_after_its_goodbye()
    {
        var phone = Person("""
            greeting: Hello?
            greeting_after: 0s
            lines:
              - { on: "your name", say: Dana. }
              - { on: "goodbye", say: Bye., hang_up: true }
            """);
        Assert.Equal("Hello?", phone.ListenUntilQuiet());
        phone.Tell("What is your name?");
        Assert.Equal("Dana.", phone.ListenUntilQuiet());
        phone.Tell("Thank you. Goodbye.");
        Assert.Equal("Bye.", phone.ListenUntilQuiet());
        phone.Wait(600);
        Assert.True(phone.HasHungUp);
        var record = phone.Record.Snapshot();
        Assert.Equal("What is your name? Thank you. Goodbye.", record.Heard);
        Assert.Equal(record.HeardExactly.Length, record.HeardAtMs.Count);
        Assert.Equal(record.HeardAtMs.Order(), record.HeardAtMs);
        Assert.Equal(["Hello?", "Dana.", "Bye."], record.Said.Select(line => line.Text));
    }

    [Fact]
    public void Several_questions_at_once_are_answered_in_one_breath()
    {
        var phone = Person("""
            lines:
              - { on: "name", say: Dana., combine: true }
              - { on: "number", say: Five., combine: true }
              - { on: "eta", say: Never., combine: true }
            """);
        phone.Tell("Your name and number, please?");
        Assert.Equal("Dana. Five.", phone.ListenUntilQuiet());
    }

    [Fact]
    public void It_waits_until_the_other_side_has_finished_unless_it_is_one_to_interrupt()
    {
        var patient = Person("lines: [{on: '.', say: Yes.}]");
        patient.Play(ToneCode.Encode("A long sentence that goes on"));
        Assert.Empty(patient.Record.Snapshot().Said);

        var impatient = Person("lines: [{interrupt_after: 6, say: Wait., delay: 0s}]");
        impatient.Play(ToneCode.Encode("A long sentence that goes on"));
        var said = Assert.Single(impatient.Record.Snapshot().Said);
        Assert.Equal("Wait.", said.Text);
        Assert.InRange(said.FromMs, 300, 900);
    }

    [Fact]
    public void A_line_is_used_as_often_as_it_says()
    {
        var phone = Person("lines: [{on: again, say: Once., times: 1}, {on: again, say: Always., times: 0}]");
        foreach (var expected in (string[])["Once.", "Always.", "Always."])
        {
            phone.Tell("again");
            Assert.Equal(expected, phone.ListenUntilQuiet());
        }
    }

    [Fact]
    public void Silence_is_a_cue_is_measured_and_can_be_the_end()
    {
        var phone = Person("""
            hang_up_after_silence: 3s
            lines: [{on_silence: 1s, say: "Anybody there?"}]
            """);
        Assert.Equal("Anybody there?", phone.ListenUntilQuiet());
        phone.Wait(4000);
        Assert.True(phone.HasHungUp);
        Assert.InRange(phone.Record.Snapshot().LongestSilenceMs, 2900, 3100);
    }

    [Fact]
    public void It_can_hang_up_in_the_middle_of_its_own_sentence_and_keys_can_be_pressed()
    {
        var phone = Person("lines: [{on: press, press: '1w#'}, {on: bye, say: I do not want this, hang_up_mid_sentence: 8}]");
        phone.Tell("please press one");
        phone.Wait(2000);
        Assert.Equal("1#", phone.Keys);
        phone.Tell("bye");
        phone.Wait(2000);
        Assert.True(phone.HasHungUp);
        var said = Assert.Single(phone.Record.Snapshot().Said);
        Assert.Equal(("I do not", true), (said.Text, said.Cut));
    }

    [Fact]
    public void A_voicemail_greets_beeps_records_and_hangs_up_when_nothing_more_comes()
    {
        var phone = new TestPhone("{voicemail: {greeting: Leave word., hang_up_after_silence: 2s}}", script => new VoicemailMind(script.Voicemail));
        Assert.Equal("Leave word.", phone.ListenUntilQuiet());
        phone.Tell("Please call back.");
        phone.Wait(2500);
        Assert.True(phone.HasHungUp);
        Assert.Equal("Please call back.", phone.Record.Snapshot().Heard);
    }

    [Fact]
    public void A_screened_call_reaches_the_person_after_the_caller_has_explained()
    {
        var phone = new TestPhone("{greeting: Robin here., screening: {prompt: Who is it?, connect_after: 1s}}", script => new ScreeningMind(script));
        Assert.Equal("Who is it?", phone.ListenUntilQuiet());
        phone.Tell("City Monitor, about an incident.");
        Assert.Equal("Robin here.", phone.ListenUntilQuiet());

        var refused = new TestPhone("{screening: {prompt: Who is it?, connect: false, connect_after: 1s}}", script => new ScreeningMind(script));
        refused.ListenUntilQuiet();
        refused.Tell("City Monitor.");
        refused.Wait(4000);
        Assert.True(refused.HasHungUp);
    }

    static TestPhone Person(string yaml) => new(yaml, script => new PersonMind(script));

    sealed class TestPhone
    {
        readonly PhoneOnCall phone;
        readonly ToneDecoder ear = new();

        public TestPhone(string yaml, Func<PhoneScript, IPhoneMind> mind)
        {
            var script = PhoneScriptReader.Read(yaml, "+12025550199");
            phone = new PhoneOnCall(script, mind(script), Record, new Timeline(TimeProvider.System), "CA1")
            {
                KeyPressed = key => Keys += key,
                HungUp = () => HasHungUp = true,
            };
        }

        public PhoneRecord Record { get; } = new();

        public string Keys { get; private set; } = "";

        public bool HasHungUp { get; private set; }

        public void Tell(string text)
        {
            ear.Take();
            Play(ToneCode.Encode(text));
        }

        public void Play(byte[] audio)
        {
            foreach (var frame in audio.Chunk(160))
            {
                Move(frame.Length == 160 ? frame : [.. frame, .. Enumerable.Repeat(MuLaw.Silence, 160 - frame.Length)]);
            }
        }

        public void Wait(int milliseconds) => Play(MuLaw.SilenceOf(TimeSpan.FromMilliseconds(milliseconds)));

        /// <summary>Stays silent until the phone has said something and has been quiet for half a second.</summary>
        public string ListenUntilQuiet()
        {
            for (var waited = 0; waited < 15_000; waited += 20)
            {
                Wait(20);
                if (ear is { UtteranceEnded: true, SilenceFor.TotalMilliseconds: >= 500 })
                {
                    ear.Take();
                    if (ear.TakeUtterance() is { Length: > 0 } text)
                    {
                        return text;
                    }
                }
            }

            return "(nothing)";
        }

        void Move(byte[] toPhone)
        {
            var fromPhone = new byte[160];
            phone.Speak(fromPhone);
            ear.Feed(fromPhone);
            phone.Hear(toPhone);
        }
    }
}
