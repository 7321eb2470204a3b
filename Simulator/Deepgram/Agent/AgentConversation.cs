using CityMonitor.Simulator.Minds;
using CityMonitor.Simulator.Sockets;

namespace CityMonitor.Simulator.Deepgram;

/// <summary>
/// Who speaks when: turns, guesses, function calls, barge-in. All methods are called from the session's one loop, so there
/// are no locks here; <paramref name="later"/> runs an action on that loop after a while.
/// </summary>
sealed partial class AgentConversation(
    VendorSocket socket, AgentVoice voice, DeepgramOptions options, AgentSettings settings, Mind mind, Timeline timeline, string requestId,
    Action<TimeSpan, Action> later, Action<MindAct.Complain> complain)
{

    readonly Queue<string> waitingTurns = [];
    readonly Queue<string> injected = [];
    MindState state = mind.Begin(settings.Prompt, settings.Context);
    MindState? beforeTurn;
    MindPlan? plan;

    string unanswered = "";
    bool userSpeaking, heldBack;
    int turn;

    bool Busy => userSpeaking || plan is not null || pending.Count > 0 || unanswered.Length > 0 || voice.IsSpeaking;

    public IReadOnlyDictionary<string, MindTool> Functions { get; private set; } = settings.Functions;

    public void Begin()
    {
        if (settings.Greeting is { Length: > 0 } greeting)
        {
            state = mind.Recall(state, new MindMessage("assistant", greeting, []));
            voice.Say(greeting, TimeSpan.Zero);
        }
        else if (settings.Context.Count == 0 && mind.OnStart(state) is { } start)
        {
            (state, plan) = start;
            Continue();
        }
    }

    public void Think(ThinkSettings think, Mind next)
    {
        mind = next;
        Functions = think.ByName;
        UsePrompt(think.Prompt);
    }

    public void UsePrompt(string prompt) => state = mind.ReadPrompt(state, prompt);

    public void UserStarted()
    {
        userSpeaking = true;
        turn++;
        afterSpeech = null;
        voice.Stop();
        socket.Send(AgentMessages.UserStartedSpeaking);
        var withdrawn = pending.FindAll(c => !c.Deferred);
        if (withdrawn.Count > 0)
        {
            Cancel(withdrawn);
            pending.RemoveAll(c => !c.Deferred);
            state = beforeTurn ?? state;
        }

        if (pending.Count == 0)
        {
            plan = null;
        }
    }

    public void UserEnded(string text)
    {
        userSpeaking = false;
        if (text.Length == 0)
        {
            // Noise. What was held back for it goes on.
            UserResumed();
            Resume();
            return;
        }

        Heard(text);
        text = Together(text);
        if (guess is { } guessed && guessed.Text == text)
        {
            guess = null;
            unanswered = "";
            beforeTurn = state;
            (state, plan, pending) = (guessed.State, guessed.Rest, guessed.Calls);
            FinishCalls();
            return;
        }

        UserResumed();
        if (pending.Count > 0 || heldBack)
        {
            waitingTurns.Enqueue(text);
            Resume();
            return;
        }

        Consider(text);
    }

    public void UserWrote(string text)
    {
        voice.Stop();
        turn++;
        afterSpeech = null;
        Heard(text);
        if (pending.Count > 0)
        {
            waitingTurns.Enqueue(text);
            return;
        }

        plan = null;
        Consider(Together(text));
    }

    public void Inject(string message, string behavior)
    {
        if (behavior == "interrupt")
        {
            voice.Stop();
            afterSpeech = null;
            plan = pending.Count > 0 ? plan : null;
            SayInjected(message);
        }
        else if (!Busy)
        {
            SayInjected(message);
        }
        else if (behavior == "queue")
        {
            injected.Enqueue(message);
        }
        else
        {
            socket.Send(AgentMessages.InjectionRefused(
                userSpeaking ? "Injection refused: the user is speaking." : "Injection refused: the agent is in the middle of a turn."));
        }
    }

    /// <summary>Everything that was to be said has been sent.</summary>
    public void WentQuiet()
    {
        if (afterSpeech is { } call && !voice.IsSpeaking)
        {
            afterSpeech = null;
            pending = Pending(call);
            Ask(pending);
        }
        else if (!Busy && injected.TryDequeue(out var message))
        {
            SayInjected(message);
        }
    }

    void SayInjected(string message)
    {
        state = mind.Recall(state, new MindMessage("assistant", message, []));
        voice.Say(message, TimeSpan.Zero);
    }

    void Heard(string text)
    {
        timeline.Add("agent.heard", requestId, new() { ["text"] = text });
        socket.Send(AgentMessages.ConversationText("user", text));
        if (settings.History)
        {
            socket.Send(AgentMessages.History("user", text));
        }
    }

    // What was said before, and is not yet answered, belongs to what is said now.
    string Together(string text) => $"{unanswered} {text}".Trim();

    void Consider(string text)
    {
        unanswered = text;
        socket.Send(AgentMessages.AgentThinking($"The caller said: {text}"));
        Later(options.ThinkTime, () =>
        {
            unanswered = "";
            beforeTurn = state;
            if (mind.OnUser(state, text) is { } reaction)
            {
                (state, plan) = reaction;
            }

            Continue();
        });
    }

    void Continue()
    {
        if (userSpeaking)
        {
            heldBack = true;
            return;
        }

        while (plan is not null)
        {
            if (mind.Next(state, plan) is not { } next)
            {
                plan = null;
                break;
            }

            (state, plan) = (next.State, next.Left);
            switch (next.Act)
            {
                case MindAct.Say say:
                    voice.Say(say.Text, options.ThinkTime);
                    break;
                case MindAct.Wait wait:
                    Later(wait.Length, Continue);
                    return;
                case MindAct.Complain complaint:
                    complain(complaint);
                    break;
                case MindAct.Call call when voice.IsSpeaking:
                    // Who interrupts a goodbye is not hung up on: what follows spoken words waits for them.
                    afterSpeech = call;
                    return;
                case MindAct.Call call:
                    pending = Pending(call);
                    Ask(pending);
                    return;
            }
        }

        if (waitingTurns.TryDequeue(out var text))
        {
            Consider(text);
        }
        else
        {
            WentQuiet();
        }
    }

    void Resume()
    {
        if (heldBack)
        {
            heldBack = false;
            Continue();
        }
        else
        {
            WentQuiet();
        }
    }

    // Dropped when the caller speaks in the meantime.
    void Later(TimeSpan wait, Action action)
    {
        var then = turn;
        later(wait, () =>
        {
            if (then == turn)
            {
                action();
            }
        });
    }
}
