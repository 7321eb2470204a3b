using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using CityMonitor.AgentWorker.Extraction;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;
using OpenAI;
using OpenAI.Chat;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>
/// The language models that a conversation can be thought by. Each is asked by a stream; where the first has no word ready in time the next
/// is asked too, and the first to answer is the one that counts.
/// </summary>
sealed partial class TalkModel(ModelEndpoint endpoint, IOptions<TalkOptions> options, TimeProvider clock, ILogger<TalkModel> log)
{
    readonly ConcurrentDictionary<string, ChatClient> _clients = new(StringComparer.Ordinal);

    public bool IsConfigured => endpoint.Vendor is not null;

    /// <summary>The pieces of one answer as they come.</summary>
    /// <param name="mayBeEmpty">Something was said already: no word and no tool is an answer too.</param>
    /// <exception cref="ModelUnavailableException">No model has answered, or the answer broke off.</exception>
    public async IAsyncEnumerable<StreamingChatCompletionUpdate> StreamAsync(string model, IReadOnlyList<ChatMessage> messages, ChatCompletionOptions how, bool mayBeEmpty, [EnumeratorCancellation] CancellationToken ct)
    {
        var tokens = new TokenCount(messages);
        try
        {
            await using var answer = await OpenAsync(model, messages, how, mayBeEmpty, ct);
            tokens.Add(answer.Current);
            yield return answer.Current;
            while (await answer.MoveAsync(options.Value.BetweenWords, clock, ct))
            {
                tokens.Add(answer.Current);
                yield return answer.Current;
            }
        }
        finally
        {
            VendorUse.Add(Quotas.OpenAITokens, tokens.Total);
        }
    }

    async Task<Attempt> OpenAsync(string model, IReadOnlyList<ChatMessage> messages, ChatCompletionOptions how, bool mayBeEmpty, CancellationToken ct)
    {
        var left = new Queue<string>(options.Value.Fallbacks.Count == 0 ? [model, model] : [model, .. options.Value.Fallbacks]);
        var start = clock.GetTimestamp();
        var errors = new List<string>();
        var running = new List<Task<Attempt>>();
        using var losers = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            while (true)
            {
                if (left.TryDequeue(out var next))
                {
                    running.Add(BeginAsync(next, messages, how, mayBeEmpty, losers.Token));
                }

                var patience = left.Count > 0 ? options.Value.HedgeAfter : options.Value.FirstWord - clock.GetElapsedTime(start);
                if (running.Count == 0 || patience <= TimeSpan.Zero)
                {
                    throw new ModelUnavailableException(errors.Count == 0 ? $"no word within {options.Value.FirstWord.TotalSeconds:0.#} s" : string.Join("; ", errors.Distinct()));
                }

                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct);
                var first = await Task.WhenAny([.. running, Task.Delay(patience, clock, waiting.Token)]);
                await waiting.CancelAsync();
                ct.ThrowIfCancellationRequested();
                if (first is not Task<Attempt> ended)
                {
                    AgentMetrics.Hedged(left.Count > 0 ? "asked" : "given-up");
                    continue;
                }

                running.Remove(ended);
                if (ended.IsCompletedSuccessfully)
                {
                    AgentMetrics.FirstWord(clock.GetElapsedTime(start));
                    return await ended;
                }

                var error = ended.Exception?.InnerException;
                LogFailed(next ?? model, error?.Message ?? "cancelled");
                errors.Add(error?.Message ?? "cancelled");
            }
        }
        finally
        {
            await losers.CancelAsync();
            foreach (var loser in running)
            {
                _ = loser.ContinueWith(static async task => { if (task.IsCompletedSuccessfully) { await (await task).DisposeAsync(); } else { _ = task.Exception; } }, TaskScheduler.Default);
            }
        }
    }

    /// <summary>Returns with the first piece that says something.</summary>
    async Task<Attempt> BeginAsync(string model, IReadOnlyList<ChatMessage> messages, ChatCompletionOptions how, bool mayBeEmpty, CancellationToken losers)
    {
        var attempt = new Attempt();
        // A winner lives on when the losers are cancelled.
        using var until = losers.Register(static state => ((Attempt)state!).Cancel(), attempt);
        try
        {
            attempt.Open(Client(model).CompleteChatStreamingAsync(messages, how, attempt.Token));
            while (await attempt.MoveAsync(options.Value.FirstWord, clock, attempt.Token))
            {
                var update = attempt.Current;
                if (update.ToolCallUpdates.Count > 0 || update.ContentUpdate.Any(part => !string.IsNullOrWhiteSpace(part.Text)) || (mayBeEmpty && update.FinishReason is not null))
                {
                    return attempt;
                }
            }

            throw new ModelUnavailableException("an empty answer");
        }
        catch
        {
            await attempt.DisposeAsync();
            throw;
        }
    }

    ChatClient Client(string model) => _clients.GetOrAdd(model, name => new ChatClient(
        name, new ApiKeyCredential(endpoint.Vendor!["OpenAI:ApiKey"]), new OpenAIClientOptions
        {
            Endpoint = endpoint.Vendor.BaseUrl,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = TimeSpan.FromMinutes(1),
        }));

    /// <summary>One stream of one model.</summary>
    sealed class Attempt : IAsyncDisposable
    {
        readonly CancellationTokenSource _cancel = new();
        IAsyncEnumerator<StreamingChatCompletionUpdate>? _updates;

        public CancellationToken Token => _cancel.Token;

        public StreamingChatCompletionUpdate Current => _updates!.Current;

        public void Open(AsyncCollectionResult<StreamingChatCompletionUpdate> updates) => _updates = updates.GetAsyncEnumerator(Token);

        public void Cancel() => _cancel.Cancel();

        /// <exception cref="ModelUnavailableException">It broke, or nothing came for <paramref name="patience"/>.</exception>
        public async Task<bool> MoveAsync(TimeSpan patience, TimeProvider clock, CancellationToken ct)
        {
            using var silence = new CancellationTokenSource(patience, clock);
            await using var late = silence.Token.UnsafeRegister(static state => ((Attempt)state!).Cancel(), this);
            await using var unwanted = ct.UnsafeRegister(static state => ((Attempt)state!).Cancel(), this);
            try
            {
                return await _updates!.MoveNextAsync();
            }
            catch (Exception error) when (error is ClientResultException or HttpRequestException or IOException or System.Text.Json.JsonException or InvalidOperationException or FormatException or ArgumentException or KeyNotFoundException
                || (error is OperationCanceledException && !ct.IsCancellationRequested))
            {
                throw new ModelUnavailableException(error is OperationCanceledException ? $"silent for {patience.TotalSeconds:0.#} s" : error.Message, error);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _cancel.CancelAsync();
            if (_updates is not null)
            {
                try
                {
                    await _updates.DisposeAsync();
                }
                catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException or ClientResultException)
                {
                    // It is being thrown away.
                }
            }

            _cancel.Dispose();
        }
    }

    [LoggerMessage(4501, LogLevel.Warning, "Model {Model} gave no answer: {Reason}")]
    partial void LogFailed(string model, string reason);
}

/// <summary>A model could not be asked, or broke off.</summary>
sealed class ModelUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
