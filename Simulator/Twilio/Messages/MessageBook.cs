using System.Collections.Concurrent;

namespace CityMonitor.Simulator.Twilio.Messages;

/// <summary>Every message, newest first, and what follows from them: open WhatsApp windows and people who wrote STOP.</summary>
sealed class MessageBook(TwilioSettings settings, TimeProvider clock)
{
    const int Kept = 5000;

    static readonly string[] StopWords = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
    static readonly string[] StartWords = ["START", "YES", "UNSTOP"];

    readonly Lock gate = new();
    readonly LinkedList<Message> messages = [];
    readonly ConcurrentDictionary<(string Person, string Sender), DateTimeOffset> lastWritten = new();
    readonly ConcurrentDictionary<(string Person, string Sender), bool> optedOut = new();

    public void Add(Message message)
    {
        lock (gate)
        {
            messages.AddFirst(message);
            if (messages.Count > Kept)
            {
                messages.RemoveLast();
            }
        }
    }

    public Message? Find(string sid)
    {
        lock (gate)
        {
            return messages.FirstOrDefault(message => message.Sid == sid);
        }
    }

    public IReadOnlyList<Message> List()
    {
        lock (gate)
        {
            return [.. messages];
        }
    }

    public bool Remove(Message message)
    {
        lock (gate)
        {
            return messages.Remove(message);
        }
    }

    /// <summary>A person has written to us.</summary>
    public void Received(Message message)
    {
        var pair = (message.From, message.To);
        lastWritten[pair] = clock.GetUtcNow();
        var word = message.Body.Trim().ToUpperInvariant();
        if (StopWords.Contains(word))
        {
            optedOut[pair] = true;
        }
        else if (StartWords.Contains(word))
        {
            optedOut.TryRemove(pair, out _);
        }
    }

    public bool HasOptedOut(string person, string sender) => optedOut.ContainsKey((person, sender));

    public bool IsWindowOpen(string person, string sender) =>
        lastWritten.TryGetValue((person, sender), out var at) && clock.GetUtcNow() - at < TimeSpan.FromHours(settings.WhatsAppWindowHours);

    public void Clear()
    {
        lock (gate)
        {
            messages.Clear();
        }

        lastWritten.Clear();
        optedOut.Clear();
    }
}
