using CityMonitor.Messaging.Contracts;
using CityMonitor.Messaging.State;

namespace CityMonitor.EndToEnd.Tests;

public sealed class AcceptedIncident(CityFixture city)
{
    [Fact]
    public async Task A_ticket_becomes_a_call_an_acceptance_evidence_and_a_ticket_that_tells_it_all()
    {
        var scenario = new Scenario(city, "+12025550131");
        await scenario.PhoneAsync(Phones.Accepting(scenario.Phone));
        await scenario.FileAsync();

        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Acknowledged && s.Attempts.All(a => a.EndedAt is not null), "acknowledged, and the call over", 120);
        Assert.NotNull(state.Responder?.AcceptedAt);
        Assert.Contains("Reyes", state.Responder.Name, StringComparison.Ordinal);
        Assert.Contains("Police", state.Responder.Agency, StringComparison.Ordinal);
        Assert.Equal(10, state.Responder.EtaMinutes);
        Assert.Equal(scenario.Phone, state.Responder.WhatsApp?.Value);

        await scenario.UntilAsync(s => s.Evidence.Count > 0 && s.Evidence.All(e => e.Status >= DeliveryStatus.Delivered && e.Status != DeliveryStatus.Failed), "the evidence delivered");
        await scenario.UntilAsync(async () => await scenario.TicketStatusAsync() == (int)TicketStatus.Pending, "the ticket in progress");
        await scenario.UntilAsync(async () => (await scenario.NotesAsync()).Any(note => note.Contains("10 minutes", StringComparison.Ordinal) && note.Contains("Reyes", StringComparison.Ordinal)
            && note.Contains("WhatsApp", StringComparison.Ordinal) && note.Contains("I accept", StringComparison.Ordinal)), "a note with responder, ETA, evidence and transcript");
        await scenario.HeardEveryWordAsync();
    }
}

public sealed class BusyResponder(CityFixture city)
{
    [Fact]
    public async Task A_number_that_is_busy_three_times_leaves_the_ticket_open_and_the_incident_flagged()
    {
        var scenario = new Scenario(city, "+12025550132");
        await scenario.PhoneAsync(Phones.Busy(scenario.Phone));
        await scenario.FileAsync();

        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Unreachable, "unreachable");
        Assert.Equal(3, state.Attempts.Count);
        Assert.All(state.Attempts, attempt => Assert.Equal(CallOutcome.Busy, attempt.Outcome));
        Assert.NotNull(state.Flag);
        await scenario.UntilAsync(async () => (await scenario.NotesAsync()).Any(note => note.Contains("stays open", StringComparison.OrdinalIgnoreCase)), "a note that says so");
        Assert.Equal((int)TicketStatus.Open, await scenario.TicketStatusAsync());
        Assert.Equal(3, (await scenario.CallsAsync()).Count);
    }
}

public sealed class VoicemailAnswers(CityFixture city)
{
    [Fact]
    public async Task A_voicemail_hears_who_called_and_nothing_of_the_incident()
    {
        var scenario = new Scenario(city, "+12025550133");
        await scenario.PhoneAsync(Phones.Voicemail(scenario.Phone));
        await scenario.FileAsync(type: "Warehouse fire");

        await scenario.UntilAsync(s => s.Attempts.Any(a => a.Outcome == CallOutcome.Voicemail), "an attempt that ended at a voicemail");
        var heard = await scenario.HeardAsync();
        Assert.Contains("call", heard, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("fire", heard, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Harbour", heard, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((int)TicketStatus.Open, await scenario.TicketStatusAsync());
    }
}

public sealed class DeclinedIncident(CityFixture city)
{
    [Fact]
    public async Task A_no_is_recorded_with_its_reason_and_the_ticket_stays_open_and_flagged()
    {
        var scenario = new Scenario(city, "+12025550134");
        await scenario.PhoneAsync(Phones.Declining(scenario.Phone));
        await scenario.FileAsync();

        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Declined, "declined", 120);
        Assert.NotNull(state.Responder?.DeclinedAt);
        Assert.Contains("unit", state.Responder.DeclineReason, StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(state.Flag);
        Assert.Empty(await scenario.MessagesAsync());
        Assert.Equal((int)TicketStatus.Open, await scenario.TicketStatusAsync());
        await scenario.HeardEveryWordAsync();
    }
}

public sealed class TicketWithoutPhone(CityFixture city)
{
    [Fact]
    public async Task A_ticket_without_a_phone_is_reported_stays_open_and_is_called_once_it_is_corrected()
    {
        var scenario = new Scenario(city, "+12025550135");
        await scenario.PhoneAsync(Phones.Busy(scenario.Phone));
        await scenario.FileAsync(withPhone: false);

        var state = await scenario.UntilAsync(s => s.Flag is not null, "flagged");
        Assert.Empty(state.Attempts);
        await scenario.UntilAsync(async () => (await scenario.NotesAsync()).Any(note => note.Contains("phone", StringComparison.OrdinalIgnoreCase)), "a note that says what is missing");
        Assert.Equal((int)TicketStatus.Open, await scenario.TicketStatusAsync());
        Assert.Empty(await scenario.CallsAsync());

        await scenario.ChangeTicketAsync(new { custom_fields = new { cf_responder_phone = scenario.Phone } });
        await scenario.UntilAsync(async () => (await scenario.CallsAsync()).Count > 0, "the corrected number called");
    }
}

public sealed class TicketClosedByHuman(CityFixture city)
{
    [Fact]
    public async Task A_ticket_that_a_human_closes_while_the_phone_rings_cancels_the_call()
    {
        var scenario = new Scenario(city, "+12025550136");
        await scenario.PhoneAsync(Phones.NeverAnswering(scenario.Phone));
        await scenario.FileAsync();
        await scenario.UntilAsync(async () => (await scenario.CallsAsync()).Any(call => call["status"]!.GetValue<string>() == "ringing"), "the phone ringing");

        await scenario.ChangeTicketAsync(new { status = (int)TicketStatus.Closed });
        await scenario.UntilAsync(async () => (await scenario.CallsAsync()).All(call => call["status"]!.GetValue<string>() == "canceled"), "the call cancelled", 30);
        var state = await scenario.UntilAsync(s => s.Status == IncidentStatus.Withdrawn, "withdrawn", 30);
        Assert.Single(state.Attempts);
    }
}

public sealed class WhatsAppUndelivered(CityFixture city)
{
    [Fact]
    public async Task Evidence_that_WhatsApp_does_not_deliver_goes_by_SMS()
    {
        var scenario = new Scenario(city, "+12025550137");
        await scenario.PhoneAsync(Phones.Accepting(scenario.Phone, messaging: "has_whatsapp: false"));
        await scenario.FileAsync();

        var state = await scenario.UntilAsync(s => s.Evidence.Any(e => e.Channel == Channel.Sms && e.Status is DeliveryStatus.Delivered or DeliveryStatus.Read), "an SMS delivered", 150);
        Assert.Contains(state.Evidence, e => e.Channel == Channel.WhatsApp && e.Status == DeliveryStatus.Failed);
    }
}
