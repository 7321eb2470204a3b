using System.Globalization;
using CityMonitor.MediaBridge.Cascade;
using CityMonitor.MediaBridge.Speech;

namespace CityMonitor.MediaBridge.Tests.Cascade;

/// <summary>
/// Scenes of a conversation, one line each. On the left what happens at which ms: `(` our detector hears the caller, `)` they have been
/// silent for 300 ms, `~words` an interim transcript, `=words` a final one, `=words|` final with the vendor's silence behind it,
/// `?words` a likely end, `!words` a certain one, `@` the agent begins to talk, `@?` it asks, `@.` it is quiet, `^` another ear begins again.
/// On the right the steps that must come out, with their times to 50 ms.
/// </summary>
public sealed class TurnTakerTests
{
    public static TheoryData<string, string, string> Scenes() => new()
    {
        { "a plain answer ends with the vendor's silence", "0( 400~Yes 900) 950=Yes.|", "900 Likely Yes | 950 Ended Yes." },
        { "final words before our detector is sure", "0( 800=Yes.| 900)", "900 Ended Yes." },
        { "a vendor that never says final", "0( 400~Yes I do 900)", "900 Likely Yes I do | 1800 Ended Yes I do" },
        { "final words without the vendor's silence", "0( 500=I am on my way 900)", "900 Likely I am on my way | 1200 Ended I am on my way" },
        { "an unfinished clause waits", "0( 500=I will come with the| 900)", "1900 Ended I will come with the" },
        { "an unfinished clause goes on", "0( 500=I will come with the| 900) 1300( 1900=second truck.| 2200)", "2200 Ended I will come with the second truck." },
        { "digits in groups are one turn", "0( 700=five five five| 1000) 1500( 2200=oh one two four| 2500) 2900( 3400=six six six| 3700)", "3700 Ended five five five oh one two four six six six" },
        { "a short number is waited out", "0( 700=seven five| 1000)", "2200 Ended seven five" },
        { "one number word is an answer", "0( 700=unit seven| 1000)", "1000 Ended unit seven" },
        { "a whole telephone number needs no wait", "0( 2700=2025550124| 3000)", "3000 Ended 2025550124" },
        { "a likely end that was none", "0( 500~yes 900) 1000( 1300~yes but wait 1700) 1750=Yes, but wait.|", "900 Likely yes | 1300 WentOn yes | 1700 Likely yes but wait | 1750 Ended Yes, but wait." },
        { "punctuation alone changes nothing", "0( 500~yes i do 900) 950=Yes, I do.|", "900 Likely yes i do | 950 Ended Yes, I do." },
        { "a cough behind a likely end only delays it", "0( 500~yes 900) 1000( 1200) 1300=yes|", "900 Likely yes | 1300 Ended yes" },
        { "a model of turns is believed at once", "0( 600?I accept 700!I accept 900)", "700 Ended I accept" },
        { "a model's likely end", "0( 600?I accept 900) 1100!I accept", "900 Likely I accept | 1100 Ended I accept" },
        { "noise that never ends for our detector", "0( 800=I accept.|", "1700 Ended I accept." },
        { "noise for our detector, and a clause that goes on and ends in noise", "0( 800=I accept.| 1500~and I will come", "7500 Ended I accept. and I will come" },
        { "noise behind words that no vendor finishes", "0( 800~I accept", "6800 Ended I accept" },
        { "words that our detector has not heard", "800=Hello there", "1000 Likely Hello there | 1400 Ended Hello there" },
        { "a final form behind a turn that ended without it", "0( 400~Yes I do 900) 2500=Yes, I do.|", "900 Likely Yes I do | 1800 Ended Yes I do" },
        { "more words behind such a turn are a new one", "0( 400~Yes I do 900) 2500=Yes, I do. And you?|", "900 Likely Yes I do | 1800 Ended Yes I do | 2500 Ended And you?" },
        { "a final form in other words", "0( 400~I except it 900) 2500=I accept it.|", "900 Likely I except it | 1800 Ended I except it" },
        { "a new sound behind it brings new words", "0( 400~I except it 900) 2000( 2400=No.| 2700)", "900 Likely I except it | 1800 Ended I except it | 2700 Ended No." },
        { "an interim that was nothing", "0( 400~the 900) 1000=|", "" },
        { "words stop the agent", "0@ 100( 500~wait a moment 900) 950=Wait a moment.|", "500 BargeIn wait a moment | 900 Likely wait a moment | 950 Ended Wait a moment." },
        { "a backchannel does not", "0@ 100( 400~mhm 600) 650=Mm-hmm.|", "650 Backchannel Mm-hmm." },
        { "right, okay does not", "0@ 100( 700=Right, okay.| 900)", "900 Backchannel Right, okay." },
        { "a backchannel that becomes a sentence does", "0@ 100( 400~right 900~right but who is this 1200) 1250=Right, but who is this?|", "900 BargeIn right but who is this | 1200 Likely right but who is this | 1250 Ended Right, but who is this?" },
        { "yes is never a backchannel", "0@ 100( 400~yes 600) 650=Yes.|", "400 BargeIn yes | 600 Likely yes | 650 Ended Yes." },
        { "right is an answer to a question", "0@? 100( 400~right 600) 650=Right.|", "400 BargeIn right | 600 Likely right | 650 Ended Right." },
        { "the agent falls silent before the backchannel is over", "0@ 100( 400~okay 500@. 700) 750=Okay.|", "700 Likely okay | 750 Ended Okay." },
        { "the agent begins behind a likely end", "0( 400~Yes I do 900) 1000@ 1050=Yes, I do.|", "900 Likely Yes I do | 1000 WentOn Yes I do | 1000 BargeIn Yes I do | 1000 Likely Yes I do | 1050 Ended Yes, I do." },
        { "the agent begins behind a likely backchannel", "0( 300~okay 500) 750@ 1200=Okay.|", "500 Likely okay | 750 WentOn okay | 1200 Backchannel Okay." },
        { "another ear begins the utterance again", "0( 500=Yes I 600^ 900=Yes I accept.| 1200)", "1200 Ended Yes I accept." },
        { "another ear hears it long after and word by word", "0( 900) 2600^ 2700~Fire 2850~Fire station 3000=Fire station four.|", "3000 Ended Fire station four." },
        { "a whole dialogue", "0( 300=Hello?| 500) 700@ 2000@. 2100( 2500=Fire station four.| 2800)", "500 Ended Hello? | 2800 Ended Fire station four." },
    };

    [Theory]
    [MemberData(nameof(Scenes))]
    public void Turns_are_taken(string scene, string events, string expected) =>
        Assert.Equal(expected, Play(new TurnTaker(new TurnTakerSettings()), events, scene));

    public static TheoryData<string, string> LowSensitivity() => new()
    {
        { "0@ 100( 400~yes wait 600) 650=Yes, wait.|", "650 Backchannel Yes, wait." },
        { "0@ 100( 400~no I cannot do that 900) 950=No, I cannot do that.|", "400 BargeIn no I cannot do that | 900 Likely no I cannot do that | 950 Ended No, I cannot do that." },
        { "0@? 100( 400~yes 600) 650=Yes.|", "400 BargeIn yes | 600 Likely yes | 650 Ended Yes." },
        { "0( 400~yes 600) 650=Yes.|", "600 Likely yes | 650 Ended Yes." },
    };

    [Theory]
    [MemberData(nameof(LowSensitivity))]
    public void With_low_sensitivity_only_a_fourth_word_interrupts(string events, string expected) =>
        Assert.Equal(expected, Play(new TurnTaker(new TurnTakerSettings(LowSensitivity: true)), events));

    [Fact]
    public void Without_eager_starts_there_is_only_an_end() =>
        Assert.Equal("950 Ended Yes.", Play(new TurnTaker(new TurnTakerSettings(Eager: false)), "0( 400~Yes 900) 950=Yes.|"));

    [Theory]
    [InlineData("and then", "Finished")]
    [InlineData("I will, um", "Open")]
    [InlineData("Send it to the", "Open")]
    [InlineData("Send it to the.", "Finished")]
    [InlineData("Well...", "Open")]
    [InlineData("first,", "Open")]
    [InlineData("555", "Digits")]
    [InlineData("two zero two", "Digits")]
    [InlineData("202-555-0124", "Finished")]
    [InlineData("", "Open")]
    public void Words_tell_whether_they_are_finished(string text, string finish) => Assert.Equal(finish, Words.FinishOf(text).ToString());

    [Theory]
    [InlineData("Do you accept?", true)]
    [InlineData("Do you accept? Please say yes or no.", true)]
    [InlineData("Do you accept? Say yes. Or say no.", false)]
    [InlineData("There is a fire.", false)]
    [InlineData("", false)]
    public void A_question_wants_an_answer(string said, bool asked) => Assert.Equal(asked, Words.EndsInQuestion(said));

    [Fact]
    public void Keys_that_follow_one_another_are_one_number()
    {
        var keypad = new Keypad(2000);
        Assert.False(keypad.Press('1', 0));
        Assert.Null(keypad.Take(1900));
        Assert.Null(keypad.Take(2100)); // one key is a choice, not a number
        Assert.Null(keypad.Take(9000));
        Assert.Equal([false, false, true, true], "2025".Select((key, i) => keypad.Press(key, 10_000 + (i * 500))));
        Assert.Null(keypad.Take(12_500));
        Assert.Equal("2025", keypad.Take(13_500));
        Assert.Null(keypad.Take(20_000));
        foreach (var key in "5550124#")
        {
            keypad.Press(key, 30_000);
        }

        Assert.Equal("5550124", keypad.Take(30_000));
    }

    static string Play(TurnTaker taker, string events, string scene = "")
    {
        var script = Parse(events);
        var steps = new List<string>();
        var next = 0;
        for (var now = 0; now <= 8000; now += 50)
        {
            while (next < script.Count && script[next].At <= now)
            {
                Do(taker, script[next].What, now);
                next++;
                Take(now);
            }

            Take(now);
        }

        Assert.True(next == script.Count, scene);
        return string.Join(" | ", steps);

        void Take(int now)
        {
            while (taker.Next(now) is { Kind: not TurnStepKind.None } step)
            {
                steps.Add($"{now} {step.Kind} {step.Text}");
                if (step.Kind is TurnStepKind.BargeIn or TurnStepKind.Backchannel)
                {
                    taker.AgentTalks(step.Kind == TurnStepKind.Backchannel, false);
                }
            }
        }
    }

    static void Do(TurnTaker taker, string what, int now)
    {
        switch (what[0])
        {
            case '(':
                taker.CallerStarted();
                break;
            case ')':
                taker.CallerStopped(now - 300);
                break;
            case '^':
                taker.HearAgain();
                break;
            case '@':
                taker.AgentTalks(what != "@.", what == "@?");
                break;
            default:
                var silence = what.EndsWith('|');
                var text = what[1..].TrimEnd('|');
                taker.Heard(
                    what[0] switch
                    {
                        '~' => new Transcript(text, false, SpeechEnd.None),
                        '?' => new Transcript(text, false, SpeechEnd.Likely),
                        '!' => new Transcript(text, true, SpeechEnd.Certain),
                        _ => new Transcript(text, true, silence ? SpeechEnd.Silence : SpeechEnd.None),
                    },
                    now);
                break;
        }
    }

    static List<(int At, string What)> Parse(string events)
    {
        var script = new List<(int At, string What)>();
        foreach (System.Text.RegularExpressions.Match match in System.Text.RegularExpressions.Regex.Matches(events, @"(?:^|(?<= ))(\d+)([()~=?!@^])(.*?)(?= \d+[()~=?!@^]|$)"))
        {
            script.Add((int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Groups[2].Value + match.Groups[3].Value));
        }

        return script;
    }
}
