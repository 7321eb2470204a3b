using System.Text.RegularExpressions;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Reception;

/// <summary>Who calls, in words; and what of their words may stand in a ticket that dispatch reads.</summary>
static partial class Callers
{
    public static string Masked(ReceptionState state) => state.From?.Masked ?? "a hidden number";

    public static string Name(ReceptionState state) => state.Caller.Name ?? (state.From is { } from ? $"Caller {from}" : "Caller without a number");

    public static PhoneNumber? CallBack(ReceptionState state) => state.Caller.CallBack ?? state.From;

    /// <summary>
    /// Without anything that could be read as a phone number: dispatch phones the number in a ticket, and a caller must not be able to say whom.
    /// What was left out stands in the note, with the transcript.
    /// </summary>
    public static string WithoutNumbers(string text) => Number().Replace(text, "[number: see the note]");

    [GeneratedRegex(@"(?:\+|00)?(?:\d[\s().,/-]{0,3}){6,}\d")]
    private static partial Regex Number();
}
