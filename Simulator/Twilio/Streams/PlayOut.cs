namespace CityMonitor.Simulator.Twilio.Streams;

/// <summary>
/// The audio that an application has sent and the phone has not yet heard, with the marks between. The play head moves by the
/// pacer's clock alone. Thread-safe: the socket's reader fills it, the pacer empties it.
/// </summary>
sealed class PlayOut(long mostBytes)
{
    readonly Lock gate = new();
    readonly LinkedList<Piece> queue = [];
    long buffered;

    public long BufferedBytes
    {
        get
        {
            lock (gate)
            {
                return buffered;
            }
        }
    }

    /// <summary>False when the buffer is full and the audio was dropped.</summary>
    public bool Add(byte[] audio)
    {
        lock (gate)
        {
            if (buffered + audio.Length > mostBytes)
            {
                return false;
            }

            if (audio.Length > 0)
            {
                queue.AddLast(new Piece(audio, null));
                buffered += audio.Length;
            }

            return true;
        }
    }

    /// <summary>True when nothing is queued before the mark, so that it is to be echoed at once.</summary>
    public bool AddMark(string name)
    {
        lock (gate)
        {
            if (queue.Count == 0)
            {
                return true;
            }

            queue.AddLast(new Piece(null, name));
            return false;
        }
    }

    /// <summary>Drops everything. The marks that were still queued are to be echoed, in order.</summary>
    public (long DroppedBytes, IReadOnlyList<string> Marks) Clear()
    {
        lock (gate)
        {
            var marks = queue.Where(piece => piece.Mark is not null).Select(piece => piece.Mark!).ToArray();
            var dropped = buffered;
            queue.Clear();
            buffered = 0;
            return (dropped, marks);
        }
    }

    /// <summary>Moves the play head on. Returns how much of <paramref name="into"/> was filled; marks that the head has now reached
    /// are added to <paramref name="marks"/>.</summary>
    public int Take(Span<byte> into, List<string> marks)
    {
        lock (gate)
        {
            var filled = 0;
            while (queue.First is { Value: var piece })
            {
                if (piece.Mark is { } mark)
                {
                    marks.Add(mark);
                    queue.RemoveFirst();
                    continue;
                }

                if (filled == into.Length)
                {
                    break;
                }

                var count = Math.Min(into.Length - filled, piece.Audio!.Length - piece.Played);
                piece.Audio.AsSpan(piece.Played, count).CopyTo(into[filled..]);
                filled += count;
                buffered -= count;
                piece.Played += count;
                if (piece.Played == piece.Audio.Length)
                {
                    queue.RemoveFirst();
                }
            }

            return filled;
        }
    }

    sealed class Piece(byte[]? audio, string? mark)
    {
        public byte[]? Audio { get; } = audio;

        public string? Mark { get; } = mark;

        public int Played { get; set; }
    }
}
