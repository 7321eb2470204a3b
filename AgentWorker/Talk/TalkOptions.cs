using CityMonitor.ServiceDefaults;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>Section Talk: the language model's part in a conversation of the cascade engine. ApiKey and BaseUrl are the vendor's (section OpenAI).</summary>
sealed class TalkOptions : ICheckedOptions
{
    public const string Section = "Talk";

    /// <summary>Models that stand in, in this order, where the flow's own does not answer in time; default none, then the flow's own is asked a second time.</summary>
    public IList<string> Fallbacks { get; } = [];

    /// <summary>After this long without a first word the next model is asked too, and the first to answer counts; default 1.2 s.</summary>
    public TimeSpan HedgeAfter { get; set; } = TimeSpan.FromSeconds(1.2);

    /// <summary>Longest wait for the first word of any of them; default 5 s. The bridge fills the time.</summary>
    public TimeSpan FirstWord { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait between two pieces of a streamed answer; default 3 s.</summary>
    public TimeSpan BetweenWords { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Steps of the model in one answer: each round of tools is followed by one more. In the last one it has no tools. Default 5.</summary>
    public int Rounds { get; set; } = 5;

    /// <summary>Longest answer of one step in tokens; default 400.</summary>
    public int MostTokens { get; set; } = 400;

    /// <summary>How much of the conversation the model is told, in characters; beyond three quarters of it the older half is summed up. Default 24,000, some 6,000 tokens.</summary>
    public int HistoryLength { get; set; } = 24_000;

    /// <summary>Conversations that one process thinks for at once; default 200.</summary>
    public int Concurrency { get; set; } = 200;

    /// <summary>Said when no model answers, before keypad mode.</summary>
    public string Apology { get; set; } = "I am sorry, I cannot think clearly right now. Please use your keypad instead.";

    public IEnumerable<string> Problems()
    {
        foreach (var (value, name, example) in new[] { (HedgeAfter, nameof(HedgeAfter), "00:00:01.2"), (FirstWord, nameof(FirstWord), "00:00:05"), (BetweenWords, nameof(BetweenWords), "00:00:03") })
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromMinutes(1))
            {
                yield return $"Talk:{name} must be more than 0 and at most 1 minute, for example {example}.";
            }
        }

        if (Rounds is < 1 or > 20)
        {
            yield return "Talk:Rounds must be 1 to 20, for example 5.";
        }

        if (MostTokens is < 20 or > 4000)
        {
            yield return "Talk:MostTokens must be 20 to 4000, for example 400.";
        }

        if (HistoryLength is < 1000 or > 1_000_000)
        {
            yield return "Talk:HistoryLength must be 1000 to 1000000 characters, for example 24000.";
        }

        if (Concurrency is < 1 or > 10_000)
        {
            yield return "Talk:Concurrency must be 1 to 10000, for example 200.";
        }

        if (string.IsNullOrWhiteSpace(Apology))
        {
            yield return "Talk:Apology must be a sentence, for example \"I am sorry, please use your keypad.\".";
        }

        if (Fallbacks.Any(string.IsNullOrWhiteSpace))
        {
            yield return "Talk:Fallbacks must name models, for example Talk__Fallbacks__0=gpt-4o-mini.";
        }
    }
}
