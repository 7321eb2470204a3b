using System.Diagnostics;
using CityMonitor.MediaBridge.Audio;
using CityMonitor.MediaBridge.Playback;
using CityMonitor.MediaBridge.Turns;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>Tools, which AgentWorker runs; what AgentWorker wants said; and what the bridge says with its own voice.</summary>
sealed partial class Conversation
{
    /// <summary>Arguments larger than this are no arguments.</summary>
    const int MaxArgumentsLength = 32 * 1024;

    int phrasesUnderWay;

    /// <summary>What AgentWorker wants told in any case, until it has been heard.</summary>
    readonly List<string> news = [];

    public void ToolCalled(IConversationEngine from, ToolCall call)
    {
        lock (gate)
        {
            if (!IsCurrent(from) || deaf)
            {
                return;
            }

            mute.VendorAlive();
            mute.Answered();
            goOn = false;
            callerAwaitsReaction = false;
            if (call.Arguments.Length > MaxArgumentsLength)
            {
                from.Answer(call.Id, call.Name, """{"error":"The arguments are too large."}""");
                mute.TurnTaken(NowMs);
                return;
            }

            if (tools.AskedBefore(call, from) is { } answered)
            {
                if (answered.Length > 0)
                {
                    from.Answer(call.Id, call.Name, answered);
                    mute.TurnTaken(NowMs);
                }

                return; // it runs already, and this engine gets the answer
            }

            var around = Activity.Current;
            var span = BridgeTelemetry.Source.StartActivity($"execute_tool {call.Name}", ActivityKind.Client);
            Activity.Current = around; // it ends elsewhere; what else the engine's loop does is no part of it
            span?.SetTag("gen_ai.operation.name", "execute_tool").SetTag("gen_ai.tool.name", call.Name).SetTag("gen_ai.tool.call.id", call.Id);
            if (!tools.Add(new PendingTools.Entry(call, from, NowMs, span)))
            {
                span?.Dispose();
                return;
            }

            calls.Publish(new ToolRequested(session.Call, stream, call.Id, call.Name, call.Arguments));
        }
    }

    public void ToolCancelled(IConversationEngine from, string toolCallId)
    {
        lock (gate)
        {
            if (IsCurrent(from) && tools.Take(toolCallId, out var entry))
            {
                entry.Span?.SetStatus(ActivityStatusCode.Error, "cancelled");
                entry.Span?.Dispose();
                calls.Publish(new ToolCancelled(session.Call, stream, toolCallId));
            }
        }
    }

    /// <summary>What AgentWorker says to this call. Must not wait.</summary>
    public void Receive(SpeechMessage message)
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            switch (message)
            {
                case ToolResult result when tools.Take(result.ToolCallId, out var entry):
                    AnswerTool(entry, result.Content, null);
                    break;
                case ToolResult result when tools.TakeLate(result.ToolCallId, out var call):
                    ConversationLog.LateToolResult(log, result.ToolCallId);
                    CorrectTool(call, result.Content);
                    break;
                case ToolResult result when result.Stream < stream && !deaf && !history.Exists(entry => entry is HistoryEntry.ToolUsed used && used.Call.Id == result.ToolCallId):
                    // The bridge before this one asked for it; who asked is gone, but the conversation is the same.
                    history.Add(new HistoryEntry.ToolUsed(new ToolCall(result.ToolCallId, result.Name, "{}"), result.Content));
                    untold = true;
                    break;
                case ToolResult result:
                    ConversationLog.LateToolResult(log, result.ToolCallId);
                    break;
                case Speak piece when !deaf:
                    OnSpeak(piece);
                    break;
                case TurnFinished finished when !deaf:
                    OnFinished(finished);
                    break;
                case StopSpeaking stop when !deaf:
                    OnStopSpeaking(stop);
                    break;
                case SayNews { Text.Length: > 0 } told when !deaf:
                    news.Add(told.Text);
                    SayThroughEngine(told.Text);
                    break;
                case PressKeys press when !deaf:
                    PlayOurselves("", DtmfTones.Of(press.Keys));
                    break;
                case FinishCall finish:
                    var reason = finish.Reason.Length > 0 ? finish.Reason : "finished";
                    EndAfterWords("finished", reason, cancellable: false, graceMs: 1200, boundMs: 15_000);
                    break;
                case SwitchToKeypad:
                    GoToKeypad();
                    break;
                case Messaging.Contracts.LeaveVoicemail:
                    LeaveVoicemail();
                    break;
                default:
                    ConversationLog.Unhandled(log, message.GetType().Name);
                    break;
            }
        }
    }

    void AnswerTool(PendingTools.Entry entry, string content, string? error)
    {
        BridgeTelemetry.ToolRoundTrip.Record(
            (NowMs - entry.AtMs) / 1000, BridgeTelemetry.Tag("gen_ai.tool.name", entry.Call.Name), BridgeTelemetry.Tag("error.type", error));
        entry.Span?.SetStatus(error is null ? ActivityStatusCode.Ok : ActivityStatusCode.Error, error);
        entry.Span?.Dispose();
        history.Add(new HistoryEntry.ToolUsed(entry.Call, content));
        if (error is null)
        {
            tools.Answered(entry, content);
        }

        if (ReferenceEquals(entry.Engine, engine))
        {
            entry.Engine.Answer(entry.AnswerId, entry.Call.Name, content);
            // Who has asked to end the call owes no more words: nothing is missed when none come.
            if (tools.Count == 0 && ending is null)
            {
                mute.TurnTaken(NowMs);
            }
        }
        else
        {
            untold = true;
        }
    }

    /// <summary>Redis has lost its memory, and with it, perhaps, what was asked. The worker runs a tool call once, however often it is asked.</summary>
    public void AskAgain()
    {
        lock (gate)
        {
            foreach (var call in tools.Calls)
            {
                calls.Publish(new ToolRequested(session.Call, stream, call.Id, call.Name, call.Arguments));
            }
        }
    }

    void AnswerOverdueTools(double now)
    {
        foreach (var entry in tools.TakeOverdue(now))
        {
            ConversationLog.ToolTimedOut(log, entry.Call.Name);
            AnswerTool(entry, """{"error":"No answer in time. Tell the responder that this did not work, and go on."}""", "timeout");
        }
    }

    /// <summary>The worker has done it after all: the next engine is told so instead of the failure, and the responder hears it now.</summary>
    void CorrectTool(ToolCall call, string content)
    {
        var told = history.FindIndex(entry => entry is HistoryEntry.ToolUsed used && ReferenceEquals(used.Call, call));
        if (told >= 0)
        {
            history[told] = new HistoryEntry.ToolUsed(call, content);
        }

        // Where the model has asked again, that answer says it.
        if (!deaf && !tools.Runs(call.Name) && LateAnswers.Correction(call, content, session.Tools) is { } correction)
        {
            SayThroughEngine(correction);
        }
    }

    /// <summary>A caller who spoke has had the words in waiting dropped, or cut them off; what is no answer to theirs is told behind the answer.</summary>
    void TellNewsAgain()
    {
        if (news.Count > 0 && TurnTaking is not null && !deaf && ending is null && !SomethingGoesOn)
        {
            news.ForEach(engine!.Say);
        }
    }

    void SayThroughEngine(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        unsaid.Add(text);
        if (engine is not null)
        {
            engine.Say(text);
            ExpectAnswerIfIdle();
        }
    }

    /// <summary>A queued text is due at once only where nobody speaks.</summary>
    void ExpectAnswerIfIdle()
    {
        if (!playout.IsAudible && !detector.IsSpeaking && !agentTurnOpen)
        {
            mute.TurnTaken(NowMs);
        }
    }

    /// <summary>Fetches a phrase of our own voice; <paramref name="ready"/> runs under the lock, not after the end.</summary>
    void SayOurselves(string text, bool common, TimeSpan deadline, Action<ReadOnlyMemory<byte>?> ready)
    {
        phrasesUnderWay++;
        local.Fetch(text, common, deadline, audio =>
        {
            lock (gate)
            {
                phrasesUnderWay--;
                if (!disposed)
                {
                    ready(audio);
                }
            }
        });
    }

    void PlayOurselves(string text, ReadOnlyMemory<byte> audio)
    {
        var engines = playout.TakeBackText();
        playout.Begin(text);
        Play(audio.Span);
        playout.Complete();
        if (engines.Length > 0)
        {
            playout.Begin(engines);
        }

        SavePosition();
    }
}
