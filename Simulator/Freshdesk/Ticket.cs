using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CityMonitor.Simulator.Freshdesk;

/// <summary>One version of a ticket: every write makes a new one.</summary>
sealed partial record Ticket
{
    public const int Open = 2, Pending = 3, Resolved = 4, Closed = 5;

    public required long Id { get; init; }
    public required string Subject { get; init; }

    /// <summary>HTML, as Freshdesk keeps it.</summary>
    public required string Description { get; init; }
    public int Status { get; init; } = Open;
    public int Priority { get; init; } = 1;
    public int Source { get; init; } = 2;
    public string? Type { get; init; }
    public required Contact Requester { get; init; }
    public long? ResponderId { get; init; }
    public long? GroupId { get; init; }
    public long? CompanyId { get; init; }
    public ImmutableArray<string> Tags { get; init; } = [];
    public ImmutableArray<string> CcEmails { get; init; } = [];
    public ImmutableSortedDictionary<string, JsonElement> CustomFields { get; init; } = ImmutableSortedDictionary<string, JsonElement>.Empty;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? DueBy { get; init; }
    public DateTimeOffset? FirstResponseDueBy { get; init; }
    public DateTimeOffset? StatusUpdatedAt { get; init; }
    public DateTimeOffset? ResolvedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    public DateTimeOffset? ReopenedAt { get; init; }
    public DateTimeOffset? PendingSince { get; init; }
    public bool Spam { get; init; }
    public bool Deleted { get; init; }
    public ImmutableArray<Conversation> Conversations { get; init; } = [];

    public string DescriptionText => PlainText(Description);

    /// <summary>What Freshdesk shows as <c>description_text</c> and <c>body_text</c>: tags gone, entities decoded.</summary>
    public static string PlainText(string html) =>
        WebUtility.HtmlDecode(Tag().Replace(LineBreak().Replace(html, "\n"), "")).Trim();

    [GeneratedRegex(@"<br\s*/?>|</(p|div|li|tr|h\d)>", RegexOptions.IgnoreCase)]
    private static partial Regex LineBreak();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}

/// <summary>A note or reply in a ticket. <paramref name="Source"/>: 0 reply, 2 note.</summary>
sealed record Conversation(
    long Id, long TicketId, string Body, bool Private, bool Incoming, long? UserId, int Source,
    ImmutableArray<string> NotifiedTo, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

sealed record Contact(long Id, string Name, string? Email, string? Phone, string? Mobile = null);

/// <summary>Something that was written to a ticket. <paramref name="Action"/>: created, updated, noted, deleted, restored.</summary>
sealed record TicketEvent(Ticket Ticket, string Action);
