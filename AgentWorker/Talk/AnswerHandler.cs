using System.Diagnostics;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.ServiceDefaults;
using Microsoft.Extensions.Options;
using OpenAI.Chat;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>
/// One step of a model in one answer: each sentence is sent as soon as it is whole, the end is reported to the call's partition, which alone
/// decides what follows. Whoever does a step that another process left goes on behind the last sentence that was sent.
/// </summary>
sealed partial class AnswerHandler(TalkStore talks, AnswerStore answers, CallStore calls, TalkModel model, TalkSummary summaries, IOptions<TalkOptions> options, TimeProvider clock, ILogger<AnswerHandler> log) : IMessageHandler
{
    /// <summary>A stream that breaks off in the middle is asked to go on this often.</summary>
    const int MostBreaks = 2;

    public async ValueTask<Handled> HandleAsync(Delivery delivery, Step step, CancellationToken ct)
    {
        if (delivery.Message is SummariseTalk summary)
        {
            await summaries.WriteAsync(summary, step, ct);
            return Handled.Done;
        }

        if (delivery.Message is not AnswerTurn m)
        {
            return Handled.Dead($"{delivery.Message.GetType().Name} is nothing to answer.");
        }

        var state = await talks.ReadAsync(m.Call, ct);
        if (state?.Job is not { Interrupted: false, Finished: null, Awaited.Count: 0 } job || !job.Is(m.Stream, m.Turn) || job.Round != m.Round)
        {
            return Handled.Done;
        }

        if (await calls.ReadSessionAsync(m.Call, ct) is not { } session)
        {
            LogNoSession(m.Call);
            step.Publish(new ModelAnswered(m.Call, m.Stream, m.Turn, m.Round, "", [], job.FirstPiece, Failed: true));
            return Handled.Done;
        }

        var run = Guid.NewGuid().ToString("N");
        if (await answers.TakeOverAsync(m.Call, job.Name, run, ct) is not { } pieces)
        {
            return Handled.Done;
        }

        var answer = new Answer(m, run, answers, [.. pieces.Skip(job.FirstPiece)], job.FirstPiece);
        var start = clock.GetTimestamp();
        var isWhole = await ThinkAsync(session, state, job, answer, ct);
        if (answer.IsUnwanted)
        {
            AgentMetrics.ModelAnswered("interrupted", clock.GetElapsedTime(start));
            return Handled.Done;
        }

        AgentMetrics.ModelAnswered(isWhole ? "ok" : "failed", clock.GetElapsedTime(start));
        step.Publish(new ModelAnswered(m.Call, m.Stream, m.Turn, m.Round, answer.Text, answer.Tools, answer.Count, Failed: !isWhole));
        return Handled.Done;
    }

    /// <summary>False where no model could be brought to finish the step.</summary>
    async Task<bool> ThinkAsync(CallSession session, TalkState state, AnswerJob job, Answer answer, CancellationToken ct)
    {
        if (!model.IsConfigured)
        {
            LogNoModel();
            return false;
        }

        using var span = CallTrace.Source.StartActivity($"chat {session.Model}", ActivityKind.Client);
        span?.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.request.model", session.Model).SetTag("gen_ai.conversation.id", session.Call.Value);
        for (var breaks = 0; ; breaks++)
        {
            try
            {
                var messages = TalkPrompt.Build(session, state, job, answer.Spoken, options.Value.HistoryLength);
                answer.BeginStream();
                await foreach (var update in model.StreamAsync(ModelOf(session), messages, How(session, job), mayBeEmpty: answer.Count > 0, ct))
                {
                    if (!await answer.AddAsync(update, ct))
                    {
                        return false;
                    }
                }

                return await answer.EndAsync(ct) || answer.IsUnwanted;
            }
            catch (ModelUnavailableException error) when (breaks < MostBreaks && answer.HasBegun)
            {
                LogBroke(error.Message);
                span?.AddEvent(new ActivityEvent("model.broke"));
            }
            catch (ModelUnavailableException error)
            {
                LogGivenUp(error, session.Call);
                span?.SetStatus(ActivityStatusCode.Error, error.Message);
                return false;
            }
        }
    }

    /// <summary>A session may name the vendor before the model, as Deepgram's agent wants it.</summary>
    internal static string ModelOf(CallSession session) => session.Model[(session.Model.IndexOf('/', StringComparison.Ordinal) + 1)..];

    ChatCompletionOptions How(CallSession session, AnswerJob job)
    {
        var how = new ChatCompletionOptions { MaxOutputTokenCount = options.Value.MostTokens };
        foreach (var tool in session.Tools.Where(tool => job.Offered.Contains(tool.Name)))
        {
            how.Tools.Add(ChatTool.CreateFunctionTool(tool.Name, tool.Description, BinaryData.FromString(tool.Parameters.GetRawText())));
        }

        return how;
    }

    [LoggerMessage(4511, LogLevel.Warning, "The call {Call} has no session: its caller gets the keypad")]
    partial void LogNoSession(CallId call);

    [LoggerMessage(4512, LogLevel.Warning, "No model is configured (OpenAI:ApiKey): a conversation of the cascade engine goes to the keypad")]
    partial void LogNoModel();

    [LoggerMessage(4513, LogLevel.Information, "The model's answer broke off: {Reason}; it is asked to go on")]
    partial void LogBroke(string reason);

    [LoggerMessage(4514, LogLevel.Error, "No model answers the call {Call}")]
    partial void LogGivenUp(Exception error, CallId call);
}
