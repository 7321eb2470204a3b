namespace CityMonitor.MediaBridge.Playback;

/// <summary>Phrases under way for one conversation. Owns their tasks: none outlives the conversation.</summary>
sealed class LocalSpeech(PhraseBook phrases, string voice, ILogger log) : IAsyncDisposable
{
    readonly CancellationTokenSource stop = new();
    readonly Lock gate = new();
    readonly List<Task> under = [];

    /// <summary>A phrase that needs no fetching.</summary>
    public ReadOnlyMemory<byte>? AtHand(string text) => phrases.AtHand(voice, text);

    /// <summary>Fetches phrases that may be needed at once later on.</summary>
    public void Warm(IReadOnlyList<string> texts)
    {
        lock (gate)
        {
            if (!stop.IsCancellationRequested)
            {
                under.Add(WarmAsync(texts));
            }
        }
    }

    /// <summary>Fetches a phrase and hands its audio over, null where there is none in time. <paramref name="ready"/> takes its own locks.</summary>
    public void Fetch(string text, bool common, TimeSpan deadline, Action<ReadOnlyMemory<byte>?> ready)
    {
        lock (gate)
        {
            if (!stop.IsCancellationRequested)
            {
                under.RemoveAll(task => task.IsCompletedSuccessfully);
                under.Add(FetchAsync(text, common, deadline, ready));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task all;
        lock (gate)
        {
            stop.Cancel();
            all = Task.WhenAll(under);
        }

        await all;
        stop.Dispose();
    }

    async Task WarmAsync(IReadOnlyList<string> texts)
    {
        await Task.Yield();
        try
        {
            await phrases.WarmAsync(voice, texts, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The next conversation does it.
        }
#pragma warning disable CA1031 // Without its phrases a conversation has its earcon.
        catch (Exception error)
#pragma warning restore CA1031
        {
            PhraseLog.Broken(log, error);
        }
    }

    async Task FetchAsync(string text, bool common, TimeSpan deadline, Action<ReadOnlyMemory<byte>?> ready)
    {
        await Task.Yield(); // the caller holds its lock; the phrase may be at hand already
        ReadOnlyMemory<byte>? audio = null;
        try
        {
            audio = await phrases.GetAsync(voice, text, common, deadline, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return; // the conversation is over: nobody is left to hear it
        }
#pragma warning disable CA1031 // Whatever went wrong, whoever waits for the phrase must hear that there is none.
        catch (Exception error)
#pragma warning restore CA1031
        {
            PhraseLog.Broken(log, error);
        }

        ready(audio);
    }
}
