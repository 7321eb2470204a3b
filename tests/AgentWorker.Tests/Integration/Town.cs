using System.Text.Json;
using CityMonitor.AgentWorker.Tests.Extraction;
using CityMonitor.Messaging;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace CityMonitor.AgentWorker.Tests.Integration;

/// <summary>A real Redis, a real AgentWorker process, and this test in the place of every other service.</summary>
public sealed class Town : IAsyncLifetime
{
    public const string Bridge = "bridge-of-the-tests";

    static readonly Dictionary<string, string> fast = new()
    {
        ["Dispatch__RetryDelays__0"] = "00:00:00.1",
        ["Dispatch__HungUpDelay"] = "00:00:00.1",
        ["Dispatch__VerdictWait"] = "00:00:00.5",
        ["Dispatch__OutcomeWait"] = "00:00:00.5",
        ["Dispatch__DuplicateCheck"] = "00:00:00.3",
        ["Dispatch__EtaGrace"] = "00:00:00.3",
        ["Dispatch__EtaReplyWait"] = "00:00:00.3",
        ["OpenAI__AttemptTimeout"] = "00:00:02",
        ["OpenAI__TotalTimeout"] = "00:00:03",
        ["OpenAI__Retries"] = "0",
        ["Talk__HedgeAfter"] = "00:00:00.5",
        ["Talk__FirstWord"] = "00:00:02",
        ["Sweep__Interval"] = "00:00:01",
    };

    readonly Lock _gate = new();
    readonly List<Message> _seen = [];
    readonly CancellationTokenSource _stop = new();
    TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    ServiceProvider _services = null!;
    Task _reading = Task.CompletedTask;
    static long s_ticket = 10_000;

    internal RedisServer Redis { get; private set; } = null!;
    internal ModelServer Model { get; private set; } = null!;
    internal WorkerProcess Worker { get; private set; } = null!;
    internal CallStore Calls => _services.GetRequiredService<CallStore>();
    internal IncidentStore Incidents => _services.GetRequiredService<IncidentStore>();
    internal RedisClient Client => _services.GetRequiredService<RedisClient>();

    public static long NextTicket() => Interlocked.Increment(ref s_ticket);

    public async ValueTask InitializeAsync()
    {
        Redis = await RedisServer.StartAsync();
        Model = await ModelServer.StartAsync();
        _services = new ServiceCollection().AddMessaging(Redis.ConnectionString, "Tests").BuildServiceProvider();
        Worker = StartWorker();
        _reading = ReadAsync();
    }

    /// <summary>Where the workers write the records of calls.</summary>
    internal DirectoryInfo Transcripts { get; } = Directory.CreateTempSubdirectory("transcripts-");

    internal WorkerProcess StartWorker(params (string Key, string Value)[] settings) =>
        WorkerProcess.Start(Redis.ConnectionString, Model.Url, fast.Append(new("Transcripts__Directory", Transcripts.FullName)).Where(one => settings.All(other => other.Key != one.Key)).Concat(settings.Select(one => KeyValuePair.Create(one.Key, one.Value))).ToDictionary());

    internal void ReplaceWorker(WorkerProcess worker) => Worker = worker;

    public Task PublishAsync(Message message) => _services.GetRequiredService<MessageBus>().PublishAsync(message, TestContext.Current.CancellationToken);

    public IReadOnlyList<T> Seen<T>(Func<T, bool>? where = null) where T : Message
    {
        lock (_gate)
        {
            return [.. _seen.OfType<T>().Where(where ?? (_ => true))];
        }
    }

    /// <summary>The first message of this kind, as soon as it has come.</summary>
    public async Task<T> HearsAsync<T>(Func<T, bool> where, int number = 1) where T : Message
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (_seen.OfType<T>().Where(where).Skip(number - 1).FirstOrDefault() is { } found)
                {
                    return found;
                }

                news = _news.Task;
            }

            try
            {
                await news.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"No {typeof(T).Name} number {number}. The worker's log:\n{Worker.Log}");
            }
        }
    }

    public async Task<IncidentState> BecomesAsync(IncidentId incident, Func<IncidentState, bool> what)
    {
        IncidentState? state = null;
        await Eventually.TrueAsync(async () => (state = await Incidents.ReadAsync(incident, CancellationToken.None)) is not null && what(state), $"the incident became it; it is {state}", TimeSpan.FromSeconds(20));
        return state!;
    }

    async Task ReadAsync()
    {
        string[] streams = [Keys.Telephony, Keys.Tickets, Keys.Media, Keys.Audit, Keys.Speech(Bridge)];
        var last = streams.ToDictionary(s => s, _ => "0-0");
        await using var reader = Client.OpenReader();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var reply = await reader.SendAsync(["XREAD", "BLOCK", 1000, "STREAMS", .. streams.Select(s => (RedisArg)s), .. streams.Select(s => (RedisArg)last[s])], _stop.Token);
                foreach (var stream in reply.Items)
                {
                    foreach (var entry in stream.Items[1].Items)
                    {
                        last[stream.Items[0].Text!] = entry.Items[0].Text!;
                        Add(entry.Items[1].ToDictionary());
                    }
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (RedisException)
            {
                // A test restarts Redis; the next read reconnects.
            }
        }
    }

    void Add(Dictionary<string, RespValue> fields)
    {
        var type = typeof(Message).Assembly.GetType($"CityMonitor.Messaging.Contracts.{fields["type"].Text}")!;
        var message = (Message)JsonSerializer.Deserialize(fields["data"].Bytes.Span, type, ContractsJson.Default)!;
        lock (_gate)
        {
            _seen.Add(message);
            _news.TrySetResult();
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        await _stop.CancelAsync();
        await _reading;
        await _services.DisposeAsync();
        await Model.DisposeAsync();
        await Redis.DisposeAsync();
        Transcripts.Delete(recursive: true);
        _stop.Dispose();
    }
}

[CollectionDefinition(Name)]
public sealed class TownCollection : ICollectionFixture<Town>
{
    public const string Name = "town";
}

/// <summary>One incident of the town: its ticket, its calls and what the other services say of them.</summary>
sealed class TownIncident
{
    readonly Town _town;
    int _tool;

    public TownIncident(Town town, string? phone = null, string? address = null, long? ticket = null)
    {
        _town = town;
        TicketId = ticket ?? Town.NextTicket();
        Id = IncidentId.OfTicket(TicketId);
        Phone = phone ?? $"+1202555{TicketId % 10_000:0000}";
        Address = address ?? $"Harbour Road {TicketId}";
    }

    public long TicketId { get; }
    public IncidentId Id { get; }
    public string? Phone { get; }
    public string Address { get; }

    public TicketSnapshot Ticket(string version = "v1", bool withPhone = true, string? rawText = null) => Responding.Ticket(withPhone ? Phone : null, version: version, address: Address, rawText: rawText) with { TicketId = TicketId };

    public Task ReportAsync(TicketSnapshot? ticket = null) => _town.PublishAsync(new IncidentReported(Id, ticket ?? Ticket()));

    public CallId Call(int number) => CallId.Of(Id, number);

    public Task<PlaceCall> IsCalledAsync(int number = 1) => _town.HearsAsync<PlaceCall>(m => m.Call == Call(number));

    public async Task AnswerAsync(int number = 1, AnsweredByKind by = AnsweredByKind.Human)
    {
        await IsCalledAsync(number);
        var call = Call(number);
        await _town.PublishAsync(new CallRinging(call));
        await _town.PublishAsync(new CallAnswered(call));
        await StreamAsync(number);
        await _town.PublishAsync(new AnsweredBy(call, by));
    }

    public async Task StreamAsync(int number = 1)
    {
        var stream = await _town.Calls.BeginStreamAsync(Call(number), Town.Bridge, TestContext.Current.CancellationToken);
        await _town.PublishAsync(new MediaStarted(Call(number), stream, Town.Bridge));
    }

    public async Task<JsonElement> ToolAsync(string name, object? arguments = null, int number = 1, string? id = null, int stream = 1)
    {
        id ??= $"{Id}-{Interlocked.Increment(ref _tool)}";
        await _town.PublishAsync(new ToolRequested(Call(number), stream, id, name, arguments is null ? "{}" : JsonSerializer.Serialize(arguments)));
        var result = await _town.HearsAsync<ToolResult>(r => r.ToolCallId == id);
        return JsonDocument.Parse(result.Content).RootElement;
    }

    public async Task AcceptAsync()
    {
        await SayAsync(Speaker.Responder, "Yes, I accept.");
        await ToolAsync("accept_incident");
    }

    public Task SayAsync(Speaker speaker, string text, int number = 1) =>
        _town.Calls.AppendTurnAsync(Call(number), new Turn(DateTimeOffset.UtcNow, speaker, text), TestContext.Current.CancellationToken);

    public async Task HangUpAsync(int number = 1, int stream = 1, string reason = "hangup")
    {
        await _town.PublishAsync(new MediaStopped(Call(number), stream, reason));
        await _town.PublishAsync(new CallEnded(Call(number), CallEnd.Completed, 30, null, null));
    }

    public Task<AddTicketNote> NoteAsync(string text) => _town.HearsAsync<AddTicketNote>(n => n.Incident == Id && n.Text.Contains(text, StringComparison.Ordinal));

    public IReadOnlyList<AddTicketNote> Notes => _town.Seen<AddTicketNote>(n => n.Incident == Id);

    public Task<IncidentState> BecomesAsync(Func<IncidentState, bool> what) => _town.BecomesAsync(Id, what);
}
