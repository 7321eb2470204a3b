using CityMonitor.AgentWorker.Dispatch;
using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.AgentWorker.Tests.Dispatch;

/// <summary>Events in any order, doubled, missing, late: after each of them something still has to happen to the incident.</summary>
public sealed class StormTests
{
    static readonly string[] tools = ["retrieve_ticket", "record_responder", "accept_incident", "decline_incident", "send_whatsapp_message", "end_call", "nonsense"];

    static readonly string[] arguments =
    [
        "{}", "", "null", "{\"confirmed\":true}", "{\"confirmed\":true,\"again\":true}", "{\"whatsapp_number\":\"this number\"}", "{\"whatsapp_number\":\"2025550188\",\"eta_minutes\":5}",
        "{\"reason\":\"busy\"}", "{\"wrong_number\":true}", "{\"call_back_minutes\":5}", "{\"name\":1,\"eta_minutes\":\"x\"}", "not json",
    ];

    [Fact]
    public void No_order_of_events_leaves_an_incident_with_nothing_to_happen()
    {
        for (var seed = 0; seed < 600; seed++)
        {
            var random = new Random(seed);
            var responding = Responding.To(random.Next(4) == 0 ? Responding.Ticket(phone: null) : null);
            for (var i = 0; i < 40; i++)
            {
                responding.Later(TimeSpan.FromSeconds(random.Next(0, 30)));
                responding.Facts = new Facts { Dial = Pick(random, "queued", "dialling", "placed", "ended", null), WindowOpen = random.Next(2) == 0, TimersSet = random.Next(3) == 0 ? [] : null, Heard = [.. responding.Facts.Heard] };
                if (random.Next(3) == 0)
                {
                    responding.Says(Pick(random, "Yes.", "No.", "Where is it?"));
                }

                if (random.Next(4) == 0 && responding.State.Timers.Count > 0)
                {
                    responding.TimerRings(Pick(random, [.. responding.State.Timers]).Name);
                }
                else
                {
                    responding.Gets(AnyMessage(random, responding));
                }
            }

            AssertIntact(responding);
            AssertEndsWithAPerson(responding);
        }
    }

    static AgentMessage AnyMessage(Random random, Responding responding)
    {
        var call = responding.State.Live is { } live && random.Next(5) > 0 ? live.Call : CallId.Of(Responding.Id, random.Next(1, 4));
        var stream = random.Next(1, 4);
        return random.Next(18) switch
        {
            0 => new CallRinging(call),
            1 => new CallAnswered(call),
            2 => new AnsweredBy(call, Pick(random, Enum.GetValues<AnsweredByKind>())),
            3 or 4 => new CallEnded(call, Pick(random, Enum.GetValues<CallEnd>()), 5, Pick<int?>(random, null, 21217, 21215, 13225), "detail"),
            5 => new MediaStarted(call, stream, "b"),
            6 => new MediaStopped(call, stream, Pick(random, "hangup", "finished", "silence", "error")),
            7 or 8 or 9 or 10 => new ToolRequested(call, stream, $"t{random.Next(12)}", Pick(random, tools), Pick(random, arguments)),
            11 => new ToolCancelled(call, stream, $"t{random.Next(12)}"),
            12 => new KeypadPressed(call, Pick(random, "1", "2", "9", "#"), random.Next(2) == 0),
            13 => new MessageStatusChanged(Responding.Id, MessageId.Of(Responding.Id, random.Next(1, 5)), Pick(random, Enum.GetValues<DeliveryStatus>()), 63016, "detail"),
            14 => new MessageReceived(Responding.Id, Responding.Phone, Channel.WhatsApp, Pick(random, "yes", "arrived", "no, 10 min", "STOP", "who is this?"), []),
            15 => new IncidentReported(Responding.Id, Responding.Ticket(phone: Pick(random, null, "+12025550123", "+12025550177"), version: $"v{random.Next(3)}")),
            16 => random.Next(4) == 0 ? new IncidentWithdrawn(Responding.Id, "closed") : new IncidentSwept(Responding.Id),
            _ => new DeadLettered(Responding.Id.Value, "SendMessage", "gone"),
        };
    }

    static T Pick<T>(Random random, params T[] values) => values[random.Next(values.Length)];

    static void AssertIntact(Responding responding)
    {
        Assert.Equal(responding.Of<AddTicketNote>().Count(), responding.Of<AddTicketNote>().Select(n => n.WriteId).Distinct().Count());
        Assert.Equal(responding.Of<SendMessage>().Count(), responding.Of<SendMessage>().Select(m => m.Message).Distinct().Count());
        Assert.All(responding.Of<SendMessage>().Where(m => m.Channel == Channel.WhatsApp), m => Assert.Contains(m.To.Value, new[] { "+12025550123", "+12025550177", "+12025550188" }));
        Assert.All(responding.Of<UpdateTicket>(), u => Assert.True(u.Status is TicketStatus.Pending or TicketStatus.Open || (u.Status is null && u.Acceptance is not null)));
        // At most one call of an incident is under way at a time.
        Assert.True(responding.State.Attempts.Count(a => a.EndedAt is null) <= 1);
    }

    /// <summary>When nobody ever reports anything again, the timers alone bring the incident to a person: a flag.</summary>
    static void AssertEndsWithAPerson(Responding responding)
    {
        responding.Facts = Facts.None;
        for (var rings = 0; responding.State.Timers.Count > 0 && responding.State.Flag is null; rings++)
        {
            Assert.True(rings < 200, "The timers never come to an end.");
            responding.TimerRings(responding.State.Timers.MinBy(t => t.DueAt)!.Name);
        }

        Assert.True(responding.State.Status == IncidentStatus.Withdrawn || responding.State.Flag is not null, $"{responding.State.Status} without a flag");
    }
}
