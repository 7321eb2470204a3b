using OpenAI.Chat;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>Tokens of one answer: as the model counts them at its end, else estimated, since what is broken off is billed too.</summary>
sealed class TokenCount(IReadOnlyList<ChatMessage> question)
{
    const int CharactersOfToken = 4;

    int? _told;
    int _characters;

    public int Total => _told ?? ((_characters + question.Sum(message => message.Content.Sum(part => part.Text?.Length ?? 0))) / CharactersOfToken);

    public void Add(StreamingChatCompletionUpdate update)
    {
        _told = update.Usage?.TotalTokenCount ?? _told;
        foreach (var part in update.ContentUpdate)
        {
            _characters += part.Text?.Length ?? 0;
        }
    }
}
