using System.Text;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using OpenAI.Chat;

namespace CityMonitor.AgentWorker.Talk;

/// <summary>What comes of one step of the model: pieces that are sent as they come, and tool calls that wait for the end.</summary>
/// <param name="spoken">What another run had sent of this step.</param>
/// <param name="first">Index of the step's first piece in the whole answer.</param>
sealed class Answer(AnswerTurn turn, string run, AnswerStore answers, List<string> spoken, int first)
{
    const int MostTools = 8;

    readonly SortedDictionary<int, (StringBuilder Name, StringBuilder Arguments)> _tools = [];
    SentenceCutter _cutter = new();
    Queue<string> _known = [];
    bool _heard;

    public IReadOnlyList<string> Spoken => spoken;

    public string Text => string.Join(' ', spoken);

    /// <summary>Pieces of the whole answer so far.</summary>
    public int Count => first + spoken.Count;

    /// <summary>The caller has gone on, or another run has taken over: whatever comes is for nobody.</summary>
    public bool IsUnwanted { get; private set; }

    /// <summary>The model has said or asked something in this step.</summary>
    public bool HasBegun => _heard || spoken.Count > 0 || _tools.Count > 0;

    public IReadOnlyList<ModelToolCall> Tools =>
        [.. _tools.Values.Take(MostTools).Where(tool => tool.Name.Length > 0).Select((tool, i) => new ModelToolCall(TalkIds.ToolCall(turn, i), tool.Name.ToString(), tool.Arguments.Length > 0 ? tool.Arguments.ToString() : "{}"))];

    /// <summary>A stream from its beginning; it may say again what has been sent.</summary>
    public void BeginStream()
    {
        _cutter = new SentenceCutter();
        _known = new Queue<string>(spoken);
        _tools.Clear();
        _heard = false;
    }

    /// <summary>False where nobody wants it any more.</summary>
    public async ValueTask<bool> AddAsync(StreamingChatCompletionUpdate update, CancellationToken ct)
    {
        foreach (var tool in update.ToolCallUpdates)
        {
            if (!_tools.TryGetValue(tool.Index, out var call))
            {
                _tools[tool.Index] = call = (new StringBuilder(), new StringBuilder());
            }

            call.Name.Append(tool.FunctionName);
            call.Arguments.Append(tool.FunctionArgumentsUpdate?.ToString());
        }

        foreach (var part in update.ContentUpdate)
        {
            _heard |= part.Text is { Length: > 0 };
            foreach (var piece in _cutter.Add(part.Text ?? ""))
            {
                if (!await SendAsync(piece, ct))
                {
                    return false;
                }
            }
        }

        return true;
    }

    public async ValueTask<bool> EndAsync(CancellationToken ct) => _cutter.End() is not { } piece || await SendAsync(piece, ct);

    async ValueTask<bool> SendAsync(string piece, CancellationToken ct)
    {
        // A model that was asked to go on and begins again all the same: what it repeats has been said.
        if (_known.TryPeek(out var known) && Same(known, piece))
        {
            _known.Dequeue();
            return true;
        }

        _known.Clear();
        IsUnwanted = !await answers.SendAsync(new Speak(turn.Call, turn.Stream, turn.Turn, Count, piece), run, ct);
        if (!IsUnwanted)
        {
            spoken.Add(piece);
        }

        return !IsUnwanted;
    }

    static bool Same(string a, string b) => Letters(a).SequenceEqual(Letters(b));

    static IEnumerable<char> Letters(string text) => text.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant);
}
