using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>One message on its way through a call's conversation: the state, what was read for it, and the effects that were decided so far.</summary>
/// <param name="pieces">What was sent of the newest answer.</param>
/// <param name="awaitedPiece">The piece that the call's new bridge waits for, as stream.turn.index; null where no bridge has noted any.</param>
sealed class TalkStep(CallId call, TalkState state, TalkOptions options, IReadOnlyList<string> pieces, string? awaitedPiece)
{
    readonly List<Message> _messages = [];
    readonly List<Action<Step>> _answer = [];

    public CallId Call => call;
    public TalkState State { get; set; } = state;
    public TalkOptions Options => options;
    public IReadOnlyList<string> Pieces => pieces;
    public string? AwaitedPiece => awaitedPiece;

    /// <summary>Names of the tools that the call's stage allows.</summary>
    public IReadOnlyList<string> Offered { get; set; } = [];

    /// <summary>Said when no model answers; what follows is another thing in each kind of call.</summary>
    public string Apology { get; set; } = options.Apology;

    /// <summary>Tools to be run now, in this order, by whoever knows the call's business.</summary>
    public List<ToolRequested> Tools { get; } = [];

    public AnswerJob? Job
    {
        get => State.Job;
        set => State = State with { Job = value };
    }

    public IReadOnlyList<Message> Published => _messages;

    public void Publish(Message message) => _messages.Add(message);

    public void BeginAnswer(string turn) => _answer.Add(step => AnswerStore.Begin(step, call, turn));

    public void KeepAnswer(IReadOnlyList<string> pieces) => _answer.Add(step => AnswerStore.Keep(step, call, pieces));

    public void RenameAnswer(string turn) => _answer.Add(step => AnswerStore.Rename(step, call, turn));

    public void EndAnswer() => _answer.Add(step => AnswerStore.End(step, call));

    public void Apply(Step step)
    {
        step.Set(Keys.Talk(call), State, AgentJson.Default.TalkState, CallStore.Life);
        foreach (var change in _answer)
        {
            change(step);
        }

        foreach (var message in _messages)
        {
            step.Publish(message);
        }
    }
}
