using System.Text.Json;
using CityMonitor.AgentWorker.Tests.Extraction;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;
using CityMonitor.Messaging.Streams;
using CityMonitor.Tests.Shared;
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
    public async Task A_model_that_breaks_off_in_its_first_sentence_is_asked_again()
    {
        _town.Model.Answer = async (http, number) =>
        {
            if (number > 0)
            {
                await ModelServer.StreamsAsync(http, ["Thank you, officer."]);
                return;
            }

            await ModelServer.ChunkAsync(http, new { content = "Thank you, off" });
            await _goOn.Task; // no further word
        };
        await SaysAsync(1, "Hello");

        await FinishedAsync(1);
        Assert.Equal(["Thank you, officer."], Spoken(1));
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

    static bool AsksForSummary(JsonElement request) => request.GetProperty("messages")[0].ToString().Contains("Summarise this phone call", StringComparison.Ordinal);

    [Fact]
    public async Task A_long_conversation_is_summed_up_beside_it_and_no_answer_waits_for_that()
    {
        await using var first = _town.Worker;
        first.Kill();
        _town.ReplaceWorker(_town.StartWorker(("Talk__HistoryLength", "1000")));
        var words = string.Join(' ', Enumerable.Repeat("word", 60));
        _town.Model.Answer = async (http, number) =>
        {
            if (AsksForSummary(_town.Model.Requests.ElementAt(number)))
            {
                await _goOn.Task;
                await ModelServer.StreamsAsync(http, ["Officer Lee asked for the first thing."]);
                return;
            }

            await ModelServer.StreamsAsync(http, ["I see."]);
        };
        for (var turn = 1; turn <= 5; turn++)
        {
            await SaysAsync(turn, $"Thing number {turn}, {words}", heard: turn == 1 ? "" : "I see.");
            await FinishedAsync(turn); // while the summary hangs
        }

        Assert.Contains(_town.Model.Requests, AsksForSummary);
        Assert.Contains("left out", _town.Model.Requests.Last(request => !AsksForSummary(request)).ToString(), StringComparison.Ordinal);
        _goOn.SetResult();
        await Eventually.TrueAsync(async () => (await _town.Client.SendAsync(["GET", Keys.Talk(_incident.Call(1))])).Text!.Contains("asked for the first thing", StringComparison.Ordinal), "the summary is kept");
        await SaysAsync(6, "And now?", heard: "I see.");
        await FinishedAsync(6);
        var last = _town.Model.Requests.Last(request => !AsksForSummary(request)).ToString();
        Assert.Contains("Officer Lee asked for the first thing.", last, StringComparison.Ordinal);
        Assert.DoesNotContain("Thing number 1", last, StringComparison.Ordinal);
        Assert.Contains("And now?", last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_screening_is_told_who_calls_without_a_model_and_a_machine_hears_the_call_back_text()
    {
        _town.Model.Answer = (http, _) => ModelServer.StreamsAsync(http, ["Never."]);
        await SaysAsync(1, "Please say your name and why you are calling.");
        Assert.Equal(1, (await FinishedAsync(1)).Chunks);
        Assert.Contains("urgent call", Assert.Single(Spoken(1)), StringComparison.Ordinal);

        await SaysAsync(2, "Nobody is here. Please leave a message after the tone.");
        Assert.Equal(0, (await FinishedAsync(2)).Chunks);
        await _town.HearsAsync<LeaveVoicemail>(m => m.Call == _incident.Call(1));
        Assert.Empty(_town.Model.Requests);
    }
}
