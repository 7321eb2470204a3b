using CityMonitor.AgentWorker.Extraction;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Dispatch;

/// <summary>Reads what a decision about a message needs beside the incident's state. Only reads, but for the claim of an event.</summary>
sealed class FactReader(RedisClient redis, CallStore calls, IncidentStore incidents, Timers timers, TicketExtractor extractor, IOptions<DispatchOptions> options, TimeProvider clock)
{
    static readonly TimeSpan claimCommits = TimeSpan.FromSeconds(3);
    static readonly TimeSpan claimPoll = TimeSpan.FromMilliseconds(25);

    public async Task<Facts> ReadAsync(IncidentState state, AgentMessage message, CancellationToken ct) => message switch
    {
        // A known version is a sweep by another name: it proves the same, and may have to do the same.
        IncidentReported m when IsKnown(state, m.Ticket) => await OfSweepAsync(state, ct),
        IncidentReported m => await OfTicketAsync(state, m.Ticket, ct),
        IncidentChanged m => await OfTicketAsync(state, m.Ticket, ct) with { WindowOpen = await WindowOpenAsync(state.Responder?.WhatsApp, ct) },
        CallEnded or MediaStopped or ResponderCalled => new Facts { Transcript = await TranscriptAsync(state, ct) },
        ModelAnswered or TurnConfirmed => new Facts
        {
            Transcript = state.Live is { Settled: true } ? await TranscriptAsync(state, ct) : [],
            WindowOpen = await WindowOpenAsync(state.Responder?.WhatsApp, ct),
            Heard = await HeardAsync(state, ct),
        },
        ToolRequested m => new Facts
        {
            Transcript = state.Live is { Settled: true } ? await TranscriptAsync(state, ct) : [],
            WindowOpen = m.Name == "send_whatsapp_message" && await WindowOpenAsync(state.Responder?.WhatsApp, ct),
            Heard = await HeardAsync(state, ct),
        },
        AnsweredBy when state.Live?.Pending is not null => new Facts { Heard = await HeardAsync(state, ct) },
        KeypadPressed => new Facts { Transcript = state.Live is { Settled: true } ? await TranscriptAsync(state, ct) : [] },
        TimerDue m => await OfTimerAsync(state, m.Name, ct),
        IncidentSwept => await OfSweepAsync(state, ct),
        _ => Facts.None,
    };

    static bool IsKnown(IncidentState state, TicketSnapshot ticket) =>
        state.Ticket.Version == ticket.Version && state is not ({ Status: IncidentStatus.Withdrawn } or { Attempts.Count: 0, DuplicateOf: null });

    async Task<Facts> OfTimerAsync(IncidentState state, string name, CancellationToken ct) => name switch
    {
        TimerNames.CallOverdue or TimerNames.Outcome when state.Live is { } live => await OfCallAsync(state, live.Call, ct),
        TimerNames.Verdict => new Facts { Heard = await HeardAsync(state, ct) },
        TimerNames.Duplicate when state.DuplicateOf is { } primary => new Facts { Primary = await incidents.ReadAsync(primary, ct) },
        TimerNames.Eta => new Facts { WindowOpen = await WindowOpenAsync(state.Responder?.WhatsApp, ct) },
        _ => Facts.None,
    };

    /// <summary>The sweep does what lost timers should have done, so it needs what each of them would have read.</summary>
    async Task<Facts> OfSweepAsync(IncidentState state, CancellationToken ct)
    {
        var facts = state.Live is { Settled: false } live ? await OfCallAsync(state, live.Call, ct) : Facts.None;
        return facts with
        {
            TimersSet = await timers.SetAsync(state.Id.Value, [.. state.Timers.Select(t => t.Name)], ct),
            Primary = state.DuplicateOf is { } primary ? await incidents.ReadAsync(primary, ct) : null,
            WindowOpen = state.Timers.Any(t => t.Name == TimerNames.Eta) && await WindowOpenAsync(state.Responder?.WhatsApp, ct),
        };
    }

    async Task<Facts> OfCallAsync(IncidentState state, CallId call, CancellationToken ct) => new()
    {
        Dial = (await calls.ReadAsync(call, ct)).GetValueOrDefault(CallFields.Dial)?.Text,
        Transcript = await TranscriptAsync(state, ct),
    };

    async Task<IReadOnlyList<Turn>> HeardAsync(IncidentState state, CancellationToken ct) =>
        state.Live is { } live ? await calls.ReadTurnsAsync(live.Call, ct) : [];

    /// <summary>What was said in every call of this incident, oldest first.</summary>
    async Task<IReadOnlyList<Turn>> TranscriptAsync(IncidentState state, CancellationToken ct)
    {
        var turns = new List<Turn>();
        foreach (var attempt in state.Attempts.Where(a => a.AnsweredAt is not null || a.Call == state.Live?.Call))
        {
            turns.AddRange(await calls.ReadTurnsAsync(attempt.Call, ct));
        }

        return turns;
    }

    async Task<Facts> OfTicketAsync(IncidentState state, TicketSnapshot ticket, CancellationToken ct)
    {
        var facts = Facts.None;
        var known = state.Fields;
        if (Lacks(ticket.Fields) && extractor.Configured && state.ExtractedVersion != ticket.Version)
        {
            facts = facts with { ExtractionTried = true, Extracted = await extractor.ExtractAsync(ticket, ct) };
        }

        known = ticket.Fields with
        {
            Type = ticket.Fields.Type ?? facts.Extracted?.Type,
            Address = ticket.Fields.Address ?? facts.Extracted?.Address,
            ResponderPhone = ticket.Fields.ResponderPhone ?? facts.Extracted?.ResponderPhone,
        };
        return state.Attempts.Count == 0 && state.DuplicateOf is null && Duplicates.EventHash(known) is { } hash
            ? facts with { Primary = await ClaimAsync(state.Id, hash, ct) }
            : facts;
    }

    static bool Lacks(IncidentFields fields) => fields.ResponderPhone is null || fields.Type is null || fields.Address is null;

    /// <summary>Makes this incident the event's first, or returns the one that is. A redelivery finds its own claim.</summary>
    async Task<IncidentState?> ClaimAsync(IncidentId incident, string hash, CancellationToken ct)
    {
        var seconds = (long)Math.Max(1, options.Value.DuplicateWindow.TotalSeconds);
        var holder = (await redis.SendAsync(["SET", Keys.Event(hash), incident.Value, "NX", "EX", seconds, "GET"], ct)).Text;
        if (holder is null || holder == incident.Value)
        {
            return null;
        }

        var primary = await ReadHolderAsync(IncidentId.Parse(holder), ct);
        if (primary is not null and not { Status: IncidentStatus.Withdrawn } && primary.DuplicateOf != incident)
        {
            return primary;
        }

        await redis.SendAsync(["SET", Keys.Event(hash), incident.Value, "EX", seconds], ct);
        return null;
    }

    /// <summary>
    /// Two tickets of one event often arrive together: the first may have claimed the event and not yet be committed. When it never is
    /// (its worker died), its redelivery finds our claim and follows us.
    /// </summary>
    async Task<IncidentState?> ReadHolderAsync(IncidentId holder, CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            var state = await incidents.ReadAsync(holder, ct);
            if (state is not null || clock.GetElapsedTime(started) > claimCommits)
            {
                return state;
            }

            await Task.Delay(claimPoll, clock, ct);
        }
    }

    async Task<bool> WindowOpenAsync(PhoneNumber? number, CancellationToken ct) =>
        number is { } to && (await redis.SendAsync(["EXISTS", Keys.WhatsAppWindow(to)], ct)).Number == 1;
}
