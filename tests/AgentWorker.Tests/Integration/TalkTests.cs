using System.Text.Json;
using CityMonitor.AgentWorker.Tests.Extraction;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using Microsoft.AspNetCore.Http;

namespace CityMonitor.AgentWorker.Tests.Integration;

/// <summary>Turns of the cascade engine: a real worker, a real Redis, a model on a real socket, and this test as the bridge. A town of its own: the model's script is its own, and workers are killed.</summary>
public sealed class TalkTests : IAsyncLifetime
{
    readonly Town _town = new();
    readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TownIncident _incident = null!;

    static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _town.InitializeAsync();
        _incident = new TownIncident(_town);
        await _incident.ReportAsync();
        await _incident.AnswerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _goOn.TrySetResult();
        await _town.DisposeAsync();
    }

    Task SaysAsync(int turn, string text, string heard = "", bool confirmed = true, bool again = false, int stream = 1) =>
        _town.PublishAsync(new UserTurn(_incident.Call(1), stream, turn, text, confirmed, heard, Again: again));

    Task<TurnFinished> FinishedAsync(int turn, int stream = 1) => _town.HearsAsync<TurnFinished>(m => m.Turn == turn && m.Stream == stream);

    string[] Spoken(int turn, int stream = 1) => [.. _town.Seen<Speak>(m => m.Turn == turn && m.Stream == stream).OrderBy(m => m.Index).Select(m => m.Text)];

    static string[] Roles(JsonElement request) => [.. request.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("role").GetString()!)];

    [Fact]
    public async Task Sentences_are_spoken_as_they_are_thought_and_tools_run_between_them()
    {
        _town.Model.Answer = (http, number) => number switch
        {
            0 => ModelServer.StreamsAsync(http, ["One mo", "ment, please. ", "I look"], ("retrieve_ticket", new { })),
            _ => ModelServer.StreamsAsync(http, ["A collision. ", "Do you accept?"]),
        };
        await SaysAsync(1, "Officer Lee, Police.", heard: "Who am I speaking with?");

        Assert.Equal(4, (await FinishedAsync(1)).Chunks);
        Assert.Equal(["One moment, please.", "I look", "A collision.", "Do you accept?"], Spoken(1));
        var second = _town.Model.Requests.ElementAt(1);
        Assert.Equal(["system", "assistant", "user", "assistant", "assistant", "tool"], Roles(second));
        Assert.Contains(_incident.Address, second.GetProperty("messages")[5].ToString(), StringComparison.Ordinal);
        Assert.Contains(second.GetProperty("tools").EnumerateArray(), tool => tool.GetProperty("function").GetProperty("name").GetString() == "accept_incident");
        Assert.DoesNotContain(_town.Model.Requests.First().GetProperty("tools").EnumerateArray(), tool => tool.GetProperty("function").GetProperty("name").GetString() == "accept_incident");
    }

    [Fact]
    public async Task A_caller_who_speaks_into_the_answer_ends_it()
    {
        _town.Model.Answer = async (http, number) =>
        {
            if (number > 0)
            {
                await ModelServer.StreamsAsync(http, ["Of course."]);
                return;
            }

            await ModelServer.ChunkAsync(http, new { content = "First. Second" });
            await _goOn.Task;
            await ModelServer.ChunkAsync(http, new { content = " sentence. Third" }, "stop");
        };
        await SaysAsync(1, "Hello");
        await _town.HearsAsync<Speak>(m => m.Text == "First.");
        await _town.PublishAsync(new AgentInterrupted(_incident.Call(1), 1, 1));
        await SaysAsync(2, "Slower, please.", heard: "First.");

        await FinishedAsync(2);
        _goOn.SetResult();
        Assert.Equal(["Of course."], Spoken(2));
        Assert.Equal(["First."], Spoken(1));
        Assert.Empty(_town.Seen<TurnFinished>(m => m.Turn == 1));
        Assert.Contains("First.", _town.Model.Requests.Last().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_the_middle_of_an_answer_is_followed_by_another_that_repeats_no_word_and_no_tool()
    {
        _town.Model.Answer = async (http, number) =>
        {
            switch (number)
            {
                case 0:
                    await ModelServer.StreamsAsync(http, [""], ("record_responder", new { name = "Officer Lee", agency = "Police" }));
                    return;
                case 1:
                    await ModelServer.ChunkAsync(http, new { content = "Thank you, officer. There is" });
                    await _goOn.Task;
                    return;
                default:
                    // A model that begins anew although it was asked to go on.
                    await ModelServer.StreamsAsync(http, ["Thank you, officer. There is a collision."]);
                    return;
            }
        };
        await SaysAsync(1, "Officer Lee, Police.");
        await _town.HearsAsync<Speak>(m => m.Text == "Thank you, officer.");
        await using var first = _town.Worker;
        first.Kill();
        _town.ReplaceWorker(_town.StartWorker());

        Assert.Equal(2, (await FinishedAsync(1)).Chunks);
        Assert.Equal(["Thank you, officer.", "There is a collision."], Spoken(1));
        Assert.Equal(2, _town.Seen<Speak>().Count);
        Assert.Single(_town.Seen<AuditEntry>(a => a.Kind == "tool.record_responder"));
        Assert.Contains("Go on right behind them", _town.Model.Requests.ElementAt(2).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_breaks_off_is_asked_to_go_on_and_no_sentence_comes_twice()
    {
        _town.Model.Answer = async (http, number) =>
        {
            if (number > 0)
            {
                await ModelServer.StreamsAsync(http, ["Third. ", "Fourth."]);
                return;
            }

            await ModelServer.ChunkAsync(http, new { content = "First. Second. Thi" });
            await _town.HearsAsync<Speak>(m => m.Text == "Second.");
            http.Abort();
        };
        await SaysAsync(1, "Hello");

        await FinishedAsync(1);
        Assert.Equal(["First.", "Second.", "Third.", "Fourth."], Spoken(1));
    }

    [Fact]
    public async Task A_model_that_is_slow_is_overtaken_by_the_next_one()
    {
        _town.Model.Answer = async (http, number) =>
        {
            if (number == 0)
            {
                await _goOn.Task;
                return;
            }

            await ModelServer.StreamsAsync(http, ["Here I am."]);
        };
        await SaysAsync(1, "Hello");

        await FinishedAsync(1);
        Assert.Equal(["Here I am."], Spoken(1));
        Assert.Equal(2, _town.Model.Requests.Count);
    }

    [Theory]
    [InlineData("error")]
    [InlineData("garbage")]
    [InlineData("empty")]
    [InlineData("mute")]
    public async Task Where_no_model_answers_the_caller_hears_so_and_gets_the_keypad(string fault)
    {
        _town.Model.Answer = (http, _) => fault switch
        {
            "error" => ModelServer.Fails(http, System.Net.HttpStatusCode.InternalServerError),
            "garbage" => http.Response.WriteAsync("data: {\"choices\":[{\"delta\":42}]}\n\ndata: nonsense\n\n"),
            "empty" => ModelServer.StreamsAsync(http, []),
            _ => _goOn.Task,
        };
        await SaysAsync(1, "Hello");

        await _town.HearsAsync<SwitchToKeypad>(m => m.Call == _incident.Call(1));
        Assert.Contains("keypad", Assert.Single(Spoken(1)), StringComparison.Ordinal);
        Assert.Equal(1, (await FinishedAsync(1)).Chunks);
    }

    [Fact]
    public async Task An_eager_start_speaks_but_accepts_nothing_before_it_is_confirmed()
    {
        _town.Model.Answer = (http, number) => number switch
        {
            0 => ModelServer.StreamsAsync(http, ["Good."], ("retrieve_ticket", new { })),
            1 => ModelServer.StreamsAsync(http, ["Do you accept?"]),
            2 => ModelServer.StreamsAsync(http, ["Thank you."], ("accept_incident", new { })),
            _ => ModelServer.StreamsAsync(http, ["On your way?"]),
        };
        await SaysAsync(1, "Officer Lee, Police.");
        await FinishedAsync(1);
        await _incident.SayAsync(Speaker.Responder, "Yes, I accept.");
        await SaysAsync(2, "Yes, I accept.", heard: "Do you accept?", confirmed: false);
        await _town.HearsAsync<Speak>(m => m.Text == "Thank you.");
        await _town.PublishAsync(new AgentInterrupted(_incident.Call(1), 1, 2));
        await _incident.BecomesAsync(s => s.Responder?.AcceptedAt is null);
        await _incident.SayAsync(Speaker.Responder, "Yes, I accept. I am on my way.");
        await SaysAsync(3, "Yes, I accept. I am on my way.", heard: "Do you accept?");

        await FinishedAsync(3);
        Assert.Empty(_town.Seen<AuditEntry>(a => a.Kind == "tool.accept_incident" && a.Text.Contains("1.2.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_call_that_moves_to_another_bridge_hears_the_rest_of_the_answer_there()
    {
        _town.Model.Answer = (http, _) => ModelServer.StreamsAsync(http, ["One. ", "Two. ", "Three."]);
        await SaysAsync(1, "Hello");
        await FinishedAsync(1);
        await _town.Calls.WriteAsync(_incident.Call(1), new Dictionary<string, string> { [CallFields.Spoken] = "1.1.2" }, Ct);
        await _incident.StreamAsync();

        await _town.HearsAsync<TurnFinished>(m => m.Turn == 1, number: 2);
        Assert.Equal(["One.", "Two.", "Three.", "Three."], Spoken(1));
    }
}
