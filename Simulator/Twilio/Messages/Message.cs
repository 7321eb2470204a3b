namespace CityMonitor.Simulator.Twilio.Messages;

static class MessageStatus
{
    public const string Queued = "queued";
    public const string Sent = "sent";
    public const string Delivered = "delivered";
    public const string Read = "read";
    public const string Failed = "failed";
    public const string Undelivered = "undelivered";
    public const string Canceled = "canceled";
    public const string Received = "received";

    public static bool IsFinal(string status) => status is Delivered or Read or Failed or Undelivered or Canceled or Received;
}

/// <summary>A picture or document that went along, as the receiving side fetched it.</summary>
sealed record MessageMedia(string Sid, string Url, string? ContentType, long Bytes);

sealed record MessageEntry(DateTimeOffset At, string Status, int? ErrorCode);

/// <summary>One message in either direction. Thread-safe.</summary>
sealed class Message(string accountSid, string to, string from, string body, IReadOnlyList<string> mediaUrls, string direction, TimeProvider clock)
{
    readonly Lock gate = new();
    readonly List<MessageEntry> history = [];
    readonly List<MessageMedia> media = [];

    public const string WhatsAppPrefix = "whatsapp:";

    public string Sid { get; } = Twilio.Sid.New(mediaUrls.Count > 0 ? "MM" : "SM");

    public string AccountSid { get; } = accountSid;

    public string To { get; } = to;

    public string From { get; } = from;

    public string Body { get; set; } = body;

    public IReadOnlyList<string> MediaUrls { get; } = mediaUrls;

    public string Direction { get; } = direction;

    public string? MessagingServiceSid { get; init; }

    public string? ContentSid { get; init; }

    public string? ContentVariables { get; init; }

    public string? StatusCallback { get; init; }

    public bool IsWhatsApp => To.StartsWith(WhatsAppPrefix, StringComparison.Ordinal);

    public bool IsInbound => Direction == "inbound";

    /// <summary>The simulated phone's number, without the channel.</summary>
    public string PhoneNumber => Bare(IsInbound ? From : To);

    public string Status { get; private set; } = direction == "inbound" ? MessageStatus.Received : MessageStatus.Queued;

    public int? ErrorCode { get; private set; }

    public DateTimeOffset Created { get; } = clock.GetUtcNow();

    public DateTimeOffset Updated { get; private set; } = clock.GetUtcNow();

    public DateTimeOffset? SentAt { get; private set; }

    public IReadOnlyList<MessageEntry> History
    {
        get
        {
            lock (gate)
            {
                return [.. history];
            }
        }
    }

    public IReadOnlyList<MessageMedia> Media
    {
        get
        {
            lock (gate)
            {
                return [.. media];
            }
        }
    }

    public static string Bare(string address) =>
        address.StartsWith(WhatsAppPrefix, StringComparison.Ordinal) ? address[WhatsAppPrefix.Length..] : address;

    public void Add(MessageMedia item)
    {
        lock (gate)
        {
            media.Add(item);
        }
    }

    /// <summary>False when it was cancelled or has failed before.</summary>
    public bool MoveTo(string status, int? errorCode = null)
    {
        lock (gate)
        {
            if (Status is MessageStatus.Failed or MessageStatus.Undelivered or MessageStatus.Canceled or MessageStatus.Read)
            {
                return false;
            }

            (Status, ErrorCode, Updated) = (status, errorCode, clock.GetUtcNow());
            SentAt = status == MessageStatus.Sent ? Updated : SentAt;
            history.Add(new MessageEntry(Updated, status, errorCode));
            return true;
        }
    }
}
