namespace CityMonitor.Faults;

/// <summary>Phones in the YAML of scenarios/phones. A person who hears nothing for 6 s asks, as people do; by then a row has failed.</summary>
static class Callees
{
    public static string Yaml(Callee callee, string number) => callee switch
    {
        Callee.NoAnswer => $"number: \"{number}\"\nwhen_called: no_answer\n",
        Callee.Declines => Head(number) + """
            lines:
              - on: "press (1|one)"
                press: "2"
                times: 2
              - on: "your name|who am i|who is this|agency|speaking with"
                say: Officer Lee Park, Harbour Police.
                times: 2
              - on: "can you|do you accept|yes or no|accept (the|this) incident"
                say: No, I cannot. We have no unit free.
                times: 2
              - on: "why|reason"
                say: We have no unit free.
                times: 2
              - on: "goodbye|bye"
                hang_up: true
                say: Goodbye.
            """,
        Callee.PressesOne => Head(number) + """
            lines:
              - on: "press (1|one)"
                press: "1"
                times: 3
            """,
        Callee.NoWhatsApp => Head(number) + "messaging:\n  has_whatsapp: false\n" + Accepting(number),
        Callee.Undelivered => Head(number) + "messaging:\n  undelivered_with: 63016\n" + Accepting(number),
        Callee.Accepts63016 => Head(number) + "messaging:\n  fails_with: 63016\n" + Accepting(number),
        _ => Head(number) + Accepting(number),
    };

    static string Head(string number) => $"""
        number: "{number}"
        name: Officer Dana Reyes
        answer_after: 2s
        greeting: Hello?
        hang_up_after: 150s

        """;

    static string Accepting(string number) => $"""
        lines:
          - on: "press (1|one)"
            press: "1"
            times: 3
          - on: "is (that|this|it) (right|correct)|correct\\?|did i get|confirm|read (that|it) back|right\\?"
            say: Yes, that is correct.
            times: 0
          - on: "your name|who am i|who is this|agency|identify|speaking with"
            say: Officer Dana Reyes, Central Police.
            combine: true
            times: 3
          - on: "whatsapp|which number|what number"
            say: My WhatsApp number is +1 {number[2..5]} {number[5..8]} {number[8..]}.
            combine: true
            times: 3
          - on: "(can|could|will|are|would) you .*(respond|accept|take|attend|go|able)|do you accept|yes or no|accept (the|this) incident"
            say: Yes, I accept. I am on my way.
            combine: true
            times: 3
          - on: "how (long|soon|many minutes)|\\beta\\b|when (can|will|do) you|arriv|get there|estimated"
            say: About ten minutes.
            combine: true
            times: 3
          - on: "goodbye|bye|stay safe|take care"
            say: Thank you. Goodbye.
            hang_up: true
          - on_silence: 6s
            say: Hello? Are you still there?
            times: 3
        """;
}
