using CityMonitor.Messaging.Contracts;

namespace CityMonitor.Messaging.State;

/// <summary>Every key in Redis, made in one place. docs/keys.md lists each with its TTL or trimming; a test fails on a key without one.</summary>
public static class Keys
{
    public const string OpenIncidents = "cm:incidents:open";
    /// <summary>Set of the inbound calls that are not over, or whose tickets are not filed.</summary>
    public const string OpenReceptions = "cm:receptions:open";
    public const string Timers = "cm:timers";
    public const string TimerMessages = "cm:timers:messages";

    /// <summary>Milliseconds added to Redis' clock for timers; tests move time with it, nothing else sets it.</summary>
    public const string TimerOffset = "cm:timers:offset";

    /// <summary>Hash: the last epoch of each lease, and the reader of each partition. Only rises, also over a wiped Redis.</summary>
    public const string Epochs = "cm:epochs";

    /// <summary>Sorted set of live agent workers by their last heartbeat (Redis' clock).</summary>
    public const string Workers = "cm:workers";

    public const string DialQueue = "cm:dial";
    public const string Dialling = "cm:dialling";
    public const string LiveCalls = "cm:live";

    /// <summary>Present once Twilio's live calls have been read after a start with an empty Redis; nothing is dialled before.</summary>
    public const string DialPrimed = "cm:dial:primed";

    /// <summary>When the next call may be created (Unix ms): the calls-per-second limit of all replicas.</summary>
    public const string DialPace = "cm:dial:pace";

    /// <summary>Sorted set: messages that are under way at Twilio, by when they were last heard of.</summary>
    public const string MessagesUnderWay = "cm:messages";
    public const string Bridges = "cm:bridges";
    public const string Telephony = "cm:telephony";
    public const string Tickets = "cm:tickets";
    public const string Media = "cm:media";
    public const string Model = "cm:model";
    /// <summary>Stream: calls that are over and shall be written down, and people who shall be forgotten.</summary>
    public const string Records = "cm:records";

    /// <summary>Hash: what was erased of a person who asked for it.</summary>
    public static string Erasure(string request) => $"cm:erase:{request}";

    public const string Audit = "cm:audit";
    public const string Dead = "cm:dead";

    public static string AgentPartition(int partition) => $"cm:agent:{partition}";
    public static string Speech(string bridge) => $"cm:speech:{bridge}";

    /// <summary>Where a key that should be a stream and is not was moved to, so that its stream works again.</summary>
    public static string Quarantine(string key) => $"cm:quarantine:{key}";

    public static string Lease(string name) => $"cm:lease:{name}";
    public static string Incident(IncidentId incident) => $"cm:incident:{incident}";

    /// <summary>An inbound call without an incident: what was asked for and done, JSON; AgentWorker alone writes it.</summary>
    public static string Reception(CallId call) => $"cm:reception:{call}";

    /// <summary>Hash, one writer per field; the names are in <see cref="CallFields"/>.</summary>
    public static string Call(CallId call) => $"cm:call:{call}";

    /// <summary>List of turns as they were spoken and heard.</summary>
    public static string Turns(CallId call) => $"cm:call:{call}:turns";

    /// <summary>List of the call's tool calls and what came of them.</summary>
    public static string ToolCalls(CallId call) => $"cm:call:{call}:tools";

    /// <summary>The conversation as the model is told it and the answer under way, JSON; AgentWorker alone writes it.</summary>
    public static string Talk(CallId call) => $"cm:call:{call}:talk";

    /// <summary>Hash: the pieces of the newest answer as they were sent to the bridge.</summary>
    public static string Answer(CallId call) => $"cm:call:{call}:answer";

    /// <summary>Counter: what was used of a vendor's quota in one window, by all replicas.</summary>
    public static string Quota(string quota, string window) => $"cm:quota:{quota}:{window}";

    public static string CallOfSid(string callSid) => $"cm:sid:{callSid}";
    public static string StreamToken(string token) => $"cm:token:{token}";
    public static string Bridge(string bridge) => $"cm:bridge:{bridge}";
    public static string Greeting(string hash) => $"cm:greeting:{hash}";
    public static string TextMessage(MessageId message) => $"cm:message:{message}";

    /// <summary>Present once an inbound message of Twilio's was taken in (7 days): the same one again counts once.</summary>
    public static string InboundMessage(string sid) => $"cm:inbound:{sid}";

    /// <summary>Present while a responder's WhatsApp window is open (24 h from their last message).</summary>
    public static string WhatsAppWindow(PhoneNumber number) => $"cm:whatsapp:{number}";

    /// <summary>The incident a number was last contacted about: where an inbound message belongs.</summary>
    public static string IncidentOfNumber(PhoneNumber number) => $"cm:number:{number}";

    /// <summary>The incident that was first to report an event (10 min): a second ticket of the same event makes no second call.</summary>
    public static string Event(string hash) => $"cm:event:{hash}";

    /// <summary>The call that is dialled to or live at a number: one at a time.</summary>
    public static string DialNumber(PhoneNumber number) => $"cm:dial:number:{number}";

    /// <summary>Set of the channels on which a person has opted out of our messages (STOP).</summary>
    public static string OptOut(PhoneNumber number) => $"cm:optout:{number}";

    /// <summary>Hash of the ticket poller: how far it has read, and when it last reported every open ticket.</summary>
    public const string Poller = "cm:poller";

    /// <summary>Set of the tickets that were reported and not withdrawn.</summary>
    public const string WatchedTickets = "cm:tickets:watched";

    /// <summary>Sorted set of the tickets with something to do at Freshdesk, by when it may be tried (Redis' clock).</summary>
    public const string TicketsDue = "cm:tickets:due";

    /// <summary>Sorted set: what is to be done for one ticket, in the order of the stream entries that asked for it.</summary>
    public static string TicketWork(long ticketId) => $"cm:tickets:work:{ticketId}";

    /// <summary>What was last reported of a ticket (30 days from the last look).</summary>
    public static string Ticket(long ticketId) => $"cm:ticket:{ticketId}";

    /// <summary>started or done: a write to a ticket that is not made twice (7 days).</summary>
    public static string TicketWrite(string writeId) => $"cm:ticket-write:{writeId}";
}

/// <summary>Fields of cm:call:{id}.</summary>
public static class CallFields
{
    /// <summary>AgentWorker: the <see cref="CallSession"/>.</summary>
    public const string Session = "session";

    /// <summary>AgentWorker: what the call came to, as <see cref="CallSummary"/>; absent while it lasts.</summary>
    public const string Summary = "summary";

    /// <summary>TelephonyApi: queued, dialling, placed, ended.</summary>
    public const string Dial = "dial";

    /// <summary>TelephonyApi: the number that is dialled, and what Twilio said about the end.</summary>
    public const string To = "dial.to";
    public const string EndDetail = "dial.detail";

    /// <summary>TelephonyApi: Twilio's CallSid.</summary>
    public const string Sid = "sid";

    /// <summary>TelephonyApi: traceparent of the PlaceCall, so that the call's stream belongs to its trace.</summary>
    public const string Trace = "dial.trace";

    /// <summary>MediaBridge: number of the stream, raised at each start.</summary>
    public const string Stream = "stream";

    /// <summary>MediaBridge: the bridge that holds the call; empty when none does.</summary>
    public const string Bridge = "bridge";

    /// <summary>MediaBridge: what the agent is saying and how much of it was heard, as JSON; empty between its turns. A new bridge repeats the first unheard sentence.</summary>
    public const string Speaking = "speaking";

    /// <summary>MediaBridge: the next piece of the newest answer it waits for, as stream.turn.index, for example 1.5.3; all before it are in its hands or heard (<see cref="Speak"/>).</summary>
    public const string Spoken = "spoken";

    /// <summary>MediaBridge: when the first stream began, Unix ms; the longest duration counts from here.</summary>
    public const string Began = "began";

    /// <summary>MediaBridge: why the conversation is over, written before it closes the socket; absent when a stream broke. /twilio/continue hangs up when it is set.</summary>
    public const string End = "end";

    /// <summary>Value of <see cref="End"/>: the caller is put through to a person; should nobody answer, the conversation goes on.</summary>
    public const string EndedByTransfer = "transfer";

    /// <summary>MediaBridge: set to keypad after three failures of the speech engine; /twilio/continue then goes to keypad mode.</summary>
    public const string Mode = "mode";
}
