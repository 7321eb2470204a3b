using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.Phones;

/// <summary>A person who follows the lines of a script.</summary>
sealed class PersonMind : IPhoneMind
{
    // Against a pattern that never ends. Wall clock, so generous: a busy machine stops a process for long, and that must not end a call.
    static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Every cue of every script, made once: a phone looks at its cues after each word.</summary>
    static readonly ConcurrentDictionary<string, Regex> Cues = new();

    readonly PhoneScript script;
    readonly int[] used;
    readonly int startMs;
    bool greeted;
    int judgedLength;
    List<PhoneLine> next = [];
    int nextDueMs;
    bool hangUpWhenDone;
    int doneMs;

    /// <param name="startMs">When this person comes on the line, in ms since the phone was answered.</param>
    public PersonMind(PhoneScript script, int startMs = 0)
    {
        this.script = script;
        this.startMs = startMs;
        used = new int[script.Lines.Count];
    }

    public void Think(PhoneOnCall phone)
    {
        var now = phone.NowMs - startMs;
        if (script.HangUpAfter is { } limit && now >= limit.TotalMilliseconds)
        {
            phone.HangUp($"after {limit.TotalSeconds:0.#} s");
        }
        else if (script.HangUpAfterSilence is { } patience && phone.QuietFor >= patience)
        {
            phone.HangUp($"after {patience.TotalSeconds:0.#} s of silence");
        }
        else if (!Finish(phone) && !Act(phone) && !phone.IsSpeaking && !Greet(phone, now))
        {
            Choose(phone, now);
        }
    }

    bool Finish(PhoneOnCall phone)
    {
        if (!hangUpWhenDone)
        {
            return false;
        }

        if (phone.IsSpeaking || phone.IsBusyWithKeys)
        {
            doneMs = phone.NowMs;
        }
        else if (phone.NowMs - doneMs >= 300)
        {
            phone.HangUp("said goodbye");
        }

        return true;
    }

    bool Act(PhoneOnCall phone)
    {
        if (next.Count == 0)
        {
            return false;
        }

        if (phone.NowMs >= nextDueMs)
        {
            var text = string.Join(' ', next.Select(line => line.Say).Where(say => !string.IsNullOrEmpty(say)));
            if (text.Length > 0)
            {
                phone.Say(text, next.Select(line => line.HangUpMidSentence).FirstOrDefault(count => count is not null));
            }

            foreach (var line in next.Where(line => line.Press is not null))
            {
                phone.Press(line.Press!);
            }

            hangUpWhenDone = next.Any(line => line.HangUp);
            doneMs = phone.NowMs;
            next = [];
        }

        return true;
    }

    bool Greet(PhoneOnCall phone, int now)
    {
        if (greeted || now < script.GreetingAfter.TotalMilliseconds)
        {
            return false;
        }

        greeted = true;
        if (string.IsNullOrEmpty(script.Greeting))
        {
            return false;
        }

        phone.Say(script.Greeting);
        return true;
    }

    void Choose(PhoneOnCall phone, int now)
    {
        var finished = phone.OtherSilentFor >= script.Patience;
        if (phone.HeardLength != judgedLength && (finished || script.Lines.Exists(line => line.InterruptAfter is not null)))
        {
            var heard = phone.HeardSinceLastLine;
            judgedLength = finished ? heard.Length : judgedLength;
            Take(phone, Matching(heard, finished));
        }

        if (next.Count == 0)
        {
            Take(phone, Due(phone, now));
        }
    }

    void Take(PhoneOnCall phone, List<int> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        next = [.. lines.Select(index => script.Lines[index])];
        nextDueMs = phone.NowMs + (int)next.Max(line => line.Delay.TotalMilliseconds);
        lines.ForEach(index => used[index]++);
        phone.ForgetWhatWasHeard();
        judgedLength = 0;
    }

    List<int> Matching(string heard, bool finished)
    {
        var matches = new List<int>();
        for (var i = 0; i < script.Lines.Count; i++)
        {
            var line = script.Lines[i];
            if (line.OnSilence is not null || line.At is not null || !IsLeft(i) || heard.Trim().Length == 0
                || (line.InterruptAfter is { } count ? heard.Length < count : !finished)
                || !Cues.GetOrAdd(line.On ?? "", static cue => new Regex(cue, RegexOptions.IgnoreCase, MatchTimeout)).IsMatch(heard))
            {
                continue;
            }

            if (matches.Count > 0 && !line.Combine)
            {
                continue;
            }

            matches.Add(i);
            if (!line.Combine)
            {
                break;
            }
        }

        return matches;
    }

    List<int> Due(PhoneOnCall phone, int now)
    {
        var index = Enumerable.Range(0, script.Lines.Count).FirstOrDefault(
            i => IsLeft(i) && ((script.Lines[i].OnSilence is { } silence && phone.QuietFor >= silence)
                || (script.Lines[i].At is { } at && now >= at.TotalMilliseconds)),
            -1);
        return index < 0 ? [] : [index];
    }

    bool IsLeft(int index) => script.Lines[index].Times == 0 || used[index] < script.Lines[index].Times;
}
