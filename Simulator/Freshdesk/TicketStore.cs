using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>
/// All tickets of the simulated account, in memory. Readers get immutable versions; writers go one at a time.
/// Times have whole seconds, as Freshdesk's have: two writes within one second carry the same <c>updated_at</c>.
/// </summary>
sealed class TicketStore(TimeProvider time, Timeline timeline)
{
    /// <summary>The agent whose API key is in use.</summary>
    public static readonly Contact Agent = new(5001, "City Monitor", "city-monitor@example.com", null);

    readonly Lock gate = new();
    readonly SortedDictionary<long, Ticket> tickets = [];
    readonly List<Contact> contacts = [];
    long lastTicket = 1000, lastConversation = 70_000, lastContact = 9_000;

    /// <summary>Raised after each write, outside the lock, on the writer's thread.</summary>
    public event Action<TicketEvent>? Happened;

    public DateTimeOffset Now => WholeSeconds(time.GetUtcNow());

    public Ticket? Find(long id)
    {
        lock (gate)
        {
            return tickets.GetValueOrDefault(id);
        }
    }

    public ImmutableArray<Ticket> All()
    {
        lock (gate)
        {
            return [.. tickets.Values];
        }
    }

    /// <summary>Forgets every ticket; ids go on rising.</summary>
    public void Clear()
    {
        lock (gate)
        {
            tickets.Clear();
        }
    }

    /// <summary>Adds a ticket; <paramref name="fill"/> sets everything but its id and times.</summary>
    public Ticket Create(Contact requester, Func<Ticket, Ticket> fill)
    {
        Ticket ticket;
        lock (gate)
        {
            var now = Now;
            ticket = fill(new Ticket { Id = ++lastTicket, Subject = "", Description = "", Requester = requester, CreatedAt = now, UpdatedAt = now });
            ticket = WithStatusTimes(ticket with { Status = Ticket.Open }, ticket, now);
            tickets.Add(ticket.Id, ticket);
        }

        Tell(new TicketEvent(ticket, "created"));
        return ticket;
    }

    /// <summary>Changes a ticket and moves its <c>updated_at</c>. Null when there is none.</summary>
    public Ticket? Update(long id, Func<Ticket, Ticket> change, string action = "updated")
    {
        Ticket after;
        lock (gate)
        {
            if (!tickets.TryGetValue(id, out var before))
            {
                return null;
            }

            after = WithStatusTimes(before, change(before), Now) with { UpdatedAt = Now };
            tickets[id] = after;
        }

        Tell(new TicketEvent(after, action));
        return after;
    }

    /// <summary>Adds a note or reply to a ticket. Null when there is no such ticket.</summary>
    public Conversation? AddConversation(
        long ticketId, string body, bool isPrivate = true, bool incoming = false, long? userId = null, int source = 2,
        ImmutableArray<string> notified = default)
    {
        var now = Now;
        var entry = new Conversation(
            Interlocked.Increment(ref lastConversation), ticketId, body, isPrivate, incoming, userId ?? Agent.Id, source,
            notified.IsDefault ? [] : notified, now, now);
        return Update(ticketId, t => t with { Conversations = t.Conversations.Add(entry) }, "noted") is null ? null : entry;
    }

    /// <summary>The contact with this e-mail or phone, made when there is none.</summary>
    public Contact ContactFor(string? email, string? phone, string? name)
    {
        lock (gate)
        {
            var known = contacts.Find(c => (email is not null && c.Email == email) || (email is null && phone is not null && c.Phone == phone));
            if (known is null)
            {
                known = new Contact(++lastContact, name ?? email?.Split('@')[0] ?? phone ?? "Unknown", email, phone);
                contacts.Add(known);
            }

            return known;
        }
    }

    public ImmutableArray<Contact> Contacts()
    {
        lock (gate)
        {
            return [.. contacts];
        }
    }

    void Tell(TicketEvent happened)
    {
        var details = new JsonObject
        {
            ["status"] = FieldCatalog.Statuses.GetValueOrDefault(happened.Ticket.Status), ["subject"] = happened.Ticket.Subject,
        };
        if (happened.Action == "noted")
        {
            details["body"] = Ticket.PlainText(happened.Ticket.Conversations[^1].Body);
        }

        timeline.Add($"ticket.{happened.Action}", happened.Ticket.Id.ToString(CultureInfo.InvariantCulture), details);
        Happened?.Invoke(happened);
    }

    static Ticket WithStatusTimes(Ticket before, Ticket after, DateTimeOffset now)
    {
        if (before.Status == after.Status)
        {
            return after;
        }

        var reopened = before.Status is Ticket.Resolved or Ticket.Closed && after.Status is not (Ticket.Resolved or Ticket.Closed);
        return after with
        {
            StatusUpdatedAt = now,
            ResolvedAt = after.Status is Ticket.Resolved or Ticket.Closed ? before.ResolvedAt ?? now : null,
            ClosedAt = after.Status == Ticket.Closed ? now : null,
            PendingSince = after.Status == Ticket.Pending ? now : null,
            ReopenedAt = reopened ? now : before.ReopenedAt,
        };
    }

    static DateTimeOffset WholeSeconds(DateTimeOffset at) => DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds());
}
