using System.Text.Json;
using System.Text.Json.Nodes;
using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using Microsoft.Extensions.Options;

namespace CityMonitor.AgentWorker.Transcripts;

/// <summary>
/// Erases a person: one pass over what is kept, again and again until a pass finds nothing. What is under way waits for its end and keeps
/// its place. A person's STOP stays, as the law wants it. The ticket system is not ours to erase.
/// </summary>
sealed partial class Erasure(RedisClient redis, MessageBus bus, ErasureStore reports, CallErasure calls, TranscriptFiles files, IOptions<TranscriptOptions> options, TimeProvider clock, ILogger<Erasure> log)
{
    static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan s_waiting = TimeSpan.FromSeconds(15);

    public async Task<Handled> EraseAsync(EraseSubject m, DateTimeOffset asked, Step step, CancellationToken ct)
    {
        try
        {
            return await PassAsync(m, asked, step, ct);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The disk takes nothing now: what is erased is erased, the rest comes with the next pass.
            LogWaits(error, m.Request);
            await reports.WriteAsync(m.Request, ErasureStore.Waiting, 1, ct);
            return Handled.Retry(Later(asked));
        }
    }

    async Task<Handled> PassAsync(EraseSubject m, DateTimeOffset asked, Step step, CancellationToken ct)
    {
        var pass = new ErasurePass(m.Request, new Subject(m.Number), reports);
        await foreach (var key in KeysAsync(Keys.Incident(default), ct))
        {
            await IncidentAsync(pass, key, ct);
        }

        await foreach (var key in KeysAsync(Keys.Reception(default), ct))
        {
            await ReceptionAsync(pass, key, ct);
        }

        await calls.EraseAsync(pass, ct);
        await TranscriptsAsync(pass, ct);
        await AuditAsync(pass, ct);
        await redis.SendAsync(["DEL", Keys.WhatsAppWindow(m.Number), Keys.IncidentOfNumber(m.Number)], ct);

        await reports.WriteAsync(m.Request, pass.IsClean ? ErasureStore.Done : ErasureStore.Waiting, pass.Waiting, ct);
        if (!pass.IsClean)
        {
            return Handled.Retry(pass.Found > 0 ? s_again : Later(asked));
        }

        var report = await reports.ReadAsync(m.Request, ct);
        LogErased(m.Request, report!.Transcripts, report.Calls, report.Incidents, report.Messages, report.Events);
        step.Publish(new AuditEntry(
            "AgentWorker", "subject.erased", $"erasure-{m.Request}", null,
            $"A person was erased at their request: {report.Transcripts} transcripts, {report.Calls} calls, {report.Incidents} incidents, {report.Messages} messages, {report.Events} events."));
        return Handled.Done;
    }

    /// <summary>A pass looks at every record there is, so what lasts is looked at ever more rarely.</summary>
    TimeSpan Later(DateTimeOffset asked) => new(Math.Clamp((clock.GetUtcNow() - asked).Ticks, s_waiting.Ticks, Math.Max(s_waiting.Ticks, options.Value.LongestWait.Ticks)));

    /// <summary>Incidents are their workers' to write; the next pass sees that they have.</summary>
    async Task IncidentAsync(ErasurePass pass, string key, CancellationToken ct)
    {
        if ((await redis.SendAsync(["GET", key], ct)).Text is not { } json || !pass.Subject.IsIn(json) || Read(json) is not { } state)
        {
            return;
        }

        if (Forgetting.IsUnderWay(state))
        {
            pass.Waiting++;
            return;
        }

        if (state.Responder?.Name is { Length: > 2 } name)
        {
            pass.Names.Add(name);
        }

        await bus.PublishAsync(new EraseFromIncident(state.Id, pass.Subject.Number), ct);
        await pass.CountAsync(ErasureStore.Incident, state.Id.Value, ct);
    }

    /// <summary>A call that came in and is dealt with; its record and its ticket are what stays of it.</summary>
    async Task ReceptionAsync(ErasurePass pass, string key, CancellationToken ct)
    {
        if ((await redis.SendAsync(["GET", key], ct)).Text is not { } json || !pass.Subject.IsIn(json))
        {
            return;
        }

        var call = key[(key.LastIndexOf(':') + 1)..];
        if ((await redis.SendAsync(["SISMEMBER", Keys.OpenReceptions, call], ct)).Number == 1)
        {
            pass.Hold(call);
            return;
        }

        if (JsonNode.Parse(json)?["caller"]?["name"]?.GetValue<string>() is { Length: > 2 } name)
        {
            pass.Names.Add(name);
        }

        pass.Calls.Add(call);
        await redis.SendAsync(["DEL", key], ct);
        await pass.CountAsync(ErasureStore.Call, call, ct);
    }

    static IncidentState? Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, StateJson.Default.IncidentState);
        }
        catch (JsonException)
        {
            return null; // its own worker says so, louder
        }
    }

    async Task TranscriptsAsync(ErasurePass pass, CancellationToken ct)
    {
        foreach (var path in files.All())
        {
            var text = await File.ReadAllTextAsync(path, ct);
            if (!pass.Subject.IsIn(text) || await TranscriptFiles.ReadAsync(path, ct) is not { } document || pass.IsHeld(document.ConversationId))
            {
                continue;
            }

            var erased = document.Phone == pass.Subject.Number.Value ? Forgotten(document) : Without(pass.Subject, text) ?? Forgotten(document);
            await files.WriteAsync(CallId.Parse(document.ConversationId), JsonSerializer.SerializeToUtf8Bytes(erased, TranscriptJson.Readable.TranscriptDocument), ct);
            await pass.CountAsync(ErasureStore.Transcript, document.ConversationId, ct);
        }
    }

    TranscriptDocument Forgotten(TranscriptDocument document) => document with
    {
        UserId = 0, Transcript = "", Phone = null, Detail = null, ErasedAt = clock.GetUtcNow(),
        Turns = [.. document.Turns.Select(turn => turn with { Text = "" })],
        ToolCalls = [.. document.ToolCalls.Select(tool => tool with { Arguments = null, Result = null })],
    };

    /// <summary>Somebody else's call in which the number was said. Null where it stands in a place that no text can take.</summary>
    static TranscriptDocument? Without(Subject subject, string json)
    {
        try
        {
            return JsonSerializer.Deserialize(subject.Without(json), TranscriptJson.Readable.TranscriptDocument);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The timeline keeps that things happened, and loses what was said, sent and by whom.</summary>
    async Task AuditAsync(ErasurePass pass, CancellationToken ct)
    {
        const int Page = 500;
        foreach (var stream in new[] { Keys.Audit, Keys.Dead })
        {
            for (var after = "-"; ;)
            {
                var entries = (await redis.SendAsync(["XRANGE", stream, after, "+", "COUNT", Page], ct)).Items;
                foreach (var entry in entries.Where(entry => IsAbout(pass, entry.Items[1])))
                {
                    await redis.SendAsync(["XDEL", stream, entry.Items[0].Text!], ct);
                    await pass.CountAsync(ErasureStore.Event, entry.Items[0].Text!, ct);
                }

                if (entries.Count < Page)
                {
                    break;
                }

                after = $"({entries[^1].Items[0].Text}";
            }
        }
    }

    static bool IsAbout(ErasurePass pass, RespValue entry)
    {
        var fields = entry.ToDictionary();
        var (call, data) = (fields.GetValueOrDefault("call")?.Text, fields.GetValueOrDefault("data")?.Text ?? "");
        return !pass.IsHeld(call) && (pass.Subject.IsIn(data) || (call is not null && pass.Calls.Contains(call) && SaysSomething(data)) || pass.Names.Any(name => data.Contains(name, StringComparison.OrdinalIgnoreCase)));
    }

    static bool SaysSomething(string data) =>
        data.Contains("\"kind\":\"turn.", StringComparison.Ordinal) || data.Contains("\"kind\":\"tool.", StringComparison.Ordinal) || data.Contains("\"kind\":\"message.", StringComparison.Ordinal);

    IAsyncEnumerable<string> KeysAsync(string like, CancellationToken ct) => calls.KeysAsync(like + "*", ct);

    [LoggerMessage(4722, LogLevel.Error, "Erasure {Request} cannot change the records; it is tried again")]
    partial void LogWaits(Exception error, string request);

    [LoggerMessage(4721, LogLevel.Information, "Erasure {Request} is done: {Transcripts} transcripts, {Calls} calls, {Incidents} incidents, {Messages} messages, {Events} events")]
    partial void LogErased(string request, int transcripts, int calls, int incidents, int messages, int events);
}

/// <summary>One look at everything that is kept.</summary>
sealed class ErasurePass(string request, Subject subject, ErasureStore reports)
{
    readonly HashSet<string> _held = new(StringComparer.Ordinal);

    public Subject Subject => subject;

    /// <summary>The person's calls, and what they are called.</summary>
    public HashSet<string> Calls { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Names { get; } = new(StringComparer.OrdinalIgnoreCase);

    public int Found { get; private set; }

    public int Waiting { get; set; }

    public bool IsClean => Found == 0 && Waiting == 0;

    /// <summary>The call lasts: nothing of it is touched.</summary>
    public void Hold(string call)
    {
        _held.Add(call);
        Waiting++;
    }

    public bool IsHeld(string? call) => call is not null && _held.Contains(call);

    public Task CountAsync(string kind, string what, CancellationToken ct)
    {
        Found++;
        return reports.CountAsync(request, kind, what, ct);
    }
}
