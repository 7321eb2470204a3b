using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator;

/// <summary>One thing that happened anywhere in the simulator.</summary>
/// <param name="Seq">Rises by one; never reused, not even by a reset.</param>
/// <param name="At">By the simulator's clock.</param>
/// <param name="Kind">Who and what, with a dot: <c>call.ringing</c>, <c>phone.heard</c>, <c>ticket.updated</c>, <c>fault.set</c>.</param>
/// <param name="Subject">What it happened to: a call's or message's sid, a phone number, a ticket id.</param>
/// <param name="Details">An object; its fields depend on the kind.</param>
sealed record Happening(long Seq, DateTimeOffset At, string Kind, string? Subject, JsonElement Details);

/// <summary>
/// Everything that happened, in order, in memory. Thread-safe. Keeps the latest <see cref="Kept"/> happenings, so that a soak run
/// does not fill the machine; a reader that asks for older ones gets what is left.
/// </summary>
sealed class Timeline(TimeProvider clock)
{
    public const int Kept = 100_000;

    static readonly JsonElement NoDetails = JsonDocument.Parse("{}").RootElement.Clone();

    readonly Lock gate = new();
    readonly List<Happening> happenings = [];
    TaskCompletionSource changed = NewSignal();
    long lastSeq;

    public long LastSeq
    {
        get
        {
            lock (gate)
            {
                return lastSeq;
            }
        }
    }

    public Happening Add(string kind, string? subject = null, JsonObject? details = null)
    {
        var element = details is null ? NoDetails : ToElement(details);
        TaskCompletionSource signal;
        Happening happening;
        lock (gate)
        {
            happening = new Happening(++lastSeq, clock.GetUtcNow(), kind, subject, element);
            happenings.Add(happening);
            if (happenings.Count > Kept + (Kept / 4))
            {
                happenings.RemoveRange(0, happenings.Count - Kept);
            }

            signal = changed;
            changed = NewSignal();
        }

        signal.SetResult();
        return happening;
    }

    public IReadOnlyList<Happening> After(long seq, int limit = int.MaxValue)
    {
        lock (gate)
        {
            return Slice(seq, limit);
        }
    }

    /// <summary>Everything after <paramref name="seq"/>, then each further happening as it comes, until cancelled.</summary>
    public async IAsyncEnumerable<Happening> ReadAsync(long seq, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        while (true)
        {
            Task more;
            List<Happening> batch;
            lock (gate)
            {
                batch = Slice(seq, int.MaxValue);
                more = changed.Task;
            }

            foreach (var happening in batch)
            {
                yield return happening;
                seq = happening.Seq;
            }

            if (batch.Count == 0)
            {
                await more.WaitAsync(cancellation);
            }
        }
    }

    /// <summary>The first happening after <paramref name="after"/> that matches, whether past or to come.</summary>
    /// <exception cref="TimeoutException">Nothing matched within <paramref name="timeout"/>.</exception>
    public async Task<Happening> WaitAsync(Func<Happening, bool> match, TimeSpan timeout, long after = 0)
    {
        using var deadline = new CancellationTokenSource(timeout, clock);
        try
        {
            await foreach (var happening in ReadAsync(after, deadline.Token))
            {
                if (match(happening))
                {
                    return happening;
                }
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // Reported below: a cancelled wait is a time-out here.
        }

        throw new TimeoutException($"No such happening within {timeout.TotalSeconds:0.#} s after {after}; the last one is {LastSeq}.");
    }

    public void Clear()
    {
        lock (gate)
        {
            happenings.Clear();
        }
    }

    List<Happening> Slice(long seq, int limit)
    {
        if (happenings.Count == 0 || limit <= 0)
        {
            return [];
        }

        var skip = (int)Math.Clamp(seq - happenings[0].Seq + 1, 0, happenings.Count);
        return happenings.GetRange(skip, Math.Min(limit, happenings.Count - skip));
    }

    // Copied at once: the caller may go on changing its object, readers on other threads may not see that.
    static JsonElement ToElement(JsonObject details)
    {
        using var document = JsonDocument.Parse(details.ToJsonString());
        return document.RootElement.Clone();
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
