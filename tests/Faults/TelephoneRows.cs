using CityMonitor.Messaging.State;
using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Twilio failing: calls, callbacks, sockets, messages.</summary>
static class TelephoneRows
{
    const string Part = "Twilio";
    const string CreateCall = "^POST .*/Calls\\.json";

    static readonly TimeSpan moment = TimeSpan.FromMilliseconds(100);

    public static IReadOnlyList<FaultRow> All { get; } =
    [
        Dial("the call is made, the answer lost", calls => new { loseAnswer = true, next = calls, match = CreateCall }),
        Dial("create never answers, nothing is made", calls => new { hang = true, next = calls, match = CreateCall }),
        Dial("create refused once for each call (connection)", calls => new { refuse = true, next = calls, match = CreateCall }),
        Dial("create answers 500 once for each call", calls => new { status = 500, next = calls, match = CreateCall }),
        Dial("create answers 503 once for each call", calls => new { status = 503, next = calls, match = CreateCall }),
        Dial("create answers 429 twice for each call", calls => new { status = 429, retryAfter = 1, next = 2 * calls, match = CreateCall }),
        Dial("create answers an HTML page once for each call", calls => new { garbage = "html", next = calls, match = CreateCall }),
        Refused("no permission for the country (21215)", 21215, "Account not authorized to call this number"),
        Refused("number is not valid (21211)", 21211, "The number is not a valid phone number"),
        Refused("number is not verified (21219)", 21219, "The number is unverified"),
        Callbacks("lost", "missing"),
        Callbacks("late", "late"),
        Callbacks("doubled", "duplicate"),
        Callbacks("out of order", "outOfOrder"),
        Callbacks("forged, the true ones lost", "forged"),
        .. from loss in new[] { ("nextVerb", "the next verb runs", 1), ("endCall", "the call ends", 2), ("hang", "the line stays open", 1) }
           select new FaultRow($"Twilio: media socket lost in a turn, {loss.Item2}", Part, Shape.OneOfEach, Moment.AgentSpeaks,
               All(Twilio(new { socketLoss = loss.Item1 }), Fault("twilio", new { dropSocketsAfterMs = 0 }))) { Lasts = moment * 5, Calls = loss.Item3 },
        new("Twilio: messages answered with 500 for 60 s", Part, Shape.OneOfEach, Moment.Ringing, Fault("twilio", new { status = 500, match = "^POST .*/Messages\\.json" })) { Lasts = TimeSpan.FromSeconds(60) },
        new("WhatsApp: the phone has none", Part, Shape.OneOfEach, Moment.Ringing, Nothing) { Callee = Callee.NoWhatsApp },
        new("WhatsApp: undelivered after sent", Part, Shape.OneOfEach, Moment.Ringing, Nothing) { Callee = Callee.Undelivered },
        new("WhatsApp: outside the window (63016)", Part, Shape.OneOfEach, Moment.Ringing, Nothing) { Callee = Callee.Outside24Hours },
    ];

    /// <summary>Every call of the wave is met.</summary>
    static FaultRow Dial(string name, Func<int, object> fault) => new($"Twilio: {name}", Part, Shape.OneOfEach, Moment.BeforeTheTicket,
        wave => wave.World.Simulator.SetFaultAsync("twilio", fault(wave.Incidents.Count)));

    static FaultRow Refused(string name, int code, string message) =>
        new($"Twilio: {name}", Part, Shape.OneOfEach, Moment.BeforeTheTicket, Fault("twilio", new { status = 400, body = $$"""{"code":{{code}},"message":"{{message}}","status":400}""", match = CreateCall }))
        {
            Calls = 0, Ends = [IncidentStatus.InvalidContact, IncidentStatus.Failed, IncidentStatus.Unreachable],
        };

    static FaultRow Callbacks(string how, string setting) =>
        new($"Twilio: status callbacks {how}", Part, Shape.OneOfEach, Moment.BeforeTheTicket, Twilio(new { statusCallbacks = setting }));
}
