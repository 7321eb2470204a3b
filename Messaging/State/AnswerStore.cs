using System.Globalization;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.Messaging.State;

/// <summary>
/// The pieces of a call's newest answer. Each is kept in the same commit that sends it to the bridge, under the turn's name and the name of
/// the run that sends: a newer turn, an interruption or a newer run ends the right to send, so no word is sent twice or too late.
/// </summary>
public sealed class AnswerStore(RedisClient redis, MessageBus bus)
{
    const string TurnField = "turn";
    const string RunField = "run";

    public static string NameOf(int stream, int turn) => string.Create(CultureInfo.InvariantCulture, $"{stream}.{turn}");

    /// <summary>A new turn begins: what was sent for an older one is over.</summary>
    public static void Begin(Step step, CallId call, string turn)
    {
        step.Delete(Keys.Answer(call));
        step.SetFields(Keys.Answer(call), new Dictionary<string, RedisArg> { [TurnField] = turn }, CallStore.Life);
    }

    /// <summary>The same pieces are the answer to another turn now; who was sending them has to begin again.</summary>
    public static void Rename(Step step, CallId call, string turn) =>
        step.SetFields(Keys.Answer(call), new Dictionary<string, RedisArg> { [TurnField] = turn, [RunField] = "" }, CallStore.Life);

    /// <summary>Pieces that are sent in the very step that decided them.</summary>
    public static void Keep(Step step, CallId call, IReadOnlyList<string> pieces) =>
        step.SetFields(Keys.Answer(call), pieces.Select((text, i) => (Field: FieldOf(i), Text: text)).ToDictionary(piece => piece.Field, piece => (RedisArg)piece.Text), CallStore.Life);

    /// <summary>Nobody may send for this call until the next turn.</summary>
    public static void End(Step step, CallId call) => step.Delete(Keys.Answer(call));

    /// <summary>What was sent of the newest answer, in order.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(CallId call, CancellationToken ct)
    {
        var fields = (await redis.SendAsync(["HGETALL", Keys.Answer(call)], ct)).ToDictionary();
        var pieces = new List<string>();
        while (fields.TryGetValue(FieldOf(pieces.Count), out var piece))
        {
            pieces.Add(piece.Text!);
        }

        return pieces;
    }

    /// <summary>From now on <paramref name="run"/> alone sends for this turn; null where the turn is not the newest any more, else what was sent before.</summary>
    public async Task<IReadOnlyList<string>?> TakeOverAsync(CallId call, string turn, string run, CancellationToken ct)
    {
        var step = bus.BeginStep();
        step.OnlyWhile(Keys.Answer(call), TurnField, turn);
        step.SetFields(Keys.Answer(call), new Dictionary<string, RedisArg> { [RunField] = run }, CallStore.Life);
        return await bus.TryCommitAsync(step, ct) ? await ReadAsync(call, ct) : null;
    }

    /// <summary>Keeps and sends one piece; false where nobody wants it any more.</summary>
    public Task<bool> SendAsync(Speak piece, string run, CancellationToken ct)
    {
        var step = bus.BeginStep();
        var key = Keys.Answer(piece.Call);
        step.OnlyWhile(key, TurnField, NameOf(piece.Stream, piece.Turn));
        step.OnlyWhile(key, RunField, run);
        step.SetFields(key, new Dictionary<string, RedisArg> { [FieldOf(piece.Index)] = piece.Text }, CallStore.Life);
        step.Publish(piece);
        return bus.TryCommitAsync(step, ct);
    }

    static string FieldOf(int index) => string.Create(CultureInfo.InvariantCulture, $"p{index}");
}
