using System.Text.Json.Nodes;
using CityMonitor.Messaging.State;

namespace CityMonitor.Faults;

/// <summary>How many of each service run.</summary>
enum Shape { OneOfEach, TwoOfEach }

/// <summary>When the fault comes: as soon as the first call of a wave has got so far.</summary>
enum Moment { BeforeTheTicket, TicketRead, Ringing, Greeting, AgentSpeaks, ResponderSpeaks, InATool, LastSecond }

/// <summary>How the phones of a wave behave.</summary>
enum Callee { Accepts, Declines, PressesOne, PressesTwo, PressesNineThenOne, NoWhatsApp, Undelivered, Outside24Hours }

/// <summary>One row of docs/reliability.md: what goes wrong, when, and what must hold beyond what must always hold.</summary>
/// <param name="Name">The row's first cell; unique.</param>
/// <param name="Part">Heading of its table.</param>
/// <param name="Act">What is done, with the wave's first call to have reached the moment (null before the ticket).</param>
sealed record FaultRow(string Name, string Part, Shape Shape, Moment Moment, Func<Wave, Task> Act)
{
    /// <summary>Undoes what does not end by itself. Runs right behind <see cref="Act"/> when this time has passed.</summary>
    public TimeSpan? Lasts { get; init; }

    public Callee Callee { get; init; } = Callee.Accepts;

    /// <summary>The incident's state in the end.</summary>
    public IReadOnlyList<IncidentStatus> Ends { get; init; } = [IncidentStatus.Acknowledged];

    /// <summary>Calls that may be needed: 1 where the same call must go on.</summary>
    public int Calls { get; init; } = 1;

    /// <summary>Incidents raised at once; null: the runner's choice.</summary>
    public int? AtOnce { get; init; }

    /// <summary>The share of calls that the fault can meet: a wave is made so much larger.</summary>
    public double Share { get; init; } = 1;

    /// <summary>How long until everything must be settled.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>Environment of its own city, where the row needs one that is set otherwise.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? Environment { get; init; }

    /// <summary>What else must hold of one incident's calls; says what did not.</summary>
    public Func<IReadOnlyList<JsonNode>, IEnumerable<string>>? OfCalls { get; init; }

    /// <summary>What else must hold of all calls of a wave; says what did not.</summary>
    public Func<IReadOnlyList<JsonNode>, IEnumerable<string>>? OfWave { get; init; }

    /// <summary>Needs the machine for itself: played when everything else is done.</summary>
    public bool Alone { get; init; }

    /// <summary>Played only when asked for: it takes an hour.</summary>
    public bool Hour { get; init; }
}
