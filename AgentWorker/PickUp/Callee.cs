using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.PickUp;

/// <summary>
/// Tells from the first words of whoever picked up what it is: a person, an answering machine, a call screening that asks who is calling,
/// or a menu. In doubt it is a person: people say much of what machines say, but not in that order and not so much of it.
/// </summary>
static class Callee
{
    /// <summary>Nobody opens a call with so many words in one breath.</summary>
    const int LongOpening = 28;

    /// <param name="said">One turn, without a pause in it.</param>
    /// <param name="before">What was recognised in the turns before; <see cref="CalleeKind.Person"/> at the start.</param>
    public static CalleeKind Of(string said, PickUpPhrases phrases, CalleeKind before = CalleeKind.Person)
    {
        var words = Phrase.Words(said);
        if (words.Count == 0)
        {
            return before;
        }

        if (Says(phrases.Person))
        {
            return CalleeKind.Person;
        }

        // "Press one to leave a message" is a machine too: leaving the message is what helps.
        return Says(phrases.Machine) || HintsAtMachine() ? CalleeKind.Machine
            : Says(phrases.Screening) ? CalleeKind.Screening
            : Says(phrases.Menu) ? CalleeKind.Menu
            : GoesOn(before) ? before
            : CalleeKind.Person;

        bool Says(IReadOnlyList<Phrase> some) => some.Any(phrase => phrase.IsIn(words));

        bool HintsAtMachine() => Says(phrases.Hints) && (Says(phrases.Openings) || words.Count >= LongOpening);

        // Behind such a greeting comes mostly its rest; people are heard by how people begin.
        bool GoesOn(CalleeKind kind) => kind switch
        {
            CalleeKind.Machine => !phrases.Begins.Any(phrase => phrase.Begins(words)),
            CalleeKind.Screening or CalleeKind.Menu => Says(phrases.Hold) || (words.Count <= 3 && Says(phrases.Thanks)),
            _ => false,
        };
    }
}
