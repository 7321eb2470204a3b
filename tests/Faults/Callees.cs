namespace CityMonitor.Faults;

/// <summary>
/// Phones in the YAML of scenarios/phones: they answer soon and say little, so that a row takes a minute. A person who hears nothing
/// for 6 s asks, as people do; by then a row has failed.
/// </summary>
static class Callees
{
    public static string Yaml(FaultRow row, string number) => Head(number, row.Moment is Moment.Ringing ? "3s" : "1s") + row.Callee switch
    {
        Callee.Declines => """
            lines:
              - on: "press (1|one)"
                press: "2"
                times: 2
              - on: "your name|who am i|who is this|agency|speaking with"
                say: Lee Park, Police.
                times: 2
              - on: "can you|do you accept|yes or no|accept (the|this) incident"
                say: No, I cannot. We have no unit free.
                times: 2
              - on: "why|reason"
                say: We have no unit free.
                times: 2
              - on: "goodbye|bye"
                hang_up: true
                say: Bye.
            """,
        Callee.PressesOne => Presses("1"),
        Callee.PressesTwo => Presses("2"),
        Callee.PressesNineThenOne => """
            lines:
              - on: "press (1|one)"
                press: "9"
              - on: "press (1|one)"
                press: "1"
                times: 2
            """,
        Callee.NoWhatsApp => "messaging:\n  has_whatsapp: false\n" + Accepting,
        Callee.Undelivered => "messaging:\n  undelivered_with: 63016\n" + Accepting,
        Callee.Outside24Hours => "messaging:\n  fails_with: 63016\n" + Accepting,
        _ => Accepting,
    };

    static string Head(string number, string answerAfter) => $"""
        number: "{number}"
        name: Dana Reyes
        answer_after: {answerAfter}
        greeting: Hello?
        hang_up_after: 150s

        """;

    static string Presses(string key) => $"""
        lines:
          - on: "press (1|one)"
            press: "{key}"
            times: 3
        """;

    const string Accepting = """
        lines:
          - on: "press (1|one)"
            press: "1"
            times: 3
          - on: "is (that|this|it) (right|correct)|correct\\?|did i get|confirm|read (that|it) back|right\\?"
            say: Yes.
            times: 0
          - on: "your name|who am i|who is this|agency|identify|speaking with"
            say: Dana Reyes, Police.
            combine: true
            times: 3
          - on: "whatsapp|which number|what number"
            say: This number.
            combine: true
            times: 3
          - on: "(can|could|will|are|would) you .*(respond|accept|take|attend|go|able)|do you accept|yes or no|accept (the|this) incident"
            say: Yes, I accept.
            combine: true
            times: 3
          - on: "how (long|soon|many minutes)|\\beta\\b|when (can|will|do) you|arriv|get there|estimated"
            say: Ten minutes.
            combine: true
            times: 3
          - on: "goodbye|bye|stay safe|take care"
            say: Bye.
            hang_up: true
          - on_silence: 6s
            say: Hello? Are you still there?
            times: 3
        """;
}
