using static CityMonitor.Faults.Acts;

namespace CityMonitor.Faults;

/// <summary>Freshdesk failing, and the model that completes its tickets.</summary>
static class TicketRows
{
    const string Part = "Freshdesk";

    // From the ring until all calls are over and their notes are due.
    static readonly TimeSpan outage = TimeSpan.FromSeconds(60);

    public static IReadOnlyList<FaultRow> All { get; } =
    [
        .. from fault in new (string Words, object Fault)[]
           {
               ("answers 401", new { status = 401 }), ("answers 404", new { status = 404 }), ("answers 429", new { status = 429, retryAfter = 5 }),
               ("answers 500", new { status = 500 }), ("answers an HTML page", new { garbage = "html" }), ("answers nothing at all", new { hang = true }),
               ("closes the connection", new { refuse = true }),
           }
           select Outage(fault.Words, fault.Fault),
        Outage("writes answered with 404", new { status = 404, match = "^(POST|PUT) " }),
        new("Freshdesk: reads fail for 20 s as the ticket is filed", Part, Shape.OneOfEach, Moment.BeforeTheTicket, Fault("freshdesk", new { status = 500, match = "^GET " })) { Lasts = TimeSpan.FromSeconds(20) },
        new("Freshdesk: down for an hour", Part, Shape.OneOfEach, Moment.Ringing, Fault("freshdesk", new { refuse = true })) { Lasts = TimeSpan.FromMinutes(60), Within = TimeSpan.FromMinutes(15), Hour = true },
        new("OpenAI: down", Part, Shape.OneOfEach, Moment.BeforeTheTicket, Fault("openai", new { refuse = true })),
    ];

    static FaultRow Outage(string words, object fault) =>
        new($"Freshdesk: {words} from the ring on, 60 s", Part, Shape.OneOfEach, Moment.Ringing, Fault("freshdesk", fault)) { Lasts = outage, Within = TimeSpan.FromSeconds(240) };
}
