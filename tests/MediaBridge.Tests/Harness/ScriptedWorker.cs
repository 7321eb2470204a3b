using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.MediaBridge.Tests.Harness;

/// <summary>AgentWorker as a test wants it: reads the call's messages from the bus and answers turns, piece by piece.</summary>
sealed class ScriptedWorker : IAsyncDisposable
{
    readonly TestBridge bridge;
    readonly CallId call;
    readonly RedisReader reader;
    readonly CancellationTokenSource stop = new();
    readonly Lock gate = new();
    readonly List<Message> received = [];
    readonly Task reading;

    ScriptedWorker(TestBridge bridge, CallId call)
    {
        (this.bridge, this.call) = (bridge, call);
        reader = bridge.Redis.OpenReader();
        reading = ReadAsync();
    }

    /// <summary>What is said to a turn; nothing answers nothing at all.</summary>
    public Func<UserTurn, IReadOnlyList<string>?> Answer { get; set; } = _ => null;

    /// <summary>How long it thinks before it answers.</summary>
    public TimeSpan Think { get; set; }

    /// <summary>No model answers it: it says so as AgentWorker does.</summary>
    public bool HasNoModel { get; set; }

    /// <summary>Looks at each message as soon as it is there, before it is answered.</summary>
    public Func<Message, Task> Looks { get; set; } = _ => Task.CompletedTask;

    public static ScriptedWorker Of(TestBridge bridge, CallId call, Func<UserTurn, IReadOnlyList<string>?> answer) => new(bridge, call) { Answer = answer };

    public IReadOnlyList<Message> Received
    {
        get
        {
            lock (gate)
            {
                return [.. received];
            }
        }
    }

    public IReadOnlyList<UserTurn> Turns => [.. Received.OfType<UserTurn>()];

    /// <summary>Turns whose end was confirmed, in order.</summary>
    public IReadOnlyList<UserTurn> Confirmed
    {
        get
        {
            var all = Received;
            return [.. all.OfType<UserTurn>().Where(turn => turn.Confirmed || all.OfType<TurnConfirmed>().Any(confirmed => (confirmed.Stream, confirmed.Turn) == (turn.Stream, turn.Turn)))];
        }
    }

    public async Task<UserTurn> ConfirmedAsync(int count = 1, TimeSpan? within = null)
    {
        await Eventually.TrueAsync(() => Confirmed.Count >= count, $"turn {count} has come; there are {string.Join(" | ", Received.Select(message => message.ToString()))}", within ?? TimeSpan.FromSeconds(20));
        return Confirmed[count - 1];
    }

    public void Speak(UserTurn turn, params IReadOnlyList<string> pieces)
    {
        for (var i = 0; i < pieces.Count; i++)
        {
            bridge.Tell(new Speak(call, turn.Stream, turn.Turn, i, pieces[i]));
        }

        bridge.Tell(new TurnFinished(call, turn.Stream, turn.Turn, pieces.Count));
    }

    async Task ReadAsync()
    {
        var stream = Keys.AgentPartition(Routes.PartitionOf(call.Root));
        var last = "0-0";
        try
        {
            while (true)
            {
                var reply = await reader.SendAsync(["XREAD", "BLOCK", 1000, "STREAMS", stream, last], stop.Token);
                if (reply.IsNull)
                {
                    continue;
                }

                foreach (var entry in reply.Items[0].Items[1].Items)
                {
                    last = entry.Items[0].Text!;
                    await TakeAsync(entry.Items[1].ToDictionary());
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or RedisException)
        {
            // The test is over.
        }
    }

    async Task TakeAsync(Dictionary<string, RespValue> fields)
    {
        if (!fields.TryGetValue("call", out var of) || of.Text != call.Value || ContractsJson.Default.GetTypeInfo(TypeOf(fields["type"].Text!)) is not { } type)
        {
            return;
        }

        var message = (Message)JsonSerializer.Deserialize(fields["data"].Bytes.Span, type)!;
        await Looks(message);
        lock (gate)
        {
            received.Add(message);
        }

        // In trouble it answers what is certain only: the real one has thrown away by then what was not.
        var late = Think > TimeSpan.Zero || HasNoModel;
        if ((message as UserTurn is { } said && (said.Confirmed || !late) ? said
            : late && message is TurnConfirmed confirmed ? Turns.Last(one => (one.Stream, one.Turn) == (confirmed.Stream, confirmed.Turn)) : null) is not { } turn)
        {
            return;
        }

        if (Think > TimeSpan.Zero)
        {
            await Task.Delay(Think, stop.Token);
        }

        if (HasNoModel)
        {
            Speak(turn, "I am sorry. Please use your keypad instead.");
            bridge.Tell(new SwitchToKeypad(call, "no language model answers"));
        }
        else if (Answer(turn) is { } pieces)
        {
            Speak(turn, pieces);
        }
    }

    static Type TypeOf(string name) => typeof(Message).Assembly.GetType($"{typeof(Message).Namespace}.{name}")!;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await reading;
        await reader.DisposeAsync();
        stop.Dispose();
    }
}
