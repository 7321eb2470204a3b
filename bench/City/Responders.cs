namespace CityMonitor.Bench.City;

/// <summary>What a responder does with a call. Each is short: what matters is that calls come and go.</summary>
enum Habit
{
    Accepts,
    Declines,
    HangsUpMidSentence,
    HangsUpEarly,
    Interrupts,
    PressesKeys,
    SaysNothing,
    DoesNotAnswer,
    IsBusy,
    Voicemail,

    /// <summary>Accepts, and asks back now and then: the answer to that needs no tool.</summary>
    AsksBack,
}

/// <summary>Phones in the YAML of scenarios/phones, and fictional numbers for them (555-0101 to 555-0199 of an area code are never given out).</summary>
static class Responders
{
    static readonly int[] areas = [202, 303, 404, 505, 606, 707, 808, 909, 312, 415];

    /// <summary>Numbers that can be told apart.</summary>
    public static int Numbers => areas.Length * 99;

    public static string Number(int index) => $"+1{areas[index / 99 % areas.Length]}55501{1 + (index % 99):00}";

    public static string Yaml(Habit habit, string number) => $"number: \"{number}\"\nname: Officer Dana Reyes\n" + habit switch
    {
        Habit.IsBusy => "when_called: busy\nanswer_after: 500ms\n",
        Habit.DoesNotAnswer => "when_called: no_answer\n",
        Habit.Voicemail => """
            when_called: voicemail
            answer_after: 500ms
            voicemail:
              greeting: You have reached Dana Reyes. Leave a message.
              beep: true
              hang_up_after_silence: 3s
            """,
        Habit.SaysNothing => "answer_after: 1s\nhang_up_after: 12s\n",
        Habit.HangsUpEarly => "answer_after: 1s\ngreeting: Hello?\nhang_up_after: 4s\n",
        Habit.HangsUpMidSentence => """
            answer_after: 1s
            greeting: What now?
            lines:
              - on: "."
                say: I am not going anywhere. Find some other fool who will do this for you.
                hang_up_mid_sentence: 25
            """,
        Habit.Declines => """
            answer_after: 1s
            greeting: Hello?
            hang_up_after: 90s
            lines:
              - on: "press (1|one)"
                press: "2"
                times: 2
              - on: "your name|who am i|who is this|agency|speaking with"
                say: Lee Park, Harbour Police.
                times: 2
              - on: "can you|do you accept|yes or no|accept (the|this) incident"
                say: No, I cannot. We have no unit free.
                times: 2
              - on: "why|reason"
                say: We have no unit free.
                times: 2
              - on: "goodbye|bye"
                hang_up: true
            """,
        Habit.PressesKeys => """
            answer_after: 1s
            hang_up_after: 90s
            lines:
              - on: "press (1|one)"
                press: "1"
                times: 3
              - on: "your name|who am i|agency|speaking with|are you still there"
                press: "1"
                times: 2
              - at: 25s
                hang_up: true
            """,
        Habit.Interrupts => "answer_after: 1s\ngreeting: Yes?\nhang_up_after: 120s\n" + Lines(number, """
              - interrupt_after: 30
                delay: 0ms
                say: Wait, wait. Where is it exactly?

            """),
        Habit.AsksBack => "answer_after: 1s\ngreeting: Hello?\nhang_up_after: 120s\n" + Lines(number, """
              - on: "your name|who am i|speaking with"
                say: Who is this?
                times: 1
              - on: "yes or no"
                say: Could you say that again?
                times: 1
              - on: "(is that|this) correct"
                say: Sorry, what was that?
                times: 1
              - on: "how many minutes"
                say: Pardon?
                times: 1

            """),
        _ => "answer_after: 1s\ngreeting: Hello?\nhang_up_after: 120s\n" + Lines(number, ""),
    };

    static string Lines(string number, string first) => "lines:\n" + first + $"""
          - on: "press (1|one)"
            press: "1"
            times: 3
          - on: "is (that|this|it) (right|correct)|correct\\?|did i get|confirm|read (that|it) back|right\\?"
            say: Yes, that is correct.
            times: 0
          - on: "your name|who am i|who is this|agency|identify|speaking with"
            say: Dana Reyes, Central Police.
            combine: true
            times: 3
          - on: "whatsapp|which number|what number"
            say: My WhatsApp number is +1 {number[2..5]} {number[5..8]} {number[8..]}.
            combine: true
            times: 3
          - on: "(can|could|will|are|would) you .*(respond|accept|take|attend|go|able)|do you accept|yes or no|accept (the|this) incident"
            say: Yes, I accept.
            combine: true
            times: 3
          - on: "how (long|soon|many minutes)|\\beta\\b|when (can|will|do) you|arriv|get there|estimated"
            say: About ten minutes.
            combine: true
            times: 3
          - on: "goodbye|bye|stay safe|take care"
            hang_up: true
          - on_silence: 6s
            say: Hello? Are you still there?
            times: 3
        """;
}
