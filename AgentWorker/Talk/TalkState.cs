using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>A call's conversation as the model is told it, and the answer under way: JSON in cm:call:{id}:talk, written in the steps of the call's partition only.</summary>
sealed record TalkState
{
    /// <summary>What was said and done before the newest turn, oldest first. The agent's words are those that were heard.</summary>
    public IReadOnlyList<TalkEntry> History { get => field ?? []; init; }

    /// <summary>What was said and done before <see cref="History"/>, in a few sentences; empty while all of it is there.</summary>
    public string Summary { get; init; } = "";

    /// <summary>Entries that the summary stands for.</summary>
    public int Summarised { get; init; }

    /// <summary>A summary up to this entry, counted from the call's first, was asked for.</summary>
    public int SummaryUpTo { get; init; }

    /// <summary>The newest turn and its answer; null before the first, and after one that was withdrawn.</summary>
    public AnswerJob? Job { get; init; }
}

enum TalkRole { Caller, Agent, ToolCalls, ToolResult }

/// <param name="Text">Words, or a tool's result.</param>
/// <param name="Calls">Of <see cref="TalkRole.ToolCalls"/>.</param>
/// <param name="ToolCallId">Of <see cref="TalkRole.ToolResult"/>.</param>
sealed record TalkEntry(TalkRole Role, string Text, IReadOnlyList<ModelToolCall>? Calls = null, string? ToolCallId = null);

/// <summary>One turn of the caller and how far its answer has come.</summary>
/// <param name="Said">The caller's words.</param>
/// <param name="Heard">What the phone had heard of the agent before them.</param>
sealed record AnswerJob(int Stream, int Turn, string Said, string Heard, bool Confirmed)
{
    /// <summary>The model's step that runs, or will run once <see cref="Awaited"/> is empty.</summary>
    public int Round { get; init; }

    /// <summary>What came of the rounds before: words, tool calls, results.</summary>
    public IReadOnlyList<TalkEntry> Steps { get => field ?? []; init; }

    /// <summary>Tool calls whose result is not there yet. They run when the turn is confirmed.</summary>
    public IReadOnlyList<ModelToolCall> Awaited { get => field ?? []; init; }

    /// <summary>The awaited ones have been handed on to be run.</summary>
    public bool ToolsRun { get; init; }

    /// <summary>Names of the tools that the model may use in this round.</summary>
    public IReadOnlyList<string> Offered { get => field ?? []; init; }

    /// <summary>Pieces of the answer that belong to earlier rounds.</summary>
    public int FirstPiece { get; init; }

    /// <summary>All of the answer has been sent: this many pieces. Null while it runs.</summary>
    public int? Finished { get; init; }

    /// <summary>The caller spoke into it: nothing more is sent.</summary>
    public bool Interrupted { get; init; }

    /// <summary>A machine's words: no model is asked.</summary>
    public bool Held { get; init; }

    public string Name => AnswerStore.NameOf(Stream, Turn);

    public bool Is(int stream, int turn) => Stream == stream && Turn == turn;

    public bool IsOlderThan(int stream, int turn) => stream > Stream || (stream == Stream && turn > Turn);
}

/// <summary>Ids of the tool calls of a talk: stream.turn.round.index, so that a redo names the same call the same.</summary>
static class TalkIds
{
    public static string ToolCall(AnswerTurn m, int index) => string.Create(CultureInfo.InvariantCulture, $"{m.Stream}.{m.Turn}.{m.Round}.{index}");

    /// <summary>A vendor's own ids look otherwise.</summary>
    public static bool IsOurs(string toolCallId) =>
        toolCallId.Split('.') is { Length: 4 } parts && parts.All(part => part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit));
}
