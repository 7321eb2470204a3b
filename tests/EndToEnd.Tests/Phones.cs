namespace CityMonitor.EndToEnd.Tests;

/// <summary>Phones as scenarios/phones writes them.</summary>
static class Phones
{
    /// <summary>Answers, gives name and agency, accepts, gives this same number for WhatsApp, confirms it, says when they will be there.</summary>
    public static string Accepting(string number, string messaging = "has_whatsapp: true") => $"""
        number: "{number}"
        name: Officer Dana Reyes
        answer_after: 500ms
        greeting: Hello?
        hang_up_after: 150s
        messaging:
          {messaging}
        lines:
          - on: "is (that|this|it) (right|correct)|correct\\?|did i get|confirm|read (that|it) back|right\\?"
            say: Yes, that is correct.
            times: 0
          - on: "your name|who am i|who is this|agency|identify|speaking with"
            say: Officer Dana Reyes, Central Police.
            combine: true
            times: 2
          - on: "whatsapp|which number|what number"
            say: My WhatsApp number is {Spoken(number)}.
            combine: true
            times: 2
          - on: "(can|could|will|are|would) you .*(respond|accept|take|attend|go|able)|do you accept|yes or no|accept (the|this) incident"
            say: Yes, I accept. I am on my way.
            combine: true
            times: 2
          - on: "how (long|soon|many minutes)|\\beta\\b|when (can|will|do) you|arriv|get there|estimated"
            say: About ten minutes.
            combine: true
            times: 2
          - on: "goodbye|bye|stay safe|take care"
            say: Thank you. Goodbye.
            hang_up: true
        """;

    /// <summary>Answers and says no, with a reason.</summary>
    public static string Declining(string number) => $"""
        number: "{number}"
        answer_after: 500ms
        greeting: Hello?
        hang_up_after: 120s
        lines:
          - on: "your name|who am i|who is this|agency|speaking with"
            say: Officer Lee Park, Harbour Police.
          - on: "can you|do you accept|yes or no|accept (the|this) incident"
            say: No, I cannot. We have no unit free.
          - on: "why|reason"
            say: We have no unit free.
            times: 2
          - on: "goodbye|bye"
            hang_up: true
            say: Goodbye.
        """;

    /// <summary>Says nothing but hello, and presses 1 when asked for a key.</summary>
    public static string PressingOne(string number) => $"""
        number: "{number}"
        answer_after: 500ms
        greeting: Hello?
        hang_up_after: 120s
        lines:
          - on: "press (1|one)"
            press: "1"
            times: 2
        """;

    public static string Busy(string number) => $"""
        number: "{number}"
        when_called: busy
        answer_after: 300ms
        """;

    public static string NeverAnswering(string number) => $"""
        number: "{number}"
        when_called: no_answer
        """;

    public static string Voicemail(string number) => $"""
        number: "{number}"
        when_called: voicemail
        answer_after: 300ms
        voicemail:
          greeting: You have reached the voicemail of Dana Reyes. Leave a message after the tone.
          beep: true
          hang_up_after_silence: 4s
        """;

    static string Spoken(string number) => $"+1 {number[2..5]} {number[5..8]} {number[8..]}";
}
