namespace CityMonitor.Messaging.Contracts;

/// <summary>Twilio's facts about a call, from TelephonyApi. Events may arrive twice or out of order; the handler decides by state.</summary>
/// <param name="From">Null for a caller who hides their number.</param>
public sealed record CallReceived(CallId Call, string CallSid, PhoneNumber? From, PhoneNumber To) : CallMessage(Call);

/// <summary>
/// Somebody calls us from the number that was last called about this incident. Its worker decides whether the call is about it or the
/// reception's, and says so with <see cref="AnswerCall"/>.
/// </summary>
public sealed record ResponderCalled(IncidentId Incident, string CallSid, PhoneNumber From, PhoneNumber To) : IncidentMessage(Incident);

/// <summary>A call that came in is this one of ours. The session must already be in the call's state.</summary>
public sealed record AnswerCall(CallId Call, string CallSid, PhoneNumber From) : TelephonyMessage;

/// <summary>An inbound call was put through to a person, or was not.</summary>
/// <param name="Connected">They spoke; false where nobody answered, and the call is the agent's again.</param>
/// <param name="Status">Twilio's DialCallStatus, for example no-answer.</param>
public sealed record TransferEnded(CallId Call, bool Connected, string Status) : CallMessage(Call);

/// <summary>The minute's sweep asks the worker of an inbound call to prove that it is over or will be.</summary>
public sealed record CallSwept(CallId Call) : CallMessage(Call);

public sealed record CallPlaced(CallId Call, string CallSid) : CallMessage(Call);

public sealed record CallRinging(CallId Call) : CallMessage(Call);

public sealed record CallAnswered(CallId Call) : CallMessage(Call);

/// <summary>Who answered, by Twilio's machine detection.</summary>
public enum AnsweredByKind { Human, MachineStart, MachineEnd, Fax, Unknown }

public sealed record AnsweredBy(CallId Call, AnsweredByKind Kind) : CallMessage(Call);

/// <summary>How a call attempt ended at Twilio. Unknown: the create request's answer was lost and no such call was found.</summary>
public enum CallEnd { Completed, Busy, NoAnswer, Failed, Canceled, Unknown }

/// <param name="ErrorCode">Twilio's error code where the call could not be created or failed, for example 21217.</param>
/// <param name="Detail">In words, for the ticket's note.</param>
public sealed record CallEnded(CallId Call, CallEnd End, int? DurationSeconds, int? ErrorCode, string? Detail) : CallMessage(Call);

/// <summary>Digits pressed in keypad mode, or during speech (one at a time).</summary>
/// <param name="InKeypadMode">Asked for by the keypad's menu, with no agent on the line: the digit is an answer. During speech it may be a number being typed.</param>
public sealed record KeypadPressed(CallId Call, string Digits, bool InKeypadMode = false) : CallMessage(Call);

/// <summary>A bridge holds the call's audio. Stream counts the streams of this call from 1; events of an older stream are dropped.</summary>
public sealed record MediaStarted(CallId Call, int Stream, string Bridge) : CallMessage(Call);

/// <param name="Reason">finished | hangup | silence | max-duration | voicemail | engine-failed | error | drain.</param>
public sealed record MediaStopped(CallId Call, int Stream, string Reason) : CallMessage(Call);

/// <summary>The conversation wants a tool run. Arguments are the model's JSON, not yet validated.</summary>
public sealed record ToolRequested(CallId Call, int Stream, string ToolCallId, string Name, string Arguments) : CallMessage(Call);

public sealed record ToolCancelled(CallId Call, int Stream, string ToolCallId) : CallMessage(Call);

/// <summary>Dial this number once. The session must already be in the call's state.</summary>
/// <param name="RingSeconds">How long it may ring, default 60.</param>
/// <param name="MaxSeconds">Longest conversation, default 900; Twilio's TimeLimit is 60 s above it.</param>
public sealed record PlaceCall(CallId Call, PhoneNumber To, Priority Priority, int RingSeconds = 60, int MaxSeconds = 900) : TelephonyMessage;

/// <summary>Cancel a call that is queued or ringing, hang up one that is live.</summary>
public sealed record EndCall(CallId Call, string Reason) : TelephonyMessage;

/// <summary>Synthesise the greeting while the phone rings and keep it under its hash, for whichever bridge gets the call.</summary>
public sealed record PrepareGreeting(CallId Call) : MediaMessage;

/// <summary>The answer to a <see cref="ToolRequested"/>.</summary>
/// <param name="Content">JSON or text for the model.</param>
public sealed record ToolResult(CallId Call, int Stream, string ToolCallId, string Name, string Content) : SpeechMessage(Call);

/// <summary>News for the conversation, spoken when the agent is next free.</summary>
public sealed record SayNews(CallId Call, string Text) : SpeechMessage(Call);

/// <summary>A machine answered and its beep is over: say the call-back text and nothing else, then end the call.</summary>
public sealed record LeaveVoicemail(CallId Call) : SpeechMessage(Call);

/// <summary>Press keys for the other side to hear: a menu asks for one.</summary>
/// <param name="Keys">0 to 9, * and #.</param>
public sealed record PressKeys(CallId Call, string Keys) : SpeechMessage(Call);

/// <summary>End the call after the last word has been heard.</summary>
public sealed record FinishCall(CallId Call, string Reason) : SpeechMessage(Call);
