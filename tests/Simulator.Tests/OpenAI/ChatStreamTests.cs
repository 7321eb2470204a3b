using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using CityMonitor.Simulator.Faults;
using OpenAI;
using OpenAI.Chat;

namespace CityMonitor.Simulator.Tests.OpenAI;

/// <summary>OpenAI's own .NET SDK at the simulated chat completions, streamed, with tools.</summary>
public sealed class ChatStreamTests(PlainSimulator shared) : IClassFixture<PlainSimulator>
{
    readonly RunningSimulator simulator = shared.Running;

    static readonly ChatTool[] Tools =
    [
        .. new[] { "retrieve_ticket", "accept_incident", "end_call" }.Select(name => ChatTool.CreateFunctionTool(name)),
        ChatTool.CreateFunctionTool("decline_incident", null, BinaryData.FromString("""{"type":"object","properties":{"reason":{"type":"string"}}}""")),
        ChatTool.CreateFunctionTool(
            "record_responder", null, BinaryData.FromString("""{"type":"object","properties":{"name":{"type":"string"},"agency":{"type":"string"},"eta_minutes":{"type":"integer"}}}""")),
    ];

    ChatClient Client() => new OpenAIClient(
        new ApiKeyCredential("simulator"),
        new OpenAIClientOptions { Endpoint = new Uri($"http://127.0.0.1:{simulator.Ports.OpenAI}/v1"), RetryPolicy = new ClientRetryPolicy(0) }).GetChatClient("gpt-4o-mini");

    static ChatCompletionOptions With(params ChatTool[] tools)
    {
        var options = new ChatCompletionOptions();
        Array.ForEach(tools, options.Tools.Add);
        return options;
    }

    sealed record Streamed(string Text, IReadOnlyList<(string Id, string Name, string Arguments)> Calls, ChatFinishReason? Reason, ChatTokenUsage? Usage, int Pieces);

    static async Task<Streamed> ReadAsync(AsyncCollectionResult<StreamingChatCompletionUpdate> stream)
    {
        var text = new StringBuilder();
        var calls = new SortedDictionary<int, (string Id, string Name, StringBuilder Arguments)>();
        ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        var pieces = 0;
        await foreach (var update in stream)
        {
            foreach (var part in update.ContentUpdate)
            {
                text.Append(part.Text);
                pieces++;
            }

            foreach (var call in update.ToolCallUpdates)
            {
                // The id and the name come with the first fragment only.
                calls.TryAdd(call.Index, (call.ToolCallId, call.FunctionName, new StringBuilder()));
                calls[call.Index].Arguments.Append(call.FunctionArgumentsUpdate);
            }

            reason ??= update.FinishReason;
            usage ??= update.Usage;
        }

        return new(text.ToString(), [.. calls.Values.Select(c => (c.Id, c.Name, c.Arguments.ToString()))], reason, usage, pieces);
    }

    Task<Streamed> AskAsync(IEnumerable<ChatMessage> messages, params ChatTool[] tools) => ReadAsync(Client().CompleteChatStreamingAsync(messages, With(tools)));

    [Fact]
    public async Task Words_come_one_by_one_and_the_usage_last()
    {
        var answer = await AskAsync([new UserChatMessage("Is anybody there?")]);
        Assert.Equal(("You said: Is anybody there?", ChatFinishReason.Stop), (answer.Text, answer.Reason));
        Assert.True(answer.Pieces >= 5);
        Assert.True(answer.Usage!.TotalTokenCount > 0);
        Assert.Empty(answer.Calls);
    }

    [Fact]
    public async Task A_tool_is_called_in_fragments_and_its_answer_carries_the_conversation_on()
    {
        List<ChatMessage> messages =
        [
            new SystemChatMessage("You are a dispatcher."),
            new AssistantChatMessage("Hello, this is Sarah. May I ask who I am speaking with, and for which agency?"),
            new UserChatMessage("Dana Reyes from the Central Police"),
        ];
        var first = await AskAsync(messages, Tools);
        Assert.Equal(ChatFinishReason.ToolCalls, first.Reason);
        var call = Assert.Single(first.Calls);
        Assert.Equal(("record_responder", """{"name":"Dana Reyes","agency":"Central Police"}"""), (call.Name, call.Arguments));

        messages.Add(new AssistantChatMessage([ChatToolCall.CreateFunctionToolCall(call.Id, call.Name, BinaryData.FromString(call.Arguments))]));
        messages.Add(new ToolChatMessage(call.Id, """{"recorded":{}}"""));
        var second = await AskAsync(messages, Tools);
        Assert.Equal(("Thank you, Dana Reyes.", "retrieve_ticket"), (second.Text, Assert.Single(second.Calls).Name));

        messages.Add(new AssistantChatMessage([ChatToolCall.CreateFunctionToolCall(second.Calls[0].Id, "retrieve_ticket", BinaryData.FromString("{}"))]));
        messages.Add(new ToolChatMessage(second.Calls[0].Id, """{"incident_type":"Fire","address":"12 Harbour Road"}"""));
        Assert.Equal("Fire at 12 Harbour Road. Can you take this incident, yes or no?", (await AskAsync(messages, Tools)).Text);
    }

    [Fact]
    public async Task Only_what_was_heard_counts_where_the_caller_interrupted()
    {
        // The question was never heard: whoever speaks has not answered it.
        var answer = await AskAsync(
            [
                new SystemChatMessage("You are a dispatcher.\nIncident: Fire\nAddress: Harbour Road"),
                new AssistantChatMessage("Hello, this is Sarah. May I ask who"),
                new UserChatMessage("Hello?"),
            ],
            Tools);
        Assert.Equal("This is City Monitor. May I have your name and agency?", answer.Text);
    }

    [Fact]
    public async Task A_conversation_of_which_only_the_end_is_left_goes_on()
    {
        var answer = await AskAsync([new SystemChatMessage("You are a dispatcher."), new AssistantChatMessage("In how many minutes can you be there?"), new UserChatMessage("ten, no, twenty minutes")], Tools);
        Assert.Equal("""{"eta_minutes":20}""", Assert.Single(answer.Calls).Arguments);
    }

    [Fact]
    public async Task An_answer_that_broke_off_is_gone_on_with_behind_its_last_word()
    {
        List<ChatMessage> messages =
        [
            new SystemChatMessage("You are a dispatcher.\nIncident: Fire\nAddress: Harbour Road"),
            new AssistantChatMessage("Who am I speaking with?"),
            new UserChatMessage("Dana Reyes from the Central Police"),
            new AssistantChatMessage([ChatToolCall.CreateFunctionToolCall("a", "record_responder", BinaryData.FromString("{}"))]),
            new ToolChatMessage("a", "{}"),
            new AssistantChatMessage("Thank you, Dana Reyes. Fire at Harbour Road."),
            new SystemChatMessage("Go on right behind the words above."),
        ];
        Assert.Equal("Can you take this incident, yes or no?", (await AskAsync(messages, Tools)).Text);
    }

    [Fact]
    public async Task A_stage_that_offers_but_some_tools_has_the_same_mind()
    {
        var few = Tools.Where(t => t.FunctionName is "retrieve_ticket" or "record_responder" or "decline_incident").ToArray();
        var answer = await AskAsync([new AssistantChatMessage("Who am I speaking with?"), new UserChatMessage("My name is Dana, from Central Police")], few);
        Assert.Equal("record_responder", Assert.Single(answer.Calls).Name);
    }

    [Fact]
    public async Task The_reception_takes_a_report()
    {
        ChatTool[] tools = [ChatTool.CreateFunctionTool("end_call")];
        var answer = await AskAsync([new SystemChatMessage("You are the receptionist of the city."), new UserChatMessage("There is a fire at Harbour Road")], tools);
        Assert.Contains("fire at Harbour Road", answer.Text, StringComparison.Ordinal);
        var bye = await AskAsync([new SystemChatMessage("You are the receptionist of the city."), new UserChatMessage("That is all, goodbye")], tools);
        Assert.Equal(("Thank you for calling. Goodbye.", "end_call"), (bye.Text, Assert.Single(bye.Calls).Name));
    }

    [Fact]
    public async Task A_stream_breaks_off_with_an_error_is_cut_or_stalls()
    {
        var board = simulator.Get<FaultBoard>();
        var messages = new[] { new UserChatMessage(string.Concat(Enumerable.Repeat("word ", 100))) };
        foreach (var fault in new[] { new Fault { FailStreams = true }, new Fault { DropSocketsAfterMs = 0 }, new Fault { Mute = true } })
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var stream = Client().CompleteChatStreamingAsync(messages, With(), patience.Token).GetAsyncEnumerator(patience.Token);
            Assert.True(await stream.MoveNextAsync());
            board.Set(FaultTarget.OpenAI, fault);
            if (fault.Mute)
            {
                patience.CancelAfter(300);
            }

            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                while (await stream.MoveNextAsync())
                {
                }

                // A stream that ends without a finish reason is none either.
                throw new InvalidOperationException("The stream ended.");
            });
            board.Clear(FaultTarget.OpenAI);
        }
    }
}
