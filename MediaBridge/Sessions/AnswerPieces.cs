using System.Globalization;
using CityMonitor.Messaging.Contracts;

namespace CityMonitor.MediaBridge.Sessions;

/// <summary>
/// Puts the pieces of the newest turn's answer in order and lets each through once: AgentWorker sends them again after a crash, and all of
/// them once more when a call has moved. As "stream.turn.index" it is the call's field <see cref="Messaging.State.CallFields.Spoken"/>.
/// </summary>
sealed class AnswerPieces
{
    // An answer is some sentences; this many that wait for a missing one are no answer.
    const int MostWaiting = 64;

    readonly Dictionary<int, string> waiting = [];
    (int Stream, int Turn) turn;
    int next;
    int chunks = -1;
    bool over;
    bool resumed;

    /// <summary>Some of it has been taken, and more is to come.</summary>
    public bool IsUnfinished => !over && !resumed && next > 0 && (chunks < 0 || next < chunks);

    /// <summary>What the bridge before this one was waiting for.</summary>
    public static AnswerPieces Resumed(string? field)
    {
        var parts = field?.Split('.') ?? [];
        return parts.Length == 3 && Number(parts[0], out var stream) && Number(parts[1], out var turn) && Number(parts[2], out var next)
            ? new AnswerPieces { turn = (stream, turn), next = next, resumed = true }
            : new AnswerPieces { over = true };
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{turn.Stream}.{turn.Turn}.{next}");

    /// <summary>A newer turn: what still comes of an older one is not heard.</summary>
    public void Begin(int stream, int number)
    {
        (turn, next, chunks, over, resumed) = ((stream, number), 0, -1, false, false);
        waiting.Clear();
    }

    /// <summary>Nothing of this turn is wanted any more.</summary>
    public void Stop(int number)
    {
        if (turn.Turn == number)
        {
            over = true;
            waiting.Clear();
        }
    }

    /// <summary>The pieces that can be spoken now, in order.</summary>
    public IReadOnlyList<string> Take(Speak piece)
    {
        if (over || turn != (piece.Stream, piece.Turn) || piece.Index < next || waiting.Count >= MostWaiting)
        {
            return [];
        }

        waiting.TryAdd(piece.Index, piece.Text);
        var ready = new List<string>();
        while (waiting.Remove(next, out var text))
        {
            ready.Add(text);
            next++;
        }

        return ready;
    }

    public void Finish(TurnFinished finished)
    {
        if (turn == (finished.Stream, finished.Turn))
        {
            chunks = finished.Chunks;
        }
    }

    /// <summary>True once: the last piece has been taken.</summary>
    public bool IsComplete()
    {
        if (over || chunks < 0 || next < chunks)
        {
            return false;
        }

        return over = true;
    }

    public bool Is(StopSpeaking stop) => turn == (stop.Stream, stop.Turn);

    static bool Number(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
