using CityMonitor.Messaging.State;
using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Vendors that fail.</summary>
static class VendorRows
{
    const string Deepgram = "Deepgram";
    const string TwilioPart = "Twilio";
    const string Freshdesk = "Freshdesk";
    const string Agent = "deepgram-agent";
    const string CreateCall = "^POST .*/Calls\\.json";

    static readonly TimeSpan moment = TimeSpan.FromMilliseconds(100);

    public static IReadOnlyList<FaultRow> Speech { get; } =
    [
        Of("Deepgram: everything refused from the ring on", Moment.Ringing, All(Fault(Agent, new { refuse = true }), Fault("deepgram-speak", new { refuse = true }))),
        Of("Deepgram: agent refused from the ring on", Moment.Ringing, Fault(Agent, new { refuse = true })),
        Of("Deepgram: agent refused and cut in a turn, for good", Moment.AgentSpeaks, Fault(Agent, new { refuse = true, dropSocketsAfterMs = 0 })),
        Of("Deepgram: agent refused and cut in a turn, for 2 s", Moment.AgentSpeaks, Fault(Agent, new { refuse = true, dropSocketsAfterMs = 0 }), 2),
        Of("Deepgram: over its limit (429) from the ring on", Moment.Ringing, Fault(Agent, new { status = 429, retryAfter = 5 })),
        Of("Deepgram: answers with HTML from the ring on", Moment.Ringing, Fault(Agent, new { garbage = "html" })),
        Of("Deepgram: never answers from the ring on", Moment.Ringing, Fault(Agent, new { hang = true })),
        Of("Deepgram: 3 s slower from the ring on", Moment.Ringing, Fault(Agent, new { latencyMs = 3000 })),
        Of("Deepgram: socket dropped in the greeting", Moment.Greeting, Fault(Agent, new { dropSocketsAfterMs = 0 })) with { Lasts = moment },
        Of("Deepgram: socket dropped while the agent speaks", Moment.AgentSpeaks, Fault(Agent, new { dropSocketsAfterMs = 0 })) with { Lasts = moment },
        Of("Deepgram: socket dropped while the responder speaks", Moment.ResponderSpeaks, Fault(Agent, new { dropSocketsAfterMs = 0 })) with { Lasts = moment },
        Of("Deepgram: socket dropped in a tool", Moment.InATool, Fault(Agent, new { dropSocketsAfterMs = 0 })) with { Lasts = moment },
        Of("Deepgram: mute for 4 s while the agent speaks", Moment.AgentSpeaks, Fault(Agent, new { mute = true }), 4),
        Of("Deepgram: mute for 4 s while the responder speaks", Moment.ResponderSpeaks, Fault(Agent, new { mute = true }), 4),
        Of("Deepgram: mute from a turn on, for good", Moment.AgentSpeaks, Fault(Agent, new { mute = true })),
        Of("Deepgram: greeting cannot be synthesised", Moment.BeforeTheTicket, Fault("deepgram-speak", new { status = 500 })),
    ];

    public static IReadOnlyList<FaultRow> Telephone { get; } =
    [
        Dial("Twilio: the call is made, the answer lost", new { loseAnswer = true, next = 1, match = CreateCall }),
        Dial("Twilio: create never answers, nothing is made", new { hang = true, next = 1, match = CreateCall }),
        Dial("Twilio: create refused once (connection)", new { refuse = true, next = 1, match = CreateCall }),
        Dial("Twilio: create answers 500 once", new { status = 500, next = 1, match = CreateCall }),
        Dial("Twilio: create answers 429 twice", new { status = 429, retryAfter = 1, next = 2, match = CreateCall }),
        Refused("Twilio: no permission for the country (21215)", 21215, "Account not authorized to call this number"),
        Refused("Twilio: number is not valid (21211)", 21211, "The number is not a valid phone number"),
        Refused("Twilio: number is not verified (21219)", 21219, "The number is unverified"),
        Callbacks("lost", "missing"),
        Callbacks("doubled", "duplicate"),
        Callbacks("out of order", "outOfOrder"),
        Callbacks("forged, the true ones lost", "forged"),
        .. from loss in new[] { ("nextVerb", "the next verb runs", 1), ("endCall", "the call ends", 2), ("hang", "the line stays open", 1) }
           select new FaultRow($"Twilio: media socket lost in a turn, {loss.Item2}", TwilioPart, Shape.OneOfEach, Moment.AgentSpeaks,
               All(Twilio(new { socketLoss = loss.Item1 }), Fault("twilio", new { dropSocketsAfterMs = 0 }))) { Lasts = moment * 5, Calls = loss.Item3 },
        new("WhatsApp: the phone has none", TwilioPart, Shape.OneOfEach, Moment.Ringing, Nothing) { Callee = Callee.NoWhatsApp },
        new("WhatsApp: undelivered after sent", TwilioPart, Shape.OneOfEach, Moment.Ringing, Nothing) { Callee = Callee.Undelivered },
        new("WhatsApp: outside the window (63016)", TwilioPart, Shape.OneOfEach, Moment.Ringing, Nothing) { Callee = Callee.Accepts63016 },
        new("Twilio: messages answered with 500 for 20 s", TwilioPart, Shape.OneOfEach, Moment.Ringing, Fault("twilio", new { status = 500, match = "^POST .*/Messages\\.json" })) { Lasts = TimeSpan.FromSeconds(60) },
    ];

    public static IReadOnlyList<FaultRow> Tickets { get; } =
    [
        .. from fault in new (string Words, object Fault)[]
           {
               ("401", new { status = 401 }), ("429", new { status = 429, retryAfter = 5 }), ("500", new { status = 500 }), ("an HTML page", new { garbage = "html" }),
               ("nothing at all", new { hang = true }), ("a closed connection", new { refuse = true }),
           }
           select new FaultRow($"Freshdesk: answers {fault.Words} from the ring on, 90 s", Freshdesk, Shape.OneOfEach, Moment.Ringing, Fault("freshdesk", fault.Fault)) { Lasts = TimeSpan.FromSeconds(90), Within = TimeSpan.FromSeconds(240) },
        new("Freshdesk: writes answered with 404 from the ring on, 90 s", Freshdesk, Shape.OneOfEach, Moment.Ringing, Fault("freshdesk", new { status = 404, match = "^(POST|PUT) " })) { Lasts = TimeSpan.FromSeconds(90), Within = TimeSpan.FromSeconds(240) },
        new("Freshdesk: reads fail for 20 s as the ticket is filed", Freshdesk, Shape.OneOfEach, Moment.BeforeTheTicket, Fault("freshdesk", new { status = 500, match = "^GET " })) { Lasts = TimeSpan.FromSeconds(20) },
        new("OpenAI: down", Freshdesk, Shape.OneOfEach, Moment.BeforeTheTicket, Fault("openai", new { refuse = true })),
    ];

    static FaultRow Of(string name, Moment at, Func<Wave, Task> act, double? seconds = null) =>
        new(name, Deepgram, Shape.OneOfEach, at, act) { Lasts = seconds is { } lasts ? TimeSpan.FromSeconds(lasts) : null };

    static FaultRow Dial(string name, object fault) => new(name, TwilioPart, Shape.OneOfEach, Moment.BeforeTheTicket, Fault("twilio", fault));

    static FaultRow Refused(string name, int code, string message) =>
        new(name, TwilioPart, Shape.OneOfEach, Moment.BeforeTheTicket, Fault("twilio", new { status = 400, body = $$"""{"code":{{code}},"message":"{{message}}","status":400}""", match = CreateCall }))
        {
            Calls = 0, Ends = [IncidentStatus.InvalidContact, IncidentStatus.Failed, IncidentStatus.Unreachable],
        };

    static FaultRow Callbacks(string how, string setting) =>
        new($"Twilio: status callbacks {how}", TwilioPart, Shape.OneOfEach, Moment.BeforeTheTicket, Twilio(new { statusCallbacks = setting }));
}
