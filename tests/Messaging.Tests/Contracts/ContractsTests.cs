using System.Text.Json;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.Redis;
using CityMonitor.Messaging.Streams;

namespace CityMonitor.Messaging.Tests.Contracts;

public sealed class ContractsTests
{
    public static TheoryData<Type> EveryMessage() =>
        [.. typeof(Message).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Message)) && !type.IsAbstract)];

    [Theory]
    [MemberData(nameof(EveryMessage))]
    public void Every_message_is_sealed_and_listed_in_ContractsJson(Type type)
    {
        Assert.True(type.IsSealed);
        Assert.NotNull(ContractsJson.Default.GetTypeInfo(type));
    }

    public static TheoryData<Message> Samples()
    {
        var incident = IncidentId.OfTicket(4711);
        var call = CallId.Of(incident, 2);
        var number = PhoneNumber.Parse("+12025550123");
        return
        [
            new CallReceived(CallId.Inbound("CA1"), "CA1", number, number), new CallEnded(call, CallEnd.NoAnswer, null, 21217, "x"), new AnsweredBy(call, AnsweredByKind.MachineEnd),
            new MediaStarted(call, 1, "bridge"), new ToolRequested(call, 1, "t", "accept", "{\"a\":\"ü\"}"), new TimerDue("fd-4711", "eta", call), new TimerDue("in-CA1", "eta"),
            new DeadLettered("fd-4711", "PlaceCall", "x"), new PlaceCall(call, number, Priority.Urgent), new EndCall(call, "x"), new PrepareGreeting(call), new SayNews(call, "x"),
            new UpdateTicket("w", incident, 4711, TicketStatus.Pending), new AddTicketNote("w", incident, 4711, "text"), new TicketTouched(4711),
            new CallReceived(CallId.Inbound("CA1"), "CA1", null, number), new TransferEnded(call, false, "no-answer"), new ResponderCalled(incident, "CA1", number, number), new AnswerCall(call, "CA1", number), new CallSwept(call), new TicketCreated("in-CA1", "w", 4711),
            new CreateTicket("w", "in-CA1", DateTimeOffset.UnixEpoch, new NewTicket(TicketPurpose.Incident, "Fire", "text", Priority.High, "Ana", number, "Fire", "Main Street", number)),
            new AuditEntry("s", "k", "fd-4711", call, "text"), new IncidentWithdrawn(incident, "closed"), new IncidentSwept(incident),
            new UserTurn(call, 2, 7, "yes", true, "Do you accept?", Interrupted: true, Again: true, TurnSource.Keypad), new TurnConfirmed(call, 2, 7), new AgentInterrupted(call, 2, 7),
            new Speak(call, 2, 7, 0, "Thank you."), new TurnFinished(call, 2, 7, 1), new StopSpeaking(call, 2, 7),
            new SwitchToKeypad(call, "x"), new RecordCall(call), new EraseSubject("e1", number), new EraseFromIncident(incident, number), new AnswerTurn(call, 2, 7, 1), new ModelAnswered(call, 2, 7, 1, "Yes.", [new ModelToolCall("2.7.1.0", "end_call", "{}")], 3),
        ];
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_message_comes_out_of_its_envelope_as_it_went_in(Message message)
    {
        var fields = new List<RedisArg>();
        Envelope.Write(fields, message, DateTimeOffset.UnixEpoch.AddSeconds(1));
        var entry = new StreamEntry("cm:x", "1-0", RespValue.Of([.. fields.Select(Value)]), 0);
        Assert.Equal(JsonSerializer.Serialize(message, message.GetType(), ContractsJson.Default), JsonSerializer.Serialize(Envelope.Read(entry, out var problem), message.GetType(), ContractsJson.Default));
        Assert.Null(problem);
        Assert.Equal(message.GetType().Name, entry.Text(Envelope.Type));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(1), entry.At(DateTimeOffset.MaxValue));
        Assert.Equal(Routes.RootOf(message), entry.Text(Envelope.Incident));
        Assert.Equal(Routes.CallOf(message)?.Value, entry.Text(Envelope.Call));
    }

    [Fact]
    public void Partitions_are_the_same_in_every_process_and_version()
    {
        // Changing these would put an incident's next event into another partition than its last one.
        Assert.Equal([13, 13, 5], new[] { "fd-1", "fd-4711", "in-CA0123456789abcdef" }.Select(Routes.PartitionOf));
        Assert.Equal(Routes.Partitions, Enumerable.Range(0, 1000).Select(i => Routes.PartitionOf($"fd-{i}")).Distinct().Count());
        Assert.InRange(Routes.PartitionOf(new string('x', 80)), 0, Routes.Partitions - 1);
    }

    static RespValue Value(RedisArg arg) => arg.Kind switch
    {
        RedisArgKind.Text => RespValue.Of(System.Text.Encoding.UTF8.GetBytes(arg.Text!)),
        RedisArgKind.Number => RespValue.Of(System.Text.Encoding.UTF8.GetBytes($"{arg.Number}")),
        _ => RespValue.Of(arg.Bytes.ToArray()),
    };
}
