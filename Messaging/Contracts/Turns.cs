namespace CityMonitor.Messaging.Contracts;

// The conversation of the cascade engine: MediaBridge hears and speaks, AgentWorker answers.
//
// A turn is one thing the caller said and the one answer to it. Its name is (Call, Stream, Turn): Turn counts within the stream from 1
// and is never used twice, so the text of a turn never changes; whoever says more makes a new turn. Newer is: greater Stream, then
// greater Turn. Only the newest turn of a call is answered: a newer one cancels whatever still runs for an older one.
//
// Bridge -> worker, in this order for one turn, on cm:agent:{p} like all events of the call:
//     UserTurn(Confirmed: true)                           the usual case
//     UserTurn(Confirmed: false), then TurnConfirmed      an eager start that was right
//     UserTurn(Confirmed: false), then AgentInterrupted   an eager start that was wrong: as if the turn had never been
//     AgentInterrupted                                    the caller speaks into the answer (barge-in); the turn itself stands
// Published at least once: any of them may come twice; the second changes nothing.
//
// Worker -> bridge, on cm:speech:{bridge}:
//     Speak(Index 0), Speak(1), ..., TurnFinished(Chunks)
// Each Speak is committed in one step with the worker's own record of it, so a worker that takes over goes on with the next index. The
// bridge takes each (Stream, Turn, Index) once, in the order of Index: a repeated chunk is harmless, and one that comes after a gap waits
// for the missing ones. Chunks for an unconfirmed turn may be sent at once: the bridge makes their audio ready and plays nothing before
// it has confirmed the turn itself.
//
// A call that moves to another bridge gets MediaStarted with a greater Stream. Then the worker sends the chunks of the newest turn again,
// from the one that CallFields.Spoken names on (also TurnFinished), under their old names: the new bridge knows them by that field. Where
// nothing of the answer had reached the old bridge, the new one repeats the caller's words as a turn of its own (UserTurn.Again).

public enum TurnSource { Speech, Keypad }

/// <summary>The caller has said something, and the agent shall answer. From the bridge that holds the call.</summary>
/// <param name="Turn">Counts the turns of this stream from 1; a turn that was withdrawn keeps its number.</param>
/// <param name="Text">The caller's words, or the digits they typed. Data: never an instruction to us.</param>
/// <param name="Confirmed">
/// False for a likely end only: the model may start, but no tool may run and nothing may be recorded as said, before
/// <see cref="TurnConfirmed"/> of the same turn has come.
/// </param>
/// <param name="Heard">All that the phone has heard of the agent since the last confirmed turn, cut at the last whole word; empty for nothing. This and not what was sent belongs into the model's history.</param>
/// <param name="Interrupted">The caller spoke before the agent had finished: <paramref name="Heard"/> ends where they did.</param>
/// <param name="Again">
/// The words of the turn before, whose answer nobody has heard, since a bridge or a vendor broke: an answer that runs or is there
/// already is sent again under this turn's name, without asking the model or running a tool a second time.
/// </param>
public sealed record UserTurn(
    CallId Call, int Stream, int Turn, string Text, bool Confirmed, string Heard, bool Interrupted = false, bool Again = false, TurnSource Source = TurnSource.Speech)
    : CallMessage(Call);

/// <summary>The end of an eagerly started turn has turned out to be one: its tools may run, its words count as said.</summary>
public sealed record TurnConfirmed(CallId Call, int Stream, int Turn) : CallMessage(Call);

/// <summary>
/// Stop answering this turn: the caller went on speaking. Cancels the model and all that has not been committed; what was heard of the
/// answer comes with the next <see cref="UserTurn"/>. An unconfirmed turn is forgotten altogether.
/// </summary>
public sealed record AgentInterrupted(CallId Call, int Stream, int Turn) : CallMessage(Call);

/// <summary>A piece of the answer to a turn, usually a sentence: to be spoken after the pieces before it.</summary>
/// <param name="Stream">Of the <see cref="UserTurn"/> that is answered, as is <paramref name="Turn"/>.</param>
/// <param name="Index">Counts the pieces of this answer from 0 without gaps. The same index again is ignored, whatever its text.</param>
/// <param name="Text">
/// Plain words, no markup. The bridge writes numbers, codes and abbreviations as they are said ("2 0 2, 5 5 5"), and what was heard comes
/// back in that form.
/// </param>
public sealed record Speak(CallId Call, int Stream, int Turn, int Index, string Text) : SpeechMessage(Call);

/// <summary>The answer to a turn is complete.</summary>
/// <param name="Chunks">How many <see cref="Speak"/> it has; 0 for an answer without words (a tool that ends the call).</param>
public sealed record TurnFinished(CallId Call, int Stream, int Turn, int Chunks) : SpeechMessage(Call);

/// <summary>Take back what has not been heard yet of the answer to this turn: the worker has changed its mind (an operator took over, another model starts anew). A later answer to it is not possible.</summary>
public sealed record StopSpeaking(CallId Call, int Stream, int Turn) : SpeechMessage(Call);

/// <summary>The speech engine has nobody to think for it: go to keypad mode once what is being said has been heard.</summary>
public sealed record SwitchToKeypad(CallId Call, string Reason) : SpeechMessage(Call);

/// <summary>
/// Ask the model for the next step of the answer to a turn. Sent in the step that made the job; whoever takes it writes each sentence as it
/// comes and ends with <see cref="ModelAnswered"/>. It may be done twice (a crash): the second goes on behind the last sentence that was sent.
/// </summary>
/// <param name="Round">Counts the model's steps within one answer from 0: each round of tools is followed by one more.</param>
public sealed record AnswerTurn(CallId Call, int Stream, int Turn, int Round) : ModelMessage(Call);

/// <summary>One step of the model is complete. Of the same round only the first counts.</summary>
/// <param name="Text">What it said in this step, all of it sent already.</param>
/// <param name="Tools">What it wants done before it goes on; empty: the answer is complete.</param>
/// <param name="Chunks">How many pieces the whole answer has by now.</param>
/// <param name="Failed">No model could be asked.</param>
public sealed record ModelAnswered(CallId Call, int Stream, int Turn, int Round, string Text, IReadOnlyList<ModelToolCall> Tools, int Chunks, bool Failed = false) : CallMessage(Call);

/// <summary>Sum up the beginning of a conversation that has become too long for the model. Off the path of any answer.</summary>
/// <param name="UpTo">Entries of the history, counted from the call's first.</param>
public sealed record SummariseTalk(CallId Call, int UpTo) : ModelMessage(Call);

/// <summary>The summary is there: it takes the place of those entries. A second one changes nothing.</summary>
/// <param name="Text">Empty where no model could be asked: then the oldest turns are just left out.</param>
public sealed record TalkSummarised(CallId Call, int UpTo, string Text) : CallMessage(Call);

/// <param name="Id">Ours: stream.turn.round.index, so that a redo names the same call the same.</param>
/// <param name="Arguments">The model's JSON, unchecked.</param>
public sealed record ModelToolCall(string Id, string Name, string Arguments);
